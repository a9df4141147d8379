//! The tools of methods: rows by the batch ([`batch`], [`feed`]), streams of COPY ([`stream`]), work side by
//! side ([`jobs`]), and the clock ([`phases`]).

pub mod batch;
pub mod feed;
pub mod jobs;
pub mod phases;
pub mod stream;
