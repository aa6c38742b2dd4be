//! A token bucket in bytes. Spending may overdraw it: one record can be larger than a second's share.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Throttle {
    /// Bytes a second.
    rate: f64,
    /// Bytes that may be read now; negative while overdrawn.
    tokens: f64,
    filled: Instant,
}

impl Throttle {
    pub(crate) fn new(rate: u64, now: Instant) -> Self {
        let rate = rate.max(1) as f64;
        Self { rate, tokens: Self::burst(rate), filled: now }
    }

    /// A quarter of a second's share: enough for steady polling, little enough to stay near the rate.
    fn burst(rate: f64) -> f64 {
        rate / 4.0
    }

    /// How long until something may be read.
    pub(crate) fn wait(&mut self, now: Instant) -> Duration {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + elapsed * self.rate).min(Self::burst(self.rate));
        if self.tokens > 0.0 { Duration::ZERO } else { Duration::from_secs_f64((1.0 - self.tokens) / self.rate) }
    }

    /// Bytes worth asking for now.
    pub(crate) fn available(&self) -> usize {
        self.tokens.max(0.0) as usize
    }

    pub(crate) fn spend(&mut self, bytes: usize) {
        self.tokens -= bytes as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_time_the_rate_is_kept_whatever_the_sizes() {
        let start = Instant::now();
        let mut throttle = Throttle::new(1_000_000, start);
        let (mut now, mut read) = (start, 0usize);
        for step in 0..10_000usize {
            let wait = throttle.wait(now);
            if wait.is_zero() {
                let size = [10, 1_000, 700_000][step % 3];
                throttle.spend(size);
                read += size;
            }
            now += wait;
        }
        let rate = read as f64 / (now - start).as_secs_f64();
        assert!((0.99..1.01).contains(&(rate / 1_000_000.0)), "{rate}");
    }

    #[test]
    fn an_idle_hour_saves_no_more_than_a_burst() {
        let start = Instant::now();
        let mut throttle = Throttle::new(1_000, start);
        assert!(throttle.wait(start + Duration::from_secs(3600)).is_zero());
        assert_eq!(throttle.available(), 250);
    }
}
