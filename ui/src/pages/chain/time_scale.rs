//! The time axis of a chain: moments to percent of its width. Idle time can be folded away, so that what happened in
//! milliseconds stays visible beside what took hours.

/// Percent left free at both ends, so that marks stay inside.
const MARGIN: f64 = 2.0;
/// Percent of a folded stretch, and of all of them together.
const FOLD: f64 = 5.0;
const FOLDS: f64 = 36.0;
/// Percent of a busy stretch however short, and of all of them together.
const BUSY: f64 = 3.0;
const BUSIES: f64 = 36.0;
/// Nothing shorter is worth folding away, microseconds.
const SHORTEST: i64 = 1_000_000;

/// Idle time that takes little room.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fold {
    /// Microseconds.
    pub(crate) from: i64,
    /// Microseconds.
    pub(crate) to: i64,
    /// Percent.
    pub(crate) left: f64,
    /// Percent.
    pub(crate) right: f64,
}

/// A stretch between two folds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stretch {
    /// Microseconds.
    pub(crate) from: i64,
    /// Microseconds.
    pub(crate) to: i64,
    /// Percent.
    pub(crate) left: f64,
    /// Percent.
    pub(crate) right: f64,
}

/// Maps moments to percent, piece by piece.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TimeScale {
    /// From left to right; a fold lies between each two.
    pub(crate) stretches: Vec<Stretch>,
}

impl TimeScale {
    /// A scale for the moments at which something happened, both ends among them.
    pub(crate) fn new(mut moments: Vec<i64>, fold: bool) -> Self {
        moments.sort_unstable();
        moments.dedup();
        let idle = if fold { idle(&moments) } else { i64::MAX };
        let mut spans: Vec<(i64, i64)> = Vec::new();
        for moment in moments {
            match spans.last_mut() {
                Some((_, to)) if moment - *to < idle => *to = moment,
                _ => spans.push((moment, moment)),
            }
        }
        Self { stretches: lay_out(&spans) }
    }

    /// Percent from the left.
    pub(crate) fn at(&self, moment: i64) -> f64 {
        let after = self.stretches.partition_point(|stretch| stretch.from <= moment);
        let Some(here) = after.checked_sub(1).and_then(|index| self.stretches.get(index)) else {
            return self.stretches.first().map_or(MARGIN, |first| first.left);
        };
        if moment <= here.to {
            return between(moment, here.from, here.to, here.left, here.right);
        }
        match self.stretches.get(after) {
            Some(next) => between(moment, here.to, next.from, here.right, next.left),
            None => here.right,
        }
    }

    /// What is folded away.
    pub(crate) fn folds(&self) -> Vec<Fold> {
        self.stretches
            .windows(2)
            .map(|pair| Fold { from: pair[0].to, to: pair[1].from, left: pair[0].right, right: pair[1].left })
            .collect()
    }
}

fn between(at: i64, from: i64, to: i64, left: f64, right: f64) -> f64 {
    if to <= from {
        return left;
    }
    left + (at - from) as f64 / (to - from) as f64 * (right - left)
}

/// The length from which a pause counts as idle: more than six times as long as all shorter pauses together. Where pauses grow
/// evenly nothing stands out and nothing is folded.
fn idle(moments: &[i64]) -> i64 {
    let mut pauses: Vec<i64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
    pauses.sort_unstable();
    let mut kept = 0_i64;
    for pause in pauses {
        if kept > 0 && pause >= SHORTEST && pause > kept.saturating_mul(6) {
            return pause;
        }
        kept = kept.saturating_add(pause);
    }
    i64::MAX
}

fn lay_out(spans: &[(i64, i64)]) -> Vec<Stretch> {
    if spans.is_empty() {
        return Vec::new();
    }
    let count = spans.len() as f64;
    let fold = FOLD.min(FOLDS / (count - 1.0).max(1.0));
    // A stretch of one moment needs no room of its own.
    let lasting = spans.iter().filter(|(from, to)| to > from).count() as f64;
    let least = if lasting <= 1.0 { 0.0 } else { BUSY.min(BUSIES / lasting) };
    let free = 100.0 - 2.0 * MARGIN - fold * (count - 1.0) - least * lasting;
    let busy: i64 = spans.iter().map(|(from, to)| to - from).sum();
    let mut left = MARGIN;
    spans
        .iter()
        .map(|&(from, to)| {
            let share = if busy > 0 { (to - from) as f64 / busy as f64 } else { 1.0 / count };
            let right = left + free * share + if to > from { least } else { 0.0 };
            let stretch = Stretch { from, to, left, right };
            left = right + fold;
            stretch
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: i64 = 1_000;
    const S: i64 = 1_000_000;

    fn order() -> Vec<i64> {
        vec![0, 30 * MS, 101 * MS, 400 * MS, 2_400 * MS, 2_500 * MS, 1_250 * S, 1_250 * S + 200 * MS, 1_530 * S]
    }

    #[test]
    fn idle_time_is_folded_and_named() {
        let folds = TimeScale::new(order(), true).folds();
        assert_eq!(folds.iter().map(|fold| fold.to - fold.from).collect::<Vec<_>>(), [1_247_500 * MS, 279_800 * MS]);
        assert!(folds.iter().all(|fold| (fold.right - fold.left - FOLD).abs() < 1e-9));
    }

    #[test]
    fn unfolded_time_is_even() {
        let scale = TimeScale::new(order(), false);
        assert!(scale.folds().is_empty());
        assert!((scale.at(765 * S) - 50.0).abs() < 1e-6);
    }

    #[test]
    fn even_pauses_are_no_idle_time() {
        assert!(TimeScale::new((0..100).map(|n| n * 60 * S).collect(), true).folds().is_empty());
        assert!(TimeScale::new(vec![0, 3600 * S], true).folds().is_empty());
    }

    #[test]
    fn one_moment_has_a_place() {
        let scale = TimeScale::new(vec![5], true);
        assert!((0.0..=100.0).contains(&scale.at(5)));
        assert_eq!(TimeScale::new(Vec::new(), true).at(7), MARGIN);
    }

    proptest! {
        #[test]
        fn time_never_runs_backwards_and_stays_inside(mut moments in prop::collection::vec(0_i64..10_000_000_000, 1..60), fold: bool) {
            let scale = TimeScale::new(moments.clone(), fold);
            moments.sort_unstable();
            let places: Vec<f64> = moments.iter().map(|moment| scale.at(*moment)).collect();
            prop_assert!(places.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9));
            prop_assert!(places.iter().all(|place| (MARGIN - 1e-6..=100.0 - MARGIN + 1e-6).contains(place)));
        }
    }
}
