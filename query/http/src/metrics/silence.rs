//! Destinations on which nothing comes any more, though it used to.

use std::collections::BTreeMap;

use tapline_api::{DestinationKind, SourceState};
use tapline_model::time;

use super::text::{Kind, Sink};
use crate::events::histogram::seconds;
use crate::events::search::Stop;
use crate::problem::Refusal;
use crate::rollup::CELL;
use crate::state::App;

pub(super) const NAMES: [&str; 2] = ["tapline_destination_silence_seconds", "tapline_destination_usual_pause_seconds"];

const HOUR: i64 = 3_600_000_000;

/// How far back is looked, microseconds: silence that lasts longer is not told any more.
const LOOKED: i64 = 24 * HOUR;

/// Hours before its last event from which what is usual is learnt.
const LEARNT: i64 = 6;

/// Events from which it can be told.
const REGULAR: u64 = 30;

/// How a destination was written to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Habit {
    /// Events by hour since 1970.
    hours: BTreeMap<i64, u64>,
    /// Microseconds.
    first: i64,
    last: i64,
    /// When the last was archived: what comes with times of the past is no silence.
    archived: i64,
}

impl Habit {
    /// Seconds between two events, on average; `None` of what is too rare to be missed.
    #[expect(clippy::cast_precision_loss, reason = "a count of hours")]
    fn pause(&self) -> Option<f64> {
        let from = self.last.div_euclid(HOUR) - LEARNT;
        let events: u64 = self.hours.range(from..).map(|(_, events)| events).sum();
        (events >= REGULAR).then(|| seconds(self.last - self.first.max(from * HOUR)) / events as f64)
    }
}

/// Whether what comes on a source would be seen.
pub(crate) fn is_read(state: SourceState) -> bool {
    matches!(state, SourceState::Up | SourceState::Degraded)
}

/// Writes both families, of destinations whose sources are read without a fault.
pub(super) fn write(sink: &mut dyn Sink, app: &App, stop: &Stop) -> Result<(), Refusal> {
    let now = time::now();
    let habits = habits(app, now, stop)?;
    sink.family(NAMES[0], Kind::Gauge, "Since the last event of a destination that is written to regularly.");
    for ((source, destination), habit) in &habits {
        let silent = seconds(now - habit.last.max(habit.archived)).max(0.0);
        sink.sample(NAMES[0], &[("source", source), ("destination", destination)], silent);
    }
    sink.family(NAMES[1], Kind::Gauge, "Between two events of it on average, over the six hours before its last.");
    for ((source, destination), habit) in &habits {
        let pause = habit.pause().unwrap_or_default();
        sink.sample(NAMES[1], &[("source", source), ("destination", destination)], pause);
    }
    Ok(())
}

/// Only of what is written to regularly: dead letters and retries come when they come.
fn habits(app: &App, now: i64, stop: &Stop) -> Result<BTreeMap<(String, String), Habit>, Refusal> {
    let up: Vec<String> = app.sources().into_iter().filter(|it| is_read(it.state)).map(|it| it.name).collect();
    let mut habits = BTreeMap::<(String, String), Habit>::new();
    for rollup in app.rollups.between(&app.archive.view(), now - LOOKED, i64::MAX, stop)? {
        for (lane, cell) in rollup.cells((now - LOOKED).div_euclid(CELL), i64::MAX) {
            if lane.dead || lane.retry || !up.contains(&lane.source) {
                continue;
            }
            let place = (lane.source.clone(), lane.destination.clone());
            let habit = habits.entry(place).or_insert_with(|| Habit { first: cell.begin(), ..Habit::default() });
            *habit.hours.entry(cell.begin().div_euclid(HOUR)).or_default() += u64::from(cell.events);
            habit.first = habit.first.min(cell.begin());
            // A clock that runs ahead must not hide that nothing comes.
            habit.last = habit.last.max(cell.begin()).min(now);
            habit.archived = habit.archived.max(cell.archived);
        }
    }
    for known in app.standing.destinations().iter().filter(|known| known.kind != DestinationKind::Topic) {
        habits.remove(&(known.source.clone(), known.name.clone()));
    }
    habits.retain(|_, habit| habit.pause().is_some());
    Ok(habits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_learnt_before_the_silence() {
        let hours = BTreeMap::from([(10, 3_600), (11, 3_600)]);
        let mut habit = Habit { hours, first: 10 * HOUR, last: 12 * HOUR, archived: 0 };
        assert_eq!(habit.pause(), Some(1.0), "however long ago its last event is");
        habit.hours = BTreeMap::from([(10, 20), (3, 900)]);
        assert_eq!(habit.pause(), None, "what was long before its last events is not usual any more");
    }
}
