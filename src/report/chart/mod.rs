//! Charts, drawn as SVG: times as stacked bars ([`totals`]), rates as points ([`rates`]).

mod canvas;
pub mod rates;
mod scale;
pub mod totals;

pub use canvas::{Format, inline};
