//! Charts, drawn as SVG: times as stacked bars ([`totals`]), rates as points ([`rates`]), rates
//! over what an experiment varies as lines ([`curve`]), ranks in several runs as lines that slope ([`ranks`]), what steps save as hanging bars ([`steps`]), what
//! backends did and who used the processors as bars of parts ([`stacks`]).

mod canvas;
pub mod curve;
mod legend;
pub(crate) mod ranks;
pub mod rates;
mod scale;
pub(crate) mod stacks;
pub(crate) mod steps;
pub mod totals;

pub use canvas::Format;
pub(crate) use canvas::inline;
