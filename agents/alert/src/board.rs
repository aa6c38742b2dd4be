//! Which alerts there are, and what becomes of them with each look.
//!
//! Owns going from pending to firing to over, and what is to be written down of it. What rules find belongs to `question`,
//! who hears of it to `telling`.

use std::collections::{BTreeMap, BTreeSet};

use tapline_api::{Labels, Muted};
use tapline_state::{AlertChanges, AlertRecord};
use xxhash_rust::xxh3::xxh3_64;

use crate::machine::{Seen, Standing, Turn};
use crate::observer::Explained;
use crate::question::Answer;
use crate::rule::Rule;

/// What is said of an alert that fires is said anew after so long, microseconds.
const STALE: i64 = 60_000_000;

/// An alert that is not over.
#[derive(Debug, Clone)]
pub(crate) struct Alive {
    pub(crate) record: AlertRecord,
    /// When it was seen to be wrong last, microseconds.
    pub(crate) seen_at: i64,
    /// When it was explained last.
    explained_at: i64,
    /// Why it is held as it was.
    pub(crate) held: Option<String>,
    pub(crate) muted: Option<Muted>,
}

/// All alerts of one node.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// By fingerprint.
    pub(crate) alive: BTreeMap<String, Alive>,
    /// Those that are over, and of which somebody is still to be told so.
    pub(crate) over: Vec<AlertRecord>,
    /// What is not written down yet.
    unsaved: Unsaved,
}

#[derive(Debug, Default)]
struct Unsaved {
    /// Fingerprint and begin.
    changed: BTreeSet<(String, i64)>,
    forgotten: BTreeSet<(String, i64)>,
    /// Over, told, and gone from the board.
    done: Vec<AlertRecord>,
}

impl Board {
    /// As it was written down; `away` is how long nobody looked since, microseconds: such time proves nothing.
    pub(crate) fn restore(records: Vec<AlertRecord>, now: i64, away: i64) -> Self {
        let mut board = Self::default();
        for mut record in records {
            if record.resolved_at.is_some() {
                board.over.push(record);
                continue;
            }
            let before = (record.fingerprint.clone(), record.active_at);
            if record.fired_at.is_none() {
                record.active_at = record.active_at.saturating_add(away).min(now);
                board.unsaved.forgotten.insert(before);
                board.unsaved.changed.insert((record.fingerprint.clone(), record.active_at));
            }
            let alive = Alive { record, seen_at: now, explained_at: 0, held: None, muted: None };
            board.alive.insert(alive.record.fingerprint.clone(), alive);
        }
        board
    }

    /// What a rule found, and what follows.
    pub(crate) fn look(&mut self, rule: &Rule, answer: &Answer, at: i64, explain: &dyn Fn(&Labels) -> Explained) {
        let mut found = BTreeMap::new();
        for sample in &answer.found {
            let labels = rule.labels(&sample.labels, sample.value);
            found.insert(fingerprint(&labels), (labels, sample.value));
        }
        let known = self.alive.iter().filter(|(_, alive)| alive.record.rule == rule.name);
        let missing: Vec<String> = known.map(|(key, _)| key.clone()).filter(|key| !found.contains_key(key)).collect();
        for (fingerprint, (labels, value)) in found {
            match blind(&labels, answer) {
                None => self.see(rule, &fingerprint, labels, value, at, explain),
                // What an outage froze is no news.
                Some(why) => self.hold(&fingerprint, why),
            }
        }
        for fingerprint in missing {
            self.miss(rule, &fingerprint, answer, at);
        }
    }

    /// Ends alerts of rules that are gone or rest.
    pub(crate) fn retain(&mut self, rules: &BTreeSet<&str>, at: i64) {
        let is_gone = |alive: &Alive| !rules.contains(alive.record.rule.as_str());
        let gone: Vec<String> =
            self.alive.iter().filter(|(_, alive)| is_gone(alive)).map(|(key, _)| key.clone()).collect();
        gone.iter().for_each(|fingerprint| self.end(fingerprint, at));
    }

    fn see(
        &mut self,
        rule: &Rule,
        fingerprint: &str,
        labels: Labels,
        value: f64,
        at: i64,
        explain: &dyn Fn(&Labels) -> Explained,
    ) {
        let alive = self.alive.entry(fingerprint.to_owned()).or_insert_with(|| {
            self.unsaved.changed.insert((fingerprint.to_owned(), at));
            Alive {
                record: AlertRecord {
                    fingerprint: fingerprint.to_owned(),
                    active_at: at,
                    rule: rule.name.clone(),
                    labels,
                    annotations: Labels::new(),
                    href: String::new(),
                    value,
                    fired_at: None,
                    resolved_at: None,
                    told: BTreeMap::new(),
                    owed: BTreeSet::new(),
                },
                seen_at: at,
                explained_at: 0,
                held: None,
                muted: None,
            }
        });
        let (standing, turn) = alive.standing().look(at, Seen::Yes, rule.patience);
        (alive.held, alive.seen_at, alive.record.value) = (None, at, value);
        if let (Standing::Firing { since, .. }, Some(Turn::Fired)) = (standing, turn) {
            alive.record.fired_at = Some(since);
            self.unsaved.changed.insert(alive.key());
        }
        let is_stale = at - alive.explained_at >= STALE;
        if turn.is_some() || is_stale {
            alive.explain(rule, explain);
            alive.explained_at = at;
        }
    }

