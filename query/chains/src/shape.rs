//! What chains of a kind usually do: learnt from recent rows, so that a step that has not come can be missed.
//!
//! A shape is the set of types that at least four of five whole chains with the same first type reach, each with how
//! long it takes from the beginning. Few chains, or a beginning that is not in the sample, teach nothing: a chain is
//! never called stuck on a guess.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tapline_archive::View;

use crate::row::{Role, Row};
use crate::sample;
use crate::sets::Sets;

/// Whole chains needed before a shape is believed.
const MIN_CHAINS: usize = 20;
/// Share of chains that take a step for it to be expected.
const EXPECTED: f64 = 0.8;
/// A value on more rows of the sample than this ties nothing together.
const MAX_SHARED: usize = 100;
/// Shapes are learnt again after this time even if the view changed at every moment.
const FRESH: Duration = Duration::from_secs(30);

/// A type that chains of a shape reach.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// Full type, or destination where events have none.
    pub(crate) kind: String,
    /// The service that usually makes it.
    pub(crate) service: Option<String>,
    /// Chains that reach it, 0 to 1.
    pub(crate) share: f64,
    /// Time from the beginning, microseconds.
    pub(crate) median: i64,
    /// Of the slowest hundredth.
    pub(crate) p99: i64,
}

/// Chains that begin with the same type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    /// From how many chains it was learnt.
    pub(crate) chains: usize,
    /// What is expected, in the order in which it usually comes.
    pub(crate) steps: Vec<Step>,
}

/// Shapes by first type.
pub(crate) type Shapes = HashMap<String, Shape>;

/// The shapes learnt last. Shared by all answers of a process.
#[derive(Debug, Default)]
pub struct ShapeCache(Mutex<Option<(Instant, Mark, Arc<Shapes>)>>);

/// What a view holds, near enough: rows are never changed in place.
type Mark = (u64, usize, u64);

impl ShapeCache {
    /// The shapes of a view, at most half a minute old.
    pub(crate) fn of(&self, view: &View, sample_rows: usize) -> Arc<Shapes> {
        let mark = (view.version, view.files.len(), view.hot_rows());
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, of, shapes)) = &*held
            && (*of == mark || since.elapsed() < FRESH)
        {
            return Arc::clone(shapes);
        }
        let shapes = Arc::new(learn(&sample::newest(view, sample_rows)));
        *held = Some((Instant::now(), mark, Arc::clone(&shapes)));
        shapes
    }
}

/// One chain of the sample.
struct Run<'a> {
    first: &'a Row,
    last: i64,
    /// First time of each type, with its service.
    reached: BTreeMap<&'a str, (i64, Option<&'a str>)>,
}

/// Learns shapes from rows in any order.
pub(crate) fn learn(rows: &[Row]) -> Shapes {
    let runs = runs(rows);
    let Some(newest) = rows.iter().map(Row::at).max() else { return Shapes::new() };
    let mut lengths: Vec<i64> = runs.iter().map(|run| run.last - run.first.at()).collect();
    lengths.sort_unstable();
    let settle = quantile(&lengths, 0.99).saturating_mul(3) / 2 + 1_000_000;
    let mut by_first = HashMap::<&str, Vec<Run<'_>>>::new();
    // A chain younger than the longest ones take may still go on.
    for run in runs {
        if run.first.at() < newest - settle {
            by_first.entry(run.first.kind()).or_default().push(run);
        }
    }
    by_first.retain(|_, runs| runs.len() >= MIN_CHAINS);
    by_first.into_iter().map(|(first, runs)| (first.to_owned(), shape(&runs))).collect()
}

fn shape(runs: &[Run<'_>]) -> Shape {
    let mut reached = BTreeMap::<&str, (Vec<i64>, BTreeMap<&str, usize>)>::new();
    for run in runs {
        for (kind, (time, service)) in &run.reached {
            let step = reached.entry(kind).or_default();
            step.0.push((time - run.first.at()).max(0));
            if let Some(service) = service {
                *step.1.entry(service).or_default() += 1;
            }
        }
    }
    let mut steps: Vec<Step> = reached
        .into_iter()
        .map(|(kind, (mut times, services))| {
            times.sort_unstable();
            Step {
                kind: kind.to_owned(),
                service: services.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name.to_owned()),
                share: times.len() as f64 / runs.len() as f64,
                median: quantile(&times, 0.5),
                p99: quantile(&times, 0.99),
            }
        })
        .filter(|step| step.share >= EXPECTED)
        .collect();
    steps.sort_by(|a, b| (a.median, &a.kind).cmp(&(b.median, &b.kind)));
    Shape { chains: runs.len(), steps }
}

