//! What can be drawn in a row of the timeline: bars, shapes, a label. In time, not in pixels.

use tapline_api::Level;

use crate::ui::Shape;

/// How a bar looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// A span: in a service.
    Span,
    /// Handled by a service: from the event it was given to the event it wrote.
    Service,
    /// The same, in vain.
    Failed,
    /// Between an event and the next that nobody known wrote.
    Broker,
    /// Before a step that has not come.
    Waiting,
    /// In dead letters.
    Dead,
    /// Not there.
    Missing,
}

/// Time that something took, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Begin.
    pub(crate) from: i64,
    /// End.
    pub(crate) to: i64,
    /// What of.
    pub(crate) look: Look,
}

/// A moment with a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Microseconds.
    pub(crate) at: i64,
    /// What happened.
    pub(crate) shape: Shape,
    /// How bad that is.
    pub(crate) level: Level,
    /// Beside the end of its bar rather than on it.
    pub(crate) beside: bool,
}

/// What is drawn in a row.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Drawing {
    /// Behind.
    pub(crate) bars: Vec<Bar>,
    /// In front.
    pub(crate) spots: Vec<Spot>,
    /// Moments of a row with too many parts to draw each.
    pub(crate) ticks: Vec<i64>,
    /// Beside it; may be empty.
    pub(crate) label: String,
    /// Whether it gathers rows: its label says what is usual and makes way for its bars.
    pub(crate) many: bool,
    /// Colour of the label: `bad`, `warn`, `t3` or none.
    pub(crate) tone: &'static str,
}

impl Drawing {
    /// Begin and end of all that is drawn.
    pub(crate) fn extent(&self) -> Option<(i64, i64)> {
        let bars = self.bars.iter().flat_map(|bar| [bar.from, bar.to]);
        let all = bars.chain(self.spots.iter().map(|spot| spot.at)).chain(self.ticks.iter().copied());
        all.fold(None, |extent, at| Some(extent.map_or((at, at), |(from, to): (i64, i64)| (from.min(at), to.max(at)))))
    }
}
