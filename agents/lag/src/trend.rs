//! How fast a number changes, and how sure that is: a straight line through what was seen lately, in constant memory.
//!
//! Least squares in which a point counts half after some time. All sums are relative to the newest point, so that offsets
//! of any size keep their digits.

/// Fewer points, by weight, tell no slope.
const FEWEST: f64 = 2.5;

/// A number that was looked at again and again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trend {
    /// Microseconds and value of the newest point.
    newest: Option<(i64, i64)>,
    weight: f64,
    t: f64,
    x: f64,
    tt: f64,
    tx: f64,
    xx: f64,
}

/// A change a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slope {
    pub(crate) a_second: f64,
    /// Standard error of it.
    pub(crate) error: f64,
}

impl Trend {
    /// Takes a value in, microseconds after 1970. One that is not newer is passed over. After `half_life` seconds it will
    /// count half: several looks, or no slope is told.
    #[expect(clippy::cast_precision_loss, reason = "differences of neighbouring points")]
    pub(crate) fn add(&mut self, at: i64, value: i64, half_life: f64) {
        if let Some((before, was)) = self.newest {
            if at <= before {
                return;
            }
            self.move_origin((at - before) as f64 / 1e6, value.saturating_sub(was) as f64, half_life);
        }
        self.newest = Some((at, value));
        self.weight += 1.0;
    }

    /// The newest point is (0, 0) and adds nothing but its weight.
    fn move_origin(&mut self, dt: f64, dx: f64, half_life: f64) {
        self.tx += -dt * self.x - dx * self.t + dt * dx * self.weight;
        self.tt += -2.0 * dt * self.t + dt * dt * self.weight;
        self.xx += -2.0 * dx * self.x + dx * dx * self.weight;
        self.t -= dt * self.weight;
        self.x -= dx * self.weight;
        let fades = 0.5_f64.powf(dt / half_life);
        for sum in [&mut self.weight, &mut self.t, &mut self.x, &mut self.tt, &mut self.tx, &mut self.xx] {
            *sum *= fades;
        }
    }

    /// The line through it; `None` while too little was seen.
    pub(crate) fn slope(&self) -> Option<Slope> {
        let spread = self.tt - self.t * self.t / self.weight;
        if self.weight < FEWEST || spread <= 0.0 {
            return None;
        }
        let together = self.tx - self.t * self.x / self.weight;
        let a_second = together / spread;
        let unexplained = (self.xx - self.x * self.x / self.weight - a_second * together).max(0.0);
        let error = (unexplained / (self.weight - 2.0) / spread).sqrt();
        Some(Slope { a_second, error })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HALF_LIFE: f64 = 150.0;

    fn of(points: impl IntoIterator<Item = (i64, i64)>) -> Trend {
        let mut trend = Trend::default();
        points.into_iter().for_each(|(at, value)| trend.add(at, value, HALF_LIFE));
        trend
    }

    fn seconds(values: impl IntoIterator<Item = i64>) -> Trend {
        of((1..).map(|n| n * 15_000_000).zip(values))
    }

    #[test]
    fn a_line_is_told_exactly() {
        let slope = seconds((0..40).map(|n| 7_000_000_000_000 + n * 15 * 12)).slope().unwrap();
        assert!((slope.a_second - 12.0).abs() < 1e-6 && slope.error < 1e-3, "{slope:?}");
    }

    #[test]
    fn two_points_tell_nothing() {
        assert_eq!(seconds([1, 2]).slope(), None);
        assert_eq!(of([(5, 1), (5, 9), (4, 7)]).slope(), None);
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let then_still = (0..80).map(|n| n.min(20) * 1_000);
        let slope = seconds(then_still).slope().unwrap();
        assert!(slope.a_second < 3.0, "{slope:?}");
    }

    #[test]
    fn noise_is_doubt() {
        let jumping = seconds((0..40).map(|n| if n % 2 == 0 { 1_000 } else { 0 })).slope().unwrap();
        assert!(jumping.error > jumping.a_second.abs() / 2.0, "{jumping:?}");
    }

    proptest! {
        /// The same as least squares over all points with their weights.
        #[test]
        fn it_is_weighted_least_squares(values in proptest::collection::vec(-1_000_000_i64..1_000_000, 4..60)) {
            let slope = seconds(values.clone()).slope().unwrap();
            let n = values.len();
            let points: Vec<(f64, f64, f64)> = values.iter().enumerate().map(|(at, value)| {
                let t = (at as f64 - n as f64) * 15.0;
                (t, *value as f64, 0.5_f64.powf((t + 15.0).abs() / HALF_LIFE))
            }).collect();
            let weight: f64 = points.iter().map(|(_, _, w)| w).sum();
            let (mt, mx) = (points.iter().map(|(t, _, w)| t * w).sum::<f64>() / weight, points.iter().map(|(_, x, w)| x * w).sum::<f64>() / weight);
            let spread: f64 = points.iter().map(|(t, _, w)| w * (t - mt) * (t - mt)).sum();
            let together: f64 = points.iter().map(|(t, x, w)| w * (t - mt) * (x - mx)).sum();
            let expected = together / spread;
            prop_assert!((slope.a_second - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{} {}", slope.a_second, expected);
        }
    }
}
