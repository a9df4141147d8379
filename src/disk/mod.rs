//! An emulated disk: a file system of our own that passes through to a real directory, takes the time that a device
//! with given figures would take, and can undergo a loss of power.
//!
//! `class` has the figures and how they are spelt, `model` the device as a queue, `device` that queue by the clock.
//! `files` passes through, by the names in `tree` and the files in `body`, and `journal` keeps what is not flushed.
//! `filesystem` is what the kernel talks to, `mount` mounts and unmounts it, `serve` is the process that serves it, and
//! `emulation` the disk as its user has it.

mod body;
mod class;
mod device;
mod emulation;
mod files;
mod filesystem;
mod journal;
mod model;
mod mount;
mod serve;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use class::{figures_of, parse, spelling};
pub(crate) use emulation::{Emulation, VERB, files_in, make_beneath};
pub(crate) use mount::{detach, lack};
pub(crate) use serve::{Args, serve};
