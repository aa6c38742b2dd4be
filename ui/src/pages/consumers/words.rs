//! A group's state as word, shape and colour.

use tapline_api::{Drain, Group, LagState, Level};

use crate::{
    format::number,
    ui::{Shape, state::tone},
};

/// The word of a state.
pub(super) fn word(state: LagState) -> &'static str {
    match state {
        LagState::Ok => "Keeps up",
        LagState::NeverCommitted => "Never read",
        LagState::Ahead => "Beyond the end",
        LagState::Warn => "Falling behind",
        LagState::Rewind => "Went back",
        LagState::Stall => "Stalled",
        LagState::Stop => "Standing still",
        LagState::DataLoss => "Losing events",
    }
}

/// Its form.
pub(super) fn shape(state: LagState) -> Shape {
    match state {
        LagState::Ok => Shape::Well,
        LagState::NeverCommitted => Shape::Off,
        LagState::Ahead | LagState::Warn | LagState::Rewind => Shape::Behind,
        LagState::Stall | LagState::Stop => Shape::Standing,
        LagState::DataLoss => Shape::Failing,
    }
}

/// Its colour where it is one to be looked at, else nothing.
pub(super) fn colour(state: LagState) -> &'static str {
    let level = state.level();
    if level >= Level::Warn { tone(level) } else { "" }
}

/// What its sparkline draws; looks at which it could not be asked are left out.
pub(super) fn trend(group: &Group) -> Vec<f64> {
    group.trend.iter().flatten().map(|lag| *lag as f64).collect()
}

/// `48 min 34 s`.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds <= 0.0 { "0 s".to_owned() } else { number::duration(seconds * 1000.0) }
}

/// In one unit, for narrow columns: `48 min`.
pub(super) fn shortly(time: f64) -> String {
    match time {
        time if time >= 2.0 * 86_400.0 => format!("{:.0} days", (time / 86_400.0).floor()),
        time if time >= 7_200.0 => format!("{:.0} h", (time / 3_600.0).floor()),
        time if time >= 120.0 => format!("{:.0} min", (time / 60.0).floor()),
        time if time >= 10.0 => format!("{:.0} s", time.floor()),
        time if time > 0.0 => format!("{:.1} s", time.max(0.1)),
        _ => "0 s".to_owned(),
    }
}

/// When a lag is gone, and how sure that is.
pub(super) fn drains(drain: &Drain) -> (String, Option<String>) {
    match drain {
        Drain::Done => ("nothing left".to_owned(), None),
        Drain::Never => ("never".to_owned(), None),
        Drain::Unknown => ("not known yet".to_owned(), None),
        Drain::In { seconds: likely, earliest, latest } => {
            let latest = latest.map_or_else(|| "later".to_owned(), shortly);
            (shortly(*likely), Some(format!("{} to {latest}", shortly(*earliest))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_short_as_their_place() {
        assert_eq!([0.0, 0.04, 0.42, 61.0, 2_914.0].map(shortly), ["0 s", "0.1 s", "0.4 s", "61 s", "48 min"]);
        assert_eq!([9_000.0, 400_000.0].map(shortly), ["2 h", "4 days"]);
        assert_eq!(seconds(0.0), "0 s");
    }

    #[test]
    fn a_drain_tells_how_sure_it_is() {
        let drain = Drain::In { seconds: 240.0, earliest: 200.0, latest: None };
        assert_eq!(drains(&drain), ("4 min".to_owned(), Some("3 min to later".to_owned())));
        assert_eq!(drains(&Drain::Never).0, "never");
    }
}
