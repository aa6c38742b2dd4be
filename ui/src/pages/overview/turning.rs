//! Where a line turns: the points that a person would point at. Pure.

use crate::order::sort_by;

/// At most two, the strongest first in time; none on a line that only trembles.
pub(super) fn turns(values: &[Option<f64>]) -> Vec<usize> {
    let known: Vec<f64> = values.iter().map(|value| value.unwrap_or(0.0)).collect();
    let top = known.iter().copied().fold(0.0, f64::max);
    let mut bends: Vec<(usize, f64)> = (1..known.len().saturating_sub(1))
        .map(|at| (at, bend(&known, at)))
        .filter(|(_, bend)| *bend > top * 0.12)
        .collect();
    if bends.is_empty() {
        bends = slow(&known, top);
    }
    sort_by(&mut bends, |one, other| other.1.total_cmp(&one.1));
    let mut turns: Vec<usize> = Vec::new();
    for (at, _) in bends {
        if turns.len() < 2 && turns.iter().all(|turn| turn.abs_diff(at) > 4) {
            turns.push(at);
        }
    }
    turns.sort_unstable();
    turns
}

/// How much the line bends at a point.
fn bend(values: &[f64], at: usize) -> f64 {
    (values[at + 1] - 2.0 * values[at] + values[at - 1]).abs()
}

/// A line that begins to climb evenly bends too little at once: compare what came before with what followed.
fn slow(values: &[f64], top: f64) -> Vec<(usize, f64)> {
    let reach = values.len() / 8;
    let (Some(first), Some(last)) = (reach.checked_sub(1), values.len().checked_sub(reach + 1)) else {
        return Vec::new();
    };
    (first.max(reach)..last)
        .map(|at| (at, (values[at + reach] - 2.0 * values[at] + values[at - reach]).abs()))
        .filter(|(_, bend)| *bend > top * 0.1)
        .max_by(|one, other| one.1.total_cmp(&other.1))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(values: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
        values.into_iter().map(Some).collect()
    }

    #[test]
    fn a_step_up_and_down_turns_twice() {
        let values = some((0..60).map(|n| if (18..53).contains(&n) { 38.0 } else { 0.0 }));
        let turns = turns(&values);
        assert_eq!(turns.len(), 2);
        assert!(turns[0].abs_diff(18) <= 1 && turns[1].abs_diff(53) <= 1, "{turns:?}");
    }

    #[test]
    fn a_climb_turns_where_it_begins() {
        let values = some((0..60).map(|n: i32| f64::from((n - 11).max(0)) * 890.0));
        assert_eq!(turns(&values).len(), 1);
        assert!(turns(&values)[0].abs_diff(11) <= 2, "{:?}", turns(&values));
    }

    #[test]
    fn trembling_and_nothing_do_not_turn() {
        assert!(turns(&some((0..60).map(|n| 100.0 + f64::from(n % 3)))).is_empty());
        assert!(turns(&[]).is_empty());
        assert!(turns(&[None, Some(1.0)]).is_empty());
    }
}
