//! Records and bytes a second over the last ten seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(10);

/// Sums by second.
#[derive(Debug, Default)]
pub struct Rates {
    /// Begin of the second, records, bytes.
    seconds: VecDeque<(Instant, u64, u64)>,
}

impl Rates {
    /// Counts what arrived at `now`.
    pub fn add(&mut self, now: Instant, records: u64, bytes: u64) {
        match self.seconds.back_mut() {
            Some((begin, all_records, all_bytes)) if now.duration_since(*begin) < Duration::from_secs(1) => {
                *all_records += records;
                *all_bytes += bytes;
            }
            _ => self.seconds.push_back((now, records, bytes)),
        }
        while self.seconds.front().is_some_and(|(begin, ..)| now.duration_since(*begin) > WINDOW) {
            self.seconds.pop_front();
        }
    }

    /// Records and bytes a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate of more than 2^52 a second does not occur")]
    pub fn per_second(&self, now: Instant) -> (f64, f64) {
        let recent = self.seconds.iter().filter(|(begin, ..)| now.duration_since(*begin) <= WINDOW);
        let (records, bytes) = recent.fold((0, 0), |(records, bytes), (_, r, b)| (records + r, bytes + b));
        (records as f64 / WINDOW.as_secs_f64(), bytes as f64 / WINDOW.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_seconds_are_forgotten() {
        let (mut rates, begin) = (Rates::default(), Instant::now());
        for second in 0..20 {
            rates.add(begin + Duration::from_secs(second), 50, 500);
        }
        let (records, bytes) = rates.per_second(begin + Duration::from_secs(19));
        assert!((50.0..=55.0).contains(&records) && (500.0..=550.0).contains(&bytes), "{records} {bytes}");
        assert_eq!(rates.per_second(begin + Duration::from_secs(60)), (0.0, 0.0));
    }
}
