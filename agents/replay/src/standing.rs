//! How each item of a replay stands, in memory: what the journal says, added up.

use std::collections::{HashMap, HashSet};

use tapline_api::{Delivery, Outcome, Progress};

/// How the items stand, by number. Nineteen bytes an item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    deliveries: Vec<Delivery>,
    outcomes: Vec<Outcome>,
    /// Where each was written; -1 where that is not known.
    offsets: Vec<i64>,
    /// When each was confirmed, microseconds.
    confirmed: Vec<i64>,
    /// Why some are rejected, uncertain or unknown.
    why: HashMap<u32, String>,
    /// Those that another replay has put back.
    left: HashSet<u32>,
    /// What shows an outcome, and when that was seen.
    evidence: HashMap<u32, Evidence>,
    counts: Counts,
    waves: Waves,
}

/// Items on their way, in two waves: those of the elder left before the younger began.
#[derive(Debug, Clone, PartialEq)]
struct Waves {
    /// Of each item that is on its way.
    of: Vec<bool>,
    younger: bool,
    /// Items on their way.
    count: [u64; 2],
    /// How many left since the younger began.
    sent: usize,
}

/// Items of a wave: where they would be found after a crash moves on only with the waves.
const WAVE: usize = 200_000;

/// What shows the outcome of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// Address of the event that followed or came back.
    pub(crate) address: String,
    /// Its time, microseconds.
    pub(crate) at: i64,
}

/// How many stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) deliveries: [u64; 5],
    pub(crate) outcomes: [u64; 4],
}

impl Counts {
    pub(crate) fn of(&self, delivery: Delivery) -> u64 {
        self.deliveries[delivery as usize]
    }

    pub(crate) fn with(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// Without rate and time left.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            items: self.deliveries.iter().sum(),
            planned: self.of(Delivery::Planned),
            sending: self.of(Delivery::Sending),
            confirmed: self.of(Delivery::Confirmed),
            uncertain: self.of(Delivery::Uncertain),
            rejected: self.of(Delivery::Rejected),
            pending: self.with(Outcome::Pending),
            reprocessed: self.with(Outcome::Reprocessed),
            failed_again: self.with(Outcome::FailedAgain),
            unknown: self.with(Outcome::Unknown),
            ..Progress::default()
        }
    }
}

