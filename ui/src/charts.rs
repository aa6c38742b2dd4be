//! Charts: pure geometry ([`scale`], [`time_axis`], [`path`]) and the marks made of it. Paths live in a stretched SVG,
//! words are HTML, so that type never stretches. Every number comes from the caller.

pub(crate) mod axes;
pub(crate) mod histogram;
pub(crate) mod line;
pub(crate) mod path;
pub(crate) mod scale;
pub(crate) mod sparkline;
pub(crate) mod time_axis;

/// Width of the coordinates in which paths are drawn; the SVG is stretched to the chart.
pub(crate) const WIDTH: f64 = 600.0;
/// Height of the coordinates in which paths are drawn.
pub(crate) const HEIGHT: f64 = 100.0;
