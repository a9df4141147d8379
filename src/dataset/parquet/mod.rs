//! Parquet as rows: each column of a flat schema as the text of its values, in csv.

mod kind;
mod read;
mod render;

pub(crate) use read::{ParquetFile, is_parquet};
