//! Charts, drawn as SVG: times as stacked bars ([`totals`]), rates as points ([`rates`]), rates
//! over what an experiment varies as lines ([`curve`]), what steps save as hanging bars ([`steps`]).

mod canvas;
pub mod curve;
mod legend;
pub mod rates;
mod scale;
pub(crate) mod steps;
pub mod totals;

pub use canvas::Format;
pub(crate) use canvas::inline;
