//! From rows to the tokens they hold, and on to the rows that hold those, within the budget.

#[cfg(test)]
mod same_chain;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::book::{Book, RowAt, TokenAt};
use crate::error::ChainError;
use crate::judge::{Judge, Verdict};

/// Tokens looked up between two looks at the budget: events may hold 64 identifiers each, made up to be looked up.
const AT_ONCE: usize = 4_096;

/// The rows of one chain.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// With the number of steps from the start.
    pub(crate) members: BTreeMap<RowAt, u32>,
    /// Tokens of members that were not walked.
    pub(crate) hubs: BTreeMap<TokenAt, Verdict>,
    /// Tokens that were.
    pub(crate) connecting: BTreeSet<TokenAt>,
    /// True when the budget ended it.
    pub(crate) truncated: bool,
}

impl Walk {
    /// Everything that `start` is connected with.
    pub(crate) fn from(book: &mut Book<'_>, judge: &mut Judge, start: &[RowAt]) -> Result<Self, ChainError> {
        let mut walk = Self::default();
        walk.members.extend(start.iter().map(|row| (*row, 0)));
        let (mut frontier, mut depth) = (start.to_vec(), 0);
        while !frontier.is_empty() {
            if book.is_spent() {
                walk.truncated = true;
                break;
            }
            depth += 1;
            let tokens = walk.new_tokens(book, &frontier);
            frontier.clear();
            for tokens in tokens.chunks(AT_ONCE) {
                if book.is_spent() {
                    walk.truncated = true;
                    return Ok(walk);
                }
                judge.judge(book, tokens)?;
                for token in tokens {
                    walk.step(book, judge, *token, depth, &mut frontier)?;
                }
            }
        }
        Ok(walk)
    }

    /// Shows rows without walking on.
    pub(crate) fn only(rows: &[RowAt]) -> Self {
        Self { members: rows.iter().map(|row| (*row, 0)).collect(), ..Self::default() }
    }

    fn new_tokens(&self, book: &Book<'_>, frontier: &[RowAt]) -> Vec<TokenAt> {
        let held = frontier.iter().flat_map(|row| book.tokens_of(*row)).map(|(token, _)| *token);
        let new = held.filter(|token| !self.connecting.contains(token) && !self.hubs.contains_key(token));
        new.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn step(
        &mut self,
        book: &mut Book<'_>,
        judge: &mut Judge,
        token: TokenAt,
        depth: u32,
        frontier: &mut Vec<RowAt>,
    ) -> Result<(), ChainError> {
        let verdict = judge.verdict(book, token)?;
        if verdict != Verdict::Connects {
            self.hubs.insert(token, verdict);
            return Ok(());
        }
        self.connecting.insert(token);
        for row in book.rows_under(token, usize::MAX) {
            if self.members.contains_key(&row) {
                continue;
            }
            if self.members.len() >= book.options.max_members {
                self.truncated = true;
                return Ok(());
            }
            self.members.insert(row, depth);
            frontier.push(row);
        }
        Ok(())
    }
}
