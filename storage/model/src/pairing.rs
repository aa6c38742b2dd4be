//! Which topics hold the retries and the dead letters of which: what a person has pinned, what headers say, what names
//! suggest, in this order.
//!
//! A name makes a candidate, headers confirm it. How a topic gets its role is `role`'s, the collector's and the ledger's
//! business; who counts the origins that dead letters name is the caller's.

mod name;

use std::collections::{BTreeMap, BTreeSet};

use name::Origins;

use crate::TopicRole;

/// Two topics that belong together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Where events failed.
    pub origin: String,
    /// What `destination` holds of them.
    pub role: TopicRole,
    /// Where they went.
    pub destination: String,
    /// Why the two are taken to belong together.
    pub reason: Reason,
    /// Records of `destination` whose headers name this origin; 0 before they were counted.
    pub seen: u64,
}

/// Why two topics are taken to belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A person said so.
    Pinned,
    /// Headers of records say so.
    Headers,
    /// Nothing but the name.
    Name,
}

impl Reason {
    /// The word for people and scripts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Headers => "headers",
            Self::Name => "name",
        }
    }
}

/// What a person has said of a topic's retries and dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Where events fail.
    pub origin: String,
    /// Where they end.
    pub dead_letter: Option<String>,
    /// Where they wait for another attempt.
    pub retry: Option<String>,
}

/// How often records of a topic name an origin in their headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed<'a> {
    /// The topic they stand on.
    pub destination: &'a str,
    /// What they are.
    pub role: TopicRole,
    /// What they name.
    pub origin: &'a str,
    /// How many.
    pub count: u64,
}

/// Pairs the topics of one source, given with their roles, by pins and names; ordered by origin. A topic without a role may
/// be an origin.
pub fn pair<'a>(destinations: impl IntoIterator<Item = (&'a str, Option<TopicRole>)>, pins: &[Pin]) -> Vec<Pair> {
    let (plain, special): (Vec<_>, Vec<_>) = destinations.into_iter().partition(|(_, role)| role.is_none());
    let origins = Origins::new(plain.into_iter().map(|(name, _)| name));
    let mut pairs: Vec<Pair> = pins.iter().flat_map(pinned).collect();
    let taken: BTreeSet<String> = pairs.iter().map(|pair| pair.destination.clone()).collect();
    let free = special.into_iter().filter(|(name, _)| !taken.contains(*name));
    pairs.extend(free.filter_map(|(name, role)| Some(made(origins.named_in(name)?, name, role?, Reason::Name, 0))));
    sorted(pairs)
}

/// Joins what headers say to pairs: a name that they do not bear out is dropped, what nobody guessed is added, and what a
/// person has pinned stays.
pub fn confirm<'a>(pairs: Vec<Pair>, observed: impl IntoIterator<Item = Observed<'a>>) -> Vec<Pair> {
    let mut said: BTreeMap<(&str, &str, TopicRole), u64> = BTreeMap::new();
    for seen in observed.into_iter().filter(|seen| seen.count > 0 && seen.origin != seen.destination) {
        let count = said.entry((seen.destination, seen.origin, seen.role)).or_default();
        *count = count.saturating_add(seen.count);
    }
    let told: BTreeSet<&str> = said.keys().map(|(destination, ..)| *destination).collect();
    let kept = |pair: &Pair| pair.reason == Reason::Pinned || !told.contains(&*pair.destination);
    let mut pairs: Vec<Pair> = pairs.into_iter().filter(kept).collect();
    for ((destination, origin, role), seen) in said {
        let same = |pair: &&mut Pair| (&*pair.destination, &*pair.origin, pair.role) == (destination, origin, role);
        match pairs.iter_mut().find(same) {
            Some(pair) => pair.seen = seen,
            None => pairs.push(made(origin, destination, role, Reason::Headers, seen)),
        }
    }
    sorted(pairs)
}

fn pinned(pin: &Pin) -> impl Iterator<Item = Pair> {
    let pair = |destination: &Option<String>, role| {
        destination.as_ref().map(|destination| made(&pin.origin, destination, role, Reason::Pinned, 0))
    };
    let pairs = [pair(&pin.retry, TopicRole::Retry), pair(&pin.dead_letter, TopicRole::DeadLetter)];
    pairs.into_iter().flatten()
}

fn made(origin: &str, destination: &str, role: TopicRole, reason: Reason, seen: u64) -> Pair {
    Pair { origin: origin.to_owned(), role, destination: destination.to_owned(), reason, seen }
}

fn sorted(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.sort();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests;
