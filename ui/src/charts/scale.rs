//! A linear scale that begins at zero and ends at a round number.

use super::HEIGHT;

/// Maps values to the height of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    /// The value at the top.
    pub(crate) top: f64,
    /// Between grid lines.
    pub(crate) step: f64,
}

impl Scale {
    /// The smallest round scale that holds `max` in `lines` grid lines at most.
    pub(crate) fn holding(max: f64, lines: u32) -> Self {
        if !max.is_finite() || max <= 0.0 {
            return Self { top: 1.0, step: 1.0 };
        }
        let rough = max / f64::from(lines.max(1));
        let magnitude = 10_f64.powf(rough.log10().floor());
        let round = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|round| round * magnitude >= rough * (1.0 - 1e-9));
        let step = round.unwrap_or(10.0) * magnitude;
        Self { top: (max / step * (1.0 - 1e-9)).ceil().max(1.0) * step, step }
    }

    /// The same for amounts that are whole numbers: no grid line between two of them.
    pub(crate) fn holding_whole(max: f64, lines: u32) -> Self {
        let scale = Self::holding(max, lines);
        if scale.step >= 1.0 && scale.step.fract() == 0.0 {
            return scale;
        }
        let step = scale.step.ceil().max(1.0);
        Self { top: (max / step).ceil().max(1.0) * step, step }
    }

    /// From the top of the chart, in its coordinates.
    pub(crate) fn y(self, value: f64) -> f64 {
        HEIGHT - (value / self.top).clamp(0.0, 1.0) * HEIGHT
    }

    /// Values of grid lines from zero upwards, with their height in percent.
    pub(crate) fn ticks(self) -> Vec<(f64, f64)> {
        let count = (self.top / self.step).round() as u32;
        (0..=count)
            .map(|tick| (f64::from(tick) * self.step, f64::from(tick) / f64::from(count.max(1)) * 100.0))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tops_are_round() {
        assert_eq!(Scale::holding(122.0, 3), Scale { top: 150.0, step: 50.0 });
        assert_eq!(Scale::holding(1240.0, 3), Scale { top: 1500.0, step: 500.0 });
        assert_eq!(Scale::holding(41.0, 3), Scale { top: 60.0, step: 20.0 });
        assert_eq!(Scale::holding(0.0, 3), Scale { top: 1.0, step: 1.0 });
    }

    #[test]
    fn whole_numbers_have_whole_ticks() {
        assert_eq!(Scale::holding_whole(1.0, 3), Scale { top: 1.0, step: 1.0 });
        assert_eq!(Scale::holding_whole(7.0, 3), Scale { top: 9.0, step: 3.0 });
        assert_eq!(Scale::holding_whole(2.0, 3).ticks(), [(0.0, 0.0), (1.0, 50.0), (2.0, 100.0)]);
    }

    proptest! {
        #[test]
        fn every_scale_holds_its_maximum_in_few_lines(max in 1e-6_f64..1e15, lines in 1_u32..6) {
            let scale = Scale::holding(max, lines);
            prop_assert!(scale.top >= max * (1.0 - 1e-6));
            prop_assert!(scale.ticks().len() as u32 <= lines + 1);
            prop_assert!(scale.y(max) >= -1e-6 && scale.y(0.0) == HEIGHT);
        }
    }
}
