//! bulkbench measures every way of getting rows into PostgreSQL, and what each way costs.
//!
//! Data flows down the rooms and comes back as records: [`runner`] asks [`method`] to load
//! a [`dataset`] into a [`table`] on a [`server`] while [`probe`]s watch, and keeps what
//! happened as [`record`]s; [`caveat`] has dirty rows loaded and keeps what became of them;
//! [`analysis`] turns records into numbers and [`report`] numbers into text and pictures. An import
//! never points up.

pub mod analysis;
pub mod cache_dir;
pub mod cause;
pub mod caveat;
pub mod claim;
pub mod cli;
pub mod dataset;
mod disk;
mod distinct;
mod doctor;
pub mod errors;
pub mod experiment;
pub mod fault;
mod fs;
pub mod interrupt;
pub mod method;
pub mod model;
pub mod pg_error;
pub mod probe;
pub mod record;
mod redact;
pub mod report;
pub mod runner;
pub mod say;
pub mod server;
mod session;
mod spelling;
pub mod sql;
pub mod stats;
pub mod table;
pub mod units;
pub mod value;
mod visible;