impl Standing {
    /// Of items that are all planned.
    pub(crate) fn new(items: usize) -> Self {
        let mut counts = Counts::default();
        counts.deliveries[Delivery::Planned as usize] = items as u64;
        Self {
            deliveries: vec![Delivery::Planned; items],
            outcomes: vec![Outcome::Pending; items],
            offsets: vec![-1; items],
            confirmed: vec![i64::MIN; items],
            why: HashMap::new(),
            left: HashSet::new(),
            evidence: HashMap::new(),
            counts,
            waves: Waves { of: vec![false; items], younger: false, count: [0, 0], sent: 0 },
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn len(&self) -> usize {
        self.deliveries.len()
    }

    pub(crate) fn delivery(&self, item: u32) -> Delivery {
        self.deliveries[item as usize]
    }

    /// Of a confirmed item.
    pub(crate) fn outcome(&self, item: u32) -> Option<Outcome> {
        (self.delivery(item) == Delivery::Confirmed).then(|| self.outcomes[item as usize])
    }

    /// Where an item stands on its target.
    pub(crate) fn offset(&self, item: u32) -> Option<i64> {
        Some(self.offsets[item as usize]).filter(|offset| *offset >= 0)
    }

    /// Microseconds.
    pub(crate) fn confirmed_at(&self, item: u32) -> Option<i64> {
        Some(self.confirmed[item as usize]).filter(|at| *at != i64::MIN)
    }

    pub(crate) fn why(&self, item: u32) -> Option<&str> {
        self.why.get(&item).map(String::as_str)
    }

    pub(crate) fn evidence(&self, item: u32) -> Option<&Evidence> {
        self.evidence.get(&item)
    }

    /// Items that stand so, ascending.
    pub(crate) fn all(&self, delivery: Delivery) -> impl Iterator<Item = u32> + '_ {
        let same = self.deliveries.iter().zip(0..).filter(move |(it, _)| **it == delivery);
        same.map(|(_, item)| item)
    }

    pub(crate) fn deliver(&mut self, item: u32, delivery: Delivery) {
        let before = std::mem::replace(&mut self.deliveries[item as usize], delivery);
        self.counts.deliveries[before as usize] -= 1;
        self.counts.deliveries[delivery as usize] += 1;
        let outcome = self.outcomes[item as usize] as usize;
        self.counts.outcomes[outcome] -= u64::from(before == Delivery::Confirmed);
        self.counts.outcomes[outcome] += u64::from(delivery == Delivery::Confirmed);
        if before == Delivery::Sending {
            self.waves.count[usize::from(self.waves.of[item as usize])] -= 1;
        }
        if delivery == Delivery::Sending {
            self.waves.of[item as usize] = self.waves.younger;
            self.waves.count[usize::from(self.waves.younger)] += 1;
            self.waves.sent += 1;
        }
        if matches!(delivery, Delivery::Planned | Delivery::Sending | Delivery::Confirmed) {
            self.why.remove(&item);
        }
    }

    /// Begins a wave if none of the elder is on its way any more; whether it did.
    pub(crate) fn begin_wave(&mut self) -> bool {
        let elder = !self.waves.younger;
        let over = self.waves.count[usize::from(elder)] == 0;
        if over {
            (self.waves.younger, self.waves.sent) = (elder, 0);
        }
        over
    }

    /// Whether no more are to leave before those of the elder wave are answered.
    pub(crate) fn is_wave_full(&self) -> bool {
        self.waves.sent >= WAVE && self.waves.count[usize::from(!self.waves.younger)] > 0
    }

    pub(crate) fn confirm(&mut self, item: u32, offset: i64, at: i64) {
        self.deliver(item, Delivery::Confirmed);
        (self.offsets[item as usize], self.confirmed[item as usize]) = (offset, at);
    }

    /// Of a confirmed item.
    pub(crate) fn turn_out(&mut self, item: u32, outcome: Outcome, evidence: Option<Evidence>) {
        let before = std::mem::replace(&mut self.outcomes[item as usize], outcome);
        if self.delivery(item) == Delivery::Confirmed {
            self.counts.outcomes[before as usize] -= 1;
            self.counts.outcomes[outcome as usize] += 1;
        }
        if let Some(evidence) = evidence {
            self.evidence.insert(item, evidence);
        }
    }

    /// It is left to another replay.
    pub(crate) fn leave(&mut self, item: u32) {
        self.left.insert(item);
    }

    /// Items that were refused, and hold back what follows them with their key.
    pub(crate) fn refused(&self) -> impl Iterator<Item = u32> + '_ {
        self.all(Delivery::Rejected).filter(|item| !self.left.contains(item))
    }

    pub(crate) fn explain(&mut self, item: u32, why: &str) {
        self.why.insert(item, why.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_what_becomes_of_items() {
        let mut standing = Standing::new(4);
        standing.deliver(0, Delivery::Sending);
        standing.confirm(0, 7, 1);
        standing.confirm(1, 8, 1);
        standing.deliver(2, Delivery::Rejected);
        standing.explain(2, "too large");
        standing.turn_out(1, Outcome::FailedAgain, Some(Evidence { address: "k/d/0/1".to_owned(), at: 2 }));
        let progress = standing.counts().progress();
        assert_eq!((progress.items, progress.planned, progress.confirmed, progress.rejected), (4, 1, 2, 1));
        assert_eq!((progress.pending, progress.failed_again), (1, 1));
        assert_eq!((standing.why(2), standing.offset(0), standing.offset(3)), (Some("too large"), Some(7), None));
        assert_eq!(standing.all(Delivery::Planned).collect::<Vec<_>>(), [3]);
        assert_eq!((standing.outcome(1), standing.outcome(3)), (Some(Outcome::FailedAgain), None));
    }
}
