//! What will become of a lag: when it is drained, and when what is not read yet is deleted.

use crate::trend::Slope;

/// How many standard errors a forecast allows for: nineteen of twenty.
const SURE: f64 = 2.0;

/// When a lag is gone, at the pace of the last minutes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Drain {
    /// There is none.
    Empty,
    /// In so many seconds.
    In {
        /// Most likely.
        seconds: f64,
        /// At the earliest.
        earliest: f64,
        /// At the latest; `None` when it may be never.
        latest: Option<f64>,
    },
    /// It stays or grows.
    Never,
    /// Too little was seen.
    Unknown,
}

/// Forecasts from a lag and how it changes.
#[expect(clippy::cast_precision_loss, reason = "an estimate of seconds")]
pub(crate) fn drain(lag: i64, change: Option<Slope>) -> Drain {
    if lag <= 0 {
        return Drain::Empty;
    }
    let Some(Slope { a_second, error }) = change else { return Drain::Unknown };
    let falls = |by: f64| (by > 0.0).then(|| lag as f64 / by);
    match (falls(-a_second), falls(SURE * error - a_second)) {
        (Some(seconds), Some(earliest)) => Drain::In { seconds, earliest, latest: falls(-a_second - SURE * error) },
        // It may as well fall.
        (None, Some(_)) => Drain::Unknown,
        _ => Drain::Never,
    }
}

/// How long a destination keeps its records.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Retention {
    /// `None` where time deletes nothing, or that is not told.
    pub(crate) seconds: Option<f64>,
    /// Whether size deletes too.
    pub(crate) by_size: bool,
    /// Whether the broker told.
    pub(crate) told: bool,
}

/// What decides how long records of a partition are kept.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Keeping {
    /// The oldest offset kept, and how fast it moves, where size deletes too (`retention.bytes`).
    pub(crate) start: Option<(i64, Option<Slope>)>,
    /// `retention.ms`, seconds; `None` where time deletes nothing.
    pub(crate) seconds: Option<f64>,
}

/// Seconds until the record at `next`, which is not read yet and `age` seconds old, may be deleted: by time, or by size at
/// the pace of the last hours, whichever is first. `None` where neither can be told. Brokers delete whole segments, so it
/// may stay longer.
#[expect(clippy::cast_precision_loss, reason = "an estimate of seconds")]
pub(crate) fn retention_margin(next: i64, age: Option<f64>, keeping: Keeping) -> Option<f64> {
    let by_time = keeping.seconds.zip(age).map(|(kept, age)| kept - age);
    let is_sure = |slope: &Slope| slope.a_second > SURE * slope.error;
    let moves = |(start, slope): (i64, Option<Slope>)| Some((start, slope.filter(is_sure)?));
    let by_size =
        keeping.start.and_then(moves).map(|(start, slope)| (next.saturating_sub(start)) as f64 / slope.a_second);
    by_time.into_iter().chain(by_size).reduce(f64::min).map(|seconds| seconds.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slope(a_second: f64, error: f64) -> Option<Slope> {
        Some(Slope { a_second, error })
    }

    #[test]
    fn a_lag_that_falls_is_drained() {
        let drained = drain(1_000, slope(-10.0, 1.0));
        let Drain::In { seconds, earliest, latest: Some(latest) } = drained else { panic!("{drained:?}") };
        assert_eq!((seconds, latest), (100.0, 125.0));
        assert!((earliest - 83.333).abs() < 0.01);
    }

    #[test]
    fn doubt_that_is_larger_than_the_fall_has_no_end() {
        assert!(matches!(drain(1_000, slope(-1.0, 1.0)), Drain::In { latest: None, .. }));
    }

    #[test]
    fn a_lag_that_grows_is_never_drained() {
        assert_eq!(drain(1_000, slope(0.0, 0.0)), Drain::Never);
        assert_eq!(drain(1_000, slope(5.0, 0.1)), Drain::Never);
    }

    #[test]
    fn noise_is_not_never() {
        assert_eq!(drain(1_000, slope(5.0, 9.0)), Drain::Unknown);
    }

    #[test]
    fn without_lag_or_without_points_nothing_is_forecast() {
        assert_eq!(drain(0, slope(5.0, 0.1)), Drain::Empty);
        assert_eq!(drain(5, None), Drain::Unknown);
    }

    #[test]
    fn the_first_of_time_and_size_deletes() {
        let keeping = Keeping { start: Some((1_000, slope(10.0, 0.0))), seconds: Some(3_600.0) };
        assert_eq!(retention_margin(2_000, Some(600.0), keeping), Some(100.0));
        assert_eq!(retention_margin(2_000, Some(3_590.0), keeping), Some(10.0));
        assert_eq!(retention_margin(2_000, None, keeping), Some(100.0));
    }

    #[test]
    fn what_is_due_is_due() {
        let keeping = Keeping { start: None, seconds: Some(60.0) };
        assert_eq!(retention_margin(5, Some(90.0), keeping), Some(0.0));
    }

    #[test]
    fn a_start_that_stands_deletes_nothing() {
        let keeping = Keeping { start: Some((0, slope(0.0, 0.0))), seconds: None };
        assert_eq!(retention_margin(5, Some(90.0), keeping), None);
    }
}
