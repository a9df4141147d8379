//! How results are written: the structures of the files, a file for each version, known to nobody but the
//! room of records. Each version that was ever written is read for ever; only the newest is written.

pub(crate) mod findings;
mod parts;
mod until;
pub(crate) mod v1;
pub(crate) mod v2;
