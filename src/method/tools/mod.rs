//! The tools of methods: rows by the batch ([`batch`], [`feed`]), streams of COPY ([`stream`]), work side by
//! side ([`jobs`]), and the clock ([`phases`]).

pub(crate) mod batch;
pub(crate) mod confirmed;
pub(crate) mod feed;
pub(crate) mod jobs;
pub(crate) mod phases;
pub mod stream;
