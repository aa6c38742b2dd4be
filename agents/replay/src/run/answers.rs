//! What became of what was handed over: confirmed, sent once more, in doubt, or refused for good.

use std::time::{Duration, Instant};

use tapline_adapter::{Cause, Fate, PublishError};

use super::sender::Sender;
use crate::error::ReplayError;
use crate::live::Wish;
use crate::read::Loaded;

/// How often an item is sent again that was certainly not taken, by reasons that pass.
const TRIES: u8 = 5;

/// So many refused for good, one after the other, are no accident: it stops before the rest is refused too.
const REFUSED: usize = 20;

impl Sender<'_> {
    /// Takes what became known.
    pub(super) fn collect(&mut self, wait: Duration) -> Result<(), ReplayError> {
        let mut reports = std::mem::take(&mut self.reports);
        for publisher in self.publishers.values_mut() {
            publisher.collect(wait, &mut reports);
        }
        if !self.answered && reports.iter().any(|report| report.outcome.is_ok()) {
            self.answered = true;
            self.pace.arrived(Instant::now());
        }
        let mut confirmed = Vec::new();
        for report in reports.drain(..) {
            let Some(loaded) = u32::try_from(report.token).ok().and_then(|number| self.flying.remove(&number)) else {
                continue;
            };
            match report.outcome {
                Ok(delivered) => {
                    self.refused = 0;
                    self.queue.free(&self.job.live.items.items[loaded.number as usize]);
                    confirmed.push((loaded.number, delivered.offset.unwrap_or(-1)));
                }
                Err(error) => self.failed(loaded, &error)?,
            }
        }
        self.reports = reports;
        if confirmed.is_empty() { Ok(()) } else { self.job.live.confirmed(confirmed) }
    }

    pub(super) fn failed(&mut self, loaded: Loaded, error: &PublishError) -> Result<(), ReplayError> {
        let number = loaded.number;
        // Not this item's fault: the rest would be refused for it too.
        let of_target = matches!(error.cause, Cause::Denied | Cause::UnknownDestination | Cause::UnknownPartition);
        if of_target && error.fate != Fate::Uncertain {
            self.job.live.back(vec![number])?;
            self.sent -= 1;
            self.queue.again(loaded);
            self.job.live.want(Wish::Stop(error.to_string()));
            return Ok(());
        }
        if error.is_permanent() {
            return self.reject(number, &error.to_string());
        }
        if error.fate == Fate::Uncertain || error.cause == Cause::Closed {
            self.doubt = true;
            return Ok(());
        }
        self.job.live.back(vec![number])?;
        self.sent -= 1;
        let tries = self.tries.entry(number).or_default();
        // A broker that is away is waited for; one that keeps refusing is not.
        *tries += u8::from(!matches!(error.cause, Cause::TimedOut | Cause::GivenUp));
        if *tries > TRIES {
            self.job.live.want(Wish::Stop(format!("the broker does not take item {number}: {error}")));
        }
        // A broker refuses a batch for one of its records and does not always say for which: each shows it by itself.
        if error.fate == Fate::Rejected {
            self.alone.push_back(loaded)
        } else {
            self.queue.again(loaded)
        }
        Ok(())
    }

    /// What follows it with the same key waits for it in vain: it would overtake it.
    pub(super) fn reject(&mut self, number: u32, why: &str) -> Result<(), ReplayError> {
        self.job.live.rejected(number, why)?;
        self.refused += 1;
        if self.refused >= REFUSED {
            self.job.live.want(Wish::Stop(format!("the last {REFUSED} were refused: {why}")));
        }
        let held = self.queue.block(&self.job.live.items.items[number as usize]);
        self.reject_behind(&held)
    }

    pub(super) fn reject_late(&mut self) -> Result<(), ReplayError> {
        let late = self.queue.late();
        self.reject_behind(&late)
    }

    fn reject_behind(&mut self, items: &[u32]) -> Result<(), ReplayError> {
        self.sent += items.len() as u64;
        let why = "an earlier event of its key was rejected; replay them together, in order";
        items.iter().try_for_each(|item| self.job.live.rejected(*item, why))
    }
}
