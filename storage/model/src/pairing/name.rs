//! The topic that a retry or dead-letter topic is named after.

use std::collections::HashMap;
use std::ops::Range;

use crate::role::{is_number, is_word};

/// Topics that may be origins.
pub(super) struct Origins<'a>(HashMap<&'a str, &'a str>);

const SEPARATORS: [char; 4] = ['.', '_', '-', '/'];
/// A name of more words is nobody's, and would be looked at in too many ways.
const MAX_WORDS: usize = 32;

impl<'a> Origins<'a> {
    pub(super) fn new(names: impl Iterator<Item = &'a str>) -> Self {
        Self(names.map(|name| (without_fifo(name), name)).collect())
    }

    /// The one that is left of a topic's name without the words of its role and the numbers at its end: the whole rest
    /// rather than a part of it, the longest of several. The other part is a group or a subscription, which stands behind
    /// the origin, but before it where delays are numbered (`<group>-<topic>-delay-<n>`).
    pub(super) fn named_in(&self, topic: &str) -> Option<&'a str> {
        let name = Name::new(without_fifo(topic))?;
        let delayed = name.words().any(|word| word.eq_ignore_ascii_case("delay"));
        let (start, end) = if delayed { (1, 2) } else { (2, 1) };
        let rests = name.rests();
        let found = rests.iter().flat_map(|rest| {
            let whole = self.0.get(&**rest).map(|origin| (3, *origin));
            let first = self.first_of(rest).map(|origin| (start, origin));
            [whole, first, self.last_of(rest).map(|origin| (end, origin))].into_iter().flatten()
        });
        found.max_by_key(|(fit, origin)| (*fit, origin.len())).map(|(_, origin)| origin)
    }

    fn first_of(&self, rest: &str) -> Option<&'a str> {
        rest.rmatch_indices(SEPARATORS).find_map(|(at, _)| self.0.get(&rest[..at])).copied()
    }

    fn last_of(&self, rest: &str) -> Option<&'a str> {
        rest.match_indices(SEPARATORS).find_map(|(at, _)| self.0.get(&rest[at + 1..])).copied()
    }
}

/// SQS wants this at the end of an ordered queue's name, whatever else the name says.
fn without_fifo(name: &str) -> &str {
    name.strip_suffix(".fifo").unwrap_or(name)
}

/// A name without the attempts or delays at its end.
struct Name<'t> {
    text: &'t str,
    words: Vec<Range<usize>>,
}

impl<'t> Name<'t> {
    fn new(text: &'t str) -> Option<Self> {
        let mut start = 0;
        let ends = text.match_indices(SEPARATORS).map(|(at, _)| at).chain([text.len()]);
        let words: Vec<_> = ends.map(|end| std::mem::replace(&mut start, end + 1)..end).take(MAX_WORDS + 1).collect();
        if words.len() > MAX_WORDS {
            return None;
        }
        let mut name = Self { text, words };
        let numbers = name.words().rev().take(2).take_while(|word| is_number(word)).count();
        let kept = name.words.len().checked_sub(numbers + 1)?;
        // Other numbers are a part of the origin's name.
        if name.is_role(kept) {
            name.text = &text[..name.words[kept].end];
            name.words.truncate(kept + 1);
        }
        Some(name)
    }

    fn words(&self) -> impl DoubleEndedIterator<Item = &'t str> {
        self.words.iter().map(|word| &self.text[word.clone()])
    }

    fn is_role(&self, at: usize) -> bool {
        let word = |at: usize| self.words.get(at).map_or("", |word| &self.text[word.clone()]);
        // `dead-letter-topic-orders`
        let carrier = ["topic", "queue"].iter().any(|known| word(at).eq_ignore_ascii_case(known));
        is_word(word(at)) || (carrier && at > 0 && is_word(word(at - 1)))
    }

    /// What is left without each run of words that may tell the role; all of it if none does.
    fn rests(&self) -> Vec<String> {
        let begins = (0..self.words.len()).filter(|at| self.is_role(*at));
        let runs = begins.flat_map(|begin| {
            let more = (begin..self.words.len()).take_while(|at| self.is_role(*at));
            more.map(move |last| begin..last + 1)
        });
        let rests: Vec<String> = runs.map(|run| self.without(run)).collect();
        if rests.is_empty() { vec![self.text.to_owned()] } else { rests }
    }

    fn without(&self, run: Range<usize>) -> String {
        let before = &self.text[..self.words[run.start].start];
        let behind = self.words.get(run.end).map_or("", |next| &self.text[next.start..]);
        match behind {
            "" => before.trim_end_matches(SEPARATORS).to_owned(),
            _ => [before, behind].concat(),
        }
    }
}
