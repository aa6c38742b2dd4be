//! How fast items leave: so many a second, or with the pauses there were between them.
//!
//! Time is handed in, so that a test needs none.

use std::time::{Duration, Instant};

/// What leaves at once after a pause, as time: a bucket that holds more would make bursts, one that holds less would lag
/// behind whenever the machine hesitates.
const BURST: Duration = Duration::from_millis(250);

/// How fast items leave.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As fast as the broker takes them.
    Free,
    /// So many a second.
    Rate {
        /// A second.
        rate: f64,
        /// When the next one may leave.
        next: Option<Instant>,
    },
    /// As it was, so many times faster.
    AsItWas {
        /// Times.
        speed: f64,
        /// When an item of which time (microseconds) left.
        anchor: Option<(Instant, i64)>,
        /// When the last one left.
        left: Option<Instant>,
    },
}

impl Pace {
    pub(crate) fn new(rate: Option<f64>, speed: Option<f64>) -> Self {
        match (rate, speed) {
            (Some(rate), _) => Self::Rate { rate, next: None },
            (None, Some(speed)) => Self::AsItWas { speed, anchor: None, left: None },
            (None, None) => Self::Free,
        }
    }

    /// Whether items leave as fast as the broker takes them.
    pub(crate) fn is_free(&self) -> bool {
        matches!(self, Self::Free)
    }

    /// The first items arrived: until the broker answered they would have gathered, and arrived all at once.
    pub(crate) fn arrived(&mut self, now: Instant) {
        match self {
            Self::Free => {}
            Self::Rate { rate, next } => *next = now.checked_add(interval(*rate)),
            Self::AsItWas { anchor, left, .. } => {
                if let Some(((begin, _), left)) = anchor.as_mut().zip(*left) {
                    *begin += now.saturating_duration_since(left);
                }
            }
        }
    }

    /// How long until an item that was due then (microseconds) may leave; zero is now, and counts as left.
    pub(crate) fn wait(&mut self, now: Instant, due: i64) -> Duration {
        match self {
            Self::Free => Duration::ZERO,
            Self::Rate { rate, next } => {
                // What was missed longer than a burst ago is not caught up.
                let earliest = now.checked_sub(BURST).unwrap_or(now);
                let at = next.unwrap_or(now).max(earliest);
                let wait = at.saturating_duration_since(now);
                if wait.is_zero() {
                    *next = Some(at + interval(*rate));
                }
                wait
            }
            // Of what has no time it is not known when it was.
            Self::AsItWas { .. } if due == i64::MIN => Duration::ZERO,
            Self::AsItWas { speed, anchor, left } => {
                let (begin, first) = *anchor.get_or_insert((now, due));
                let since = Duration::from_micros(u64::try_from(due.saturating_sub(first)).unwrap_or(0));
                let offset = Duration::try_from_secs_f64(since.as_secs_f64() / *speed).unwrap_or(Duration::MAX / 4);
                let wait = begin.checked_add(offset).map_or(offset, |at| at.saturating_duration_since(now));
                *left = if wait.is_zero() { Some(now) } else { *left };
                wait
            }
        }
    }
}

/// Between two items.
fn interval(rate: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::MAX / 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How many leave within some seconds when it is asked every so often.
    fn left(mut pace: Pace, asked_every: Duration, seconds: u64) -> f64 {
        let begin = Instant::now();
        let (mut now, mut left) = (begin, 0.0);
        while now < begin + Duration::from_secs(seconds) {
            while pace.wait(now, 0).is_zero() {
                left += 1.0;
            }
            now += asked_every;
        }
        left
    }

    proptest! {
        /// Within five percent, as was promised, whether it is asked all the time or now and then.
        #[test]
        fn a_rate_is_kept(rate in 1.0f64..5_000.0, every in 1u64..200) {
            let left = left(Pace::new(Some(rate), None), Duration::from_millis(every), 60);
            prop_assert!((left - rate * 60.0).abs() <= rate * 60.0 * 0.05 + 1.0, "{} of {}", left, rate * 60.0);
        }
    }

    #[test]
    fn what_a_pause_missed_is_not_made_up_for() {
        let mut pace = Pace::new(Some(100.0), None);
        let now = Instant::now();
        assert!(pace.wait(now, 0).is_zero());
        let later = now + Duration::from_secs(60);
        let burst = (0..100).filter(|_| pace.wait(later, 0).is_zero()).count();
        assert!((25..=27).contains(&burst), "{burst}");
    }

    /// Connecting took half a second, in which items gathered: the first second had half as many again.
    #[test]
    fn what_waited_for_the_broker_s_first_answer_is_not_made_up_for() {
        let (mut pace, now) = (Pace::new(Some(10.0), None), Instant::now());
        assert!(pace.wait(now, 0).is_zero());
        let later = now + Duration::from_millis(500);
        pace.arrived(later);
        assert_eq!(pace.wait(later, 0), Duration::from_millis(100));
        let mut pace = Pace::new(None, Some(1.0));
        assert!(pace.wait(now, 7_000_000).is_zero());
        pace.arrived(later);
        assert_eq!(pace.wait(later, 8_000_000), Duration::from_secs(1));
        // One that was refused before anything was sent sets the beginning all the same.
        let (mut pace, second) = (Pace::new(None, Some(1.0)), now + Duration::from_secs(1));
        assert!(pace.wait(now, 7_000_000).is_zero() && pace.wait(second, 8_000_000).is_zero());
        pace.arrived(second + Duration::from_millis(500));
        assert_eq!(pace.wait(second + Duration::from_millis(500), 9_000_000), Duration::from_secs(1));
    }

    #[test]
    fn pauses_are_as_they_were() {
        let mut pace = Pace::new(None, Some(2.0));
        let now = Instant::now();
        assert!(pace.wait(now, i64::MIN).is_zero(), "what has no time sets no beginning");
        assert!(pace.wait(now, 10_000_000).is_zero());
        assert_eq!(pace.wait(now, 14_000_000), Duration::from_secs(2));
        assert!(pace.wait(now + Duration::from_secs(2), 14_000_000).is_zero());
        assert!(pace.wait(now, i64::MIN).is_zero());
    }
}
