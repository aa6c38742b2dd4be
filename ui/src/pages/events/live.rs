//! The live tail of the page: what is drawn, what waits while someone reads further down, what is counted instead, and
//! how fast events match.

use std::collections::VecDeque;

use leptos::prelude::*;
use tapline_api::EventSummary;

use super::{Question, feed::Feed};
use crate::{
    api::tail::{Batch, Tail, TailState},
    filter,
    format::now,
    react::effect,
    state::{refresh::use_beat, time_range::use_time_range, url::Query},
};

/// Events that wait while someone reads; more are counted.
const HELD: usize = 500;
/// Milliseconds over which a rate is taken.
const WINDOW: i64 = 10_000;

/// Events a second over the last ten seconds.
#[derive(Debug, Default)]
struct Meter {
    began: Option<i64>,
    seen: VecDeque<(i64, u64)>,
}

impl Meter {
    fn add(&mut self, at: i64, count: u64) {
        self.began.get_or_insert(at);
        self.seen.push_back((at, count));
    }

    fn rate(&mut self, now: i64) -> f64 {
        while self.seen.front().is_some_and(|(at, _)| *at < now - WINDOW) {
            self.seen.pop_front();
        }
        let window = (now - self.began.unwrap_or(now)).clamp(1000, WINDOW);
        self.seen.iter().map(|(_, count)| count).sum::<u64>() as f64 * 1000.0 / window as f64
    }
}

/// What is shown of the tail.
#[derive(Clone, Copy)]
pub(super) struct Live {
    /// How it stands.
    pub(super) state: RwSignal<TailState>,
    /// Whether someone stopped it.
    pub(super) paused: RwSignal<bool>,
    /// Events a second that match.
    pub(super) rate: RwSignal<f64>,
    /// Events that matched and are not in the list.
    pub(super) not_drawn: RwSignal<u64>,
    /// Events that wait above the list.
    pub(super) held: RwSignal<Vec<EventSummary>>,
    /// Whether the first rows are in view.
    pub(super) at_top: RwSignal<bool>,
    feed: Feed,
    meter: StoredValue<Meter, LocalStorage>,
}

impl Live {
    /// Follows the question while its time range moves with the clock.
    pub(super) fn follow(question: Question, feed: Feed) -> Self {
        let live = Self {
            state: RwSignal::new(TailState::Off),
            paused: RwSignal::new(false),
            rate: RwSignal::new(0.0),
            not_drawn: RwSignal::new(0),
            held: RwSignal::new(Vec::new()),
            at_top: RwSignal::new(true),
            feed,
            meter: StoredValue::new_local(Meter::default()),
        };
        let tail = StoredValue::new_local(None::<Tail>);
        let (range, beat) = (use_time_range(), use_beat());
        let again = RwSignal::new(0_u32);
        effect(move || {
            beat.follow();
            if live.state.get_untracked() == TailState::Refused {
                again.update(|count| *count += 1);
            }
        });
        effect(move || {
            again.track();
            live.reset();
            tail.set_value(None);
            if range.get().is_moving() {
                let mut query = Query::default();
                question.terms.with(|terms| filter::write(terms, &mut query));
                tail.set_value(Tail::open(&query.on("/api/v1/events/tail"), live.state, move |batch| {
                    live.take_in(batch)
                }));
            }
        });
        // What came between an empty answer and the tail's begin is told by neither of them: asked once a tail.
        let asked = StoredValue::new_local(false);
        effect(move || {
            let begun = live.state.get() == TailState::Live;
            let empty = feed.answered.get() && feed.rows.with_untracked(Vec::is_empty);
            if begun && empty && !asked.get_value() {
                feed.reload();
            }
            asked.set_value(begun && (empty || asked.get_value()));
        });
        on_cleanup(move || drop(tail.try_set_value(None)));
        live.measure();
        live
    }

    fn reset(self) {
        self.state.set(TailState::Off);
        self.not_drawn.set(0);
        self.held.set(Vec::new());
        self.rate.set(0.0);
        self.meter.set_value(Meter::default());
    }

    fn measure(self) {
        let beat = move || {
            if let Some(rate) = self.meter.try_update_value(|meter| meter.rate(now()))
                && self.rate.get_untracked() != rate
            {
                self.rate.set(rate);
            }
        };
        if let Ok(handle) = set_interval_with_handle(beat, std::time::Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    }

    fn take_in(self, batch: Batch) {
        if self.paused.try_get_untracked().is_none() {
            return;
        }
        self.meter.update_value(|meter| meter.add(now(), batch.matched));
        let mut lost = batch.dropped;
        if self.paused.get_untracked() {
            lost += batch.events.len() as u64;
        } else if self.at_top.get_untracked() {
            self.feed.put_on_top(batch.events);
        } else {
            self.held.update(|held| {
                held.extend(batch.events);
                let over = held.len().saturating_sub(HELD);
                held.drain(..over);
                lost += over as u64;
            });
        }
        if lost > 0 {
            self.not_drawn.update(|count| *count += lost);
        }
    }

    /// Puts what waits on top.
    pub(super) fn release(self) {
        let held = self.held.try_update(std::mem::take).unwrap_or_default();
        if !held.is_empty() {
            self.feed.put_on_top(held);
        }
    }

    /// Stops or goes on; going on asks for what was missed.
    pub(super) fn flip(self) {
        let paused = !self.paused.get_untracked();
        self.paused.set(paused);
        if !paused && self.not_drawn.get_untracked() > 0 {
            self.not_drawn.set(0);
            self.held.set(Vec::new());
            self.feed.reload();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_taken_over_the_last_ten_seconds() {
        let mut meter = Meter::default();
        assert_eq!(meter.rate(0), 0.0);
        meter.add(0, 10);
        assert_eq!(meter.rate(500), 10.0);
        assert_eq!(meter.rate(5_000), 2.0);
        meter.add(9_000, 20);
        assert_eq!(meter.rate(10_000), 3.0);
        assert_eq!(meter.rate(15_000), 2.0);
        assert_eq!(meter.rate(60_000), 0.0);
    }
}
