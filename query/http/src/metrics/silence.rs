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

/// From how long ago what is usual is learnt, microseconds.
const LEARNT: i64 = 6 * 3_600_000_000;

/// Events from which it can be told.
const REGULAR: u64 = 30;

/// How a destination was written to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Habit {
    events: u64,
    /// Microseconds.
    first: i64,
    last: i64,
    /// When the last was archived: what comes with times of the past is no silence.
    archived: i64,
}

impl Habit {
    /// Seconds between two events, on average; `None` of what is too rare to be missed.
    #[expect(clippy::cast_precision_loss, reason = "a count of hours")]
    fn pause(self) -> Option<f64> {
        (self.events >= REGULAR).then(|| seconds(self.last - self.first) / self.events as f64)
    }
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
    sink.family(NAMES[1], Kind::Gauge, "Between two events of it on average, over six hours.");
    for ((source, destination), habit) in &habits {
        let pause = habit.pause().unwrap_or_default();
        sink.sample(NAMES[1], &[("source", source), ("destination", destination)], pause);
    }
    Ok(())
}

/// Only of what is written to regularly: dead letters and retries come when they come.
fn habits(app: &App, now: i64, stop: &Stop) -> Result<BTreeMap<(String, String), Habit>, Refusal> {
    let up: Vec<String> =
        app.sources().into_iter().filter(|it| it.state == SourceState::Up).map(|it| it.name).collect();
    let mut habits = BTreeMap::<(String, String), Habit>::new();
    for rollup in app.rollups.between(&app.archive.view(), now - LEARNT, i64::MAX, stop)? {
        for (lane, cell) in rollup.cells((now - LEARNT).div_euclid(CELL), i64::MAX) {
            if lane.dead || lane.retry || !up.contains(&lane.source) {
                continue;
            }
            let place = (lane.source.clone(), lane.destination.clone());
            let habit = habits.entry(place).or_insert_with(|| Habit { first: cell.begin(), ..Habit::default() });
            habit.events += u64::from(cell.events);
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
