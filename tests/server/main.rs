//! Servers brought up for real: what they are, what they leave behind, how they fail.

mod container;
mod external;
mod latency;
mod limits;
mod local;
mod support;
mod tls;
mod waits;