/// Rows tied together by what events declare, and by their key; a trace counts only where there is nothing else.
fn runs(rows: &[Row]) -> Vec<Run<'_>> {
    let mut holders = HashMap::<&str, Vec<usize>>::new();
    for (at, row) in rows.iter().enumerate() {
        let declared =
            |role: Role| matches!(role, Role::Message | Role::Causation | Role::Correlation | Role::Conversation);
        let ties = row.ids.iter().filter(|id| declared(id.role) || id.role == Role::Key);
        let mut ties: Vec<&str> = ties.map(|id| &*id.value).collect();
        if ties.is_empty() {
            ties.extend(row.id(Role::Trace));
        }
        ties.into_iter().for_each(|tie| holders.entry(tie).or_default().push(at));
    }
    let mut sets = Sets::new(rows.len());
    for held in holders.values().filter(|held| held.len() <= MAX_SHARED) {
        held.iter().for_each(|at| sets.join(*at, held[0]));
    }
    let mut members = BTreeMap::<usize, Vec<&Row>>::new();
    for (at, row) in rows.iter().enumerate() {
        members.entry(sets.root(at)).or_default().push(row);
    }
    members.into_values().filter_map(run).collect()
}

/// The row that a chain begins with: the earliest that names no cause. The earliest of all may be a step of a service
/// whose clock is slow, or what is left of a chain whose beginning is not there.
pub(crate) fn beginning<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<&'a Row> {
    let begins = |row: &&Row| row.id(Role::Causation).is_none() && row.origin.is_none();
    rows.filter(begins).min_by(|a, b| a.order().cmp(&b.order()))
}

/// Chains that failed teach nothing about what usually follows.
fn run(mut rows: Vec<&Row>) -> Option<Run<'_>> {
    if rows.iter().any(|row| row.dead.is_some()) {
        return None;
    }
    rows.retain(|row| row.retry.is_none());
    rows.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut reached = BTreeMap::new();
    for row in &rows {
        reached.entry(row.kind()).or_insert((row.at(), row.service.as_deref()));
    }
    Some(Run { first: beginning(rows.iter().copied())?, last: rows.last()?.at(), reached })
}

/// The value that a share of the sorted values does not exceed.
fn quantile(sorted: &[i64], share: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into a slice")]
    let at = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Event, S, event, world};

    /// `count` orders, one a second; `last` says which steps each takes.
    pub(crate) fn orders(count: i64, steps: impl Fn(i64) -> usize) -> Vec<Event> {
        let all = ["orders Placed shop", "payments Paid payments", "shipping Shipped shipping"];
        let mut events = Vec::new();
        for order in 0..count {
            for (step, words) in all.iter().enumerate().take(steps(order)) {
                let ids = format!("key=ORD-{order:06} correlation=corr-{order:06}");
                events.push(event(words, order * S + step as i64 * 2 * S).with(&ids));
            }
        }
        events
    }

    #[test]
    fn steps_that_most_chains_take_are_learnt() {
        let world = world(&orders(60, |order| if order % 10 == 0 { 2 } else { 3 }));
        let shapes = ShapeCache::default().of(&world.view, 10_000);
        let shape = &shapes["Placed"];
        let kinds: Vec<_> = shape.steps.iter().map(|step| step.kind.as_str()).collect();
        assert_eq!(kinds, ["Placed", "Paid", "Shipped"]);
        assert_eq!((shape.steps[2].median, shape.steps[2].service.as_deref()), (4 * S, Some("shipping")));
        assert!(shape.chains > 40 && shape.chains < 60, "the youngest do not count: {}", shape.chains);
    }

    #[test]
    fn a_step_of_a_slow_clock_is_not_taken_for_the_beginning() {
        let mut events = Vec::new();
        for order in 0..60 {
            let ids = |step: &str| format!("key=ORD-{order:06} message={step}-{order:04}");
            let packed = format!("{} cause=placed-{order:04}", ids("packed"));
            events.push(event("orders Placed shop", (10 + order) * S).with(&ids("placed")));
            events.push(event("shipping Packed shipping", (7 + order) * S).with(&packed));
        }
        let shapes = ShapeCache::default().of(&world(&events).view, 10_000);
        let kinds: Vec<_> = shapes["Placed"].steps.iter().map(|step| step.kind.as_str()).collect();
        assert_eq!((kinds.as_slice(), shapes.len()), (["Packed", "Placed"].as_slice(), 1));
    }

    #[test]
    fn rare_steps_and_few_chains_teach_nothing() {
        let rare = world(&orders(60, |order| if order % 2 == 0 { 2 } else { 3 }));
        let shapes = ShapeCache::default().of(&rare.view, 10_000);
        assert_eq!(shapes["Placed"].steps.len(), 2);
        let few = world(&orders(15, |_| 3));
        assert!(ShapeCache::default().of(&few.view, 10_000).is_empty());
    }

    #[test]
    fn the_sample_is_bounded_and_kept() {
        let world = world(&orders(60, |_| 3));
        let cache = ShapeCache::default();
        assert!(cache.of(&world.view, 30).is_empty());
        // Learnt a moment ago: not again, whatever the bound.
        assert!(cache.of(&world.view, 10_000).is_empty());
        assert_eq!(sample::newest(&world.view, 50).len(), 50);
    }
}