    fn hold(&mut self, fingerprint: &str, why: String) {
        if let Some(alive) = self.alive.get_mut(fingerprint) {
            alive.held = Some(why);
        }
    }

    fn miss(&mut self, rule: &Rule, fingerprint: &str, answer: &Answer, at: i64) {
        let Some(alive) = self.alive.get_mut(fingerprint) else { return };
        alive.held = held(&alive.record.labels, answer);
        let seen = if alive.held.is_some() { Seen::Unknown } else { Seen::No };
        if let (Standing::Inactive, _) = alive.standing().look(at, seen, rule.patience) {
            self.end(fingerprint, at);
        }
    }

    fn end(&mut self, fingerprint: &str, at: i64) {
        let Some(alive) = self.alive.remove(fingerprint) else { return };
        let mut record = alive.record;
        let key = (record.fingerprint.clone(), record.active_at);
        if record.fired_at.is_none() {
            self.unsaved.changed.remove(&key);
            self.unsaved.forgotten.insert(key);
            return;
        }
        record.resolved_at = Some(at);
        record.owed = record.told.keys().cloned().collect();
        self.unsaved.changed.insert(key);
        self.over.push(record);
    }

    /// That something of an alert is to be written down.
    pub(crate) fn touch(&mut self, record: &AlertRecord) {
        self.unsaved.changed.insert((record.fingerprint.clone(), record.active_at));
    }

    /// Forgets those that are over and that everybody was told of.
    pub(crate) fn settle(&mut self) {
        let (done, over) = self.over.drain(..).partition(|record| record.owed.is_empty());
        self.over = over;
        self.unsaved.done.extend(done);
    }

    /// What is to be written down; it stays so until [`Self::saved`].
    pub(crate) fn changes(&self, looked_at: i64) -> AlertChanges {
        let records = self.alive.values().map(|alive| &alive.record).chain(&self.over).chain(&self.unsaved.done);
        let is_changed =
            |record: &&AlertRecord| self.unsaved.changed.contains(&(record.fingerprint.clone(), record.active_at));
        AlertChanges {
            looked_at,
            alerts: records.filter(is_changed).cloned().collect(),
            forgotten: self.unsaved.forgotten.iter().cloned().collect(),
            messages: Vec::new(),
        }
    }

    /// It was written down.
    pub(crate) fn saved(&mut self) {
        self.unsaved = Unsaved::default();
    }
}

impl Alive {
    fn key(&self) -> (String, i64) {
        (self.record.fingerprint.clone(), self.record.active_at)
    }

    fn standing(&self) -> Standing {
        match self.record.fired_at {
            Some(since) => Standing::Firing { since, seen: self.seen_at },
            None => Standing::Pending { since: self.record.active_at },
        }
    }

    pub(crate) fn is_firing(&self) -> bool {
        self.record.fired_at.is_some()
    }

    /// The rule's own words come first, then what the page would say, then the condition's.
    fn explain(&mut self, rule: &Rule, explain: &dyn Fn(&Labels) -> Explained) {
        let record = &mut self.record;
        let explained = explain(&record.labels);
        let mut said = rule.annotations(&record.labels, record.value);
        let (summary, next_step) = rule.words(&record.labels, record.value);
        let mut offer = |name: &str, text: Option<String>| {
            if let (false, Some(text)) = (said.contains_key(name), text) {
                said.insert(name.to_owned(), text);
            }
        };
        offer("summary", explained.sentence);
        offer("summary", Some(summary));
        offer("description", explained.detail);
        offer("next_step", next_step);
        record.annotations = said;
        record.href = explained.href;
    }
}

/// Why an alert that was not found is not over: nobody could say so.
fn held(labels: &Labels, answer: &Answer) -> Option<String> {
    answer.held.clone().or_else(|| blind(labels, answer))
}

/// Why nobody knows how that stands which the labels name.
fn blind(labels: &Labels, answer: &Answer) -> Option<String> {
    match labels.get("source") {
        Some(source) => answer.blind.get(source).cloned(),
        // Of all sources together.
        None => answer.blind.values().next().cloned(),
    }
}

/// The same for the same labels, the rule's name among them.
pub(crate) fn fingerprint(labels: &Labels) -> String {
    let mut text = String::new();
    for part in labels.iter().flat_map(|(name, value)| [name, value]) {
        text.push_str(part);
        // As Prometheus does: a byte that stands in no UTF-8 would be better, and cannot be in a string.
        text.push('\0');
    }
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

#[cfg(test)]
pub(crate) mod tests;
