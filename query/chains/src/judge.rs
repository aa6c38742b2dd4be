//! Which tokens connect a chain and which only name something that many chains refer to.
//!
//! The verdict on a token is a function of the rows that hold it and of nothing else: not of where the walk came
//! from, not of what was asked. So chains are the connected components under the tokens that connect, and a chain is
//! the same from each of its IDs.
//!
//! **Hub**: more rows than anybody wants to read. **Reference**: the rows fall apart into several runs of one flow.
//! A customer's rows are OrderPlaced, PaymentAuthorised of one order, and OrderPlaced, PaymentAuthorised of another:
//! grouped by key or another business id they begin with the same type, and nothing declared connects the groups. An
//! order's rows with two shipments do not: the order begins once. Declared links (causation, message id, origin of a
//! dead letter) are believed; a correlation or trace id is, unless it is stale and hangs on event after event of
//! different things.

mod groups;

use std::collections::{BTreeSet, HashMap};

use crate::book::{Book, RowAt, TokenAt};
use crate::error::ChainError;
use crate::row::Role;
use crate::sets::Sets;
use crate::token::Token;
use groups::{Groups, Partition};

/// What the walk does at a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Walks on through all its rows.
    Connects,
    /// Lists it; too many rows.
    Hub,
    /// Lists it: at least this many chains share it.
    Reference(usize),
}

/// Rows read before a token with many is judged: most references show themselves in few.
const SAMPLE: usize = 64;

/// Verdicts found so far.
#[derive(Default)]
pub(crate) struct Judge {
    verdicts: HashMap<TokenAt, Verdict>,
}

/// How much a token's role promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Causation, message id, a place.
    Declared,
    /// Correlation, conversation.
    Correlation,
    /// Trace.
    Trace,
    /// Keys and payload fields.
    Business,
}

impl Judge {
    /// Judges tokens and loads all rows of those that connect. Reads of several tokens are made together.
    pub(crate) fn judge(&mut self, book: &mut Book<'_>, tokens: &[TokenAt]) -> Result<(), ChainError> {
        let new: Vec<TokenAt> = tokens.iter().copied().filter(|token| !self.verdicts.contains_key(token)).collect();
        let (huge, few): (Vec<_>, Vec<_>) =
            new.into_iter().partition(|token| book.total(*token) > book.options.max_members);
        self.verdicts.extend(huge.into_iter().map(|token| (token, Verdict::Hub)));
        book.load(&few, SAMPLE)?;
        let mut open = Vec::new();
        for token in few {
            let verdict = self.look(book, token, SAMPLE)?;
            if book.total(token) > SAMPLE && (verdict == Verdict::Connects || !is_telling(book, token)) {
                open.push(token);
            } else {
                self.verdicts.insert(token, verdict);
            }
        }
        book.load(&open, usize::MAX)?;
        for token in open {
            let verdict = self.look(book, token, usize::MAX)?;
            self.verdicts.insert(token, verdict);
        }
        Ok(())
    }

    /// The verdict on a token.
    pub(crate) fn verdict(&mut self, book: &mut Book<'_>, token: TokenAt) -> Result<Verdict, ChainError> {
        self.judge(book, &[token])?;
        Ok(self.verdicts.get(&token).copied().unwrap_or(Verdict::Hub))
    }

    fn look(&mut self, book: &mut Book<'_>, token: TokenAt, sample: usize) -> Result<Verdict, ChainError> {
        let rows = book.rows_under(token, sample);
        let level = level(book, token, &rows);
        if level == Level::Business && book.total(token) > book.options.hub_rows {
            return Ok(Verdict::Hub);
        }
        let chains = match level {
            Level::Declared => static_message(book, token, &rows),
            _ => match self.repeated_flow(book, token, &rows, level)? {
                None => self.other_things(book, token, &rows, level)?,
                found => found,
            },
        };
        Ok(chains.map_or(Verdict::Connects, Verdict::Reference))
    }

    /// The rows, grouped by another identifier, run through the same flow several times.
    fn repeated_flow(
        &mut self,
        book: &mut Book<'_>,
        token: TokenAt,
        rows: &[RowAt],
        level: Level,
    ) -> Result<Option<usize>, ChainError> {
        if rows.len() < 2 {
            return Ok(None);
        }
        let standing = Standing::of(book, token, rows);
        for partition in groups::partitions(book, token, rows, level == Level::Business) {
            let groups = Groups::new(book, rows, token, &partition);
            if groups.groups.len() < 2 || groups.covered * 2 < rows.len() {
                continue;
            }
            let apart = apart(book, &groups, rows[0], level, standing);
            let apart = groups.substantial(book, apart);
            if apart.len() > 1 {
                let chains = self.components(book, rows, &groups, &apart, level)?;
                if chains > 1 {
                    return Ok(Some(chains));
                }
            }
        }
        Ok(None)
    }

    /// A token that is never a key, on rows of different keys which say themselves that they belong to different
    /// correlations: the order and the support ticket of one customer.
    fn other_things(
        &mut self,
        book: &mut Book<'_>,
        token: TokenAt,
        rows: &[RowAt],
        level: Level,
    ) -> Result<Option<usize>, ChainError> {
        if level == Level::Correlation || Standing::of(book, token, rows) != Standing::OnlyRefers {
            return Ok(None);
        }
        let groups = Groups::new(book, rows, token, &Partition::Key);
        let apart = groups.correlated(book, groups.all());
        let apart = groups.substantial(book, apart);
        if apart.len() < 2 || groups.covered * 2 < rows.len() {
            return Ok(None);
        }
        let chains = self.components(book, rows, &groups, &apart, level)?;
        Ok((chains > 1).then_some(chains))
    }

    /// How many of the groups nothing stronger than the token connects.
    fn components(
        &mut self,
        book: &mut Book<'_>,
        rows: &[RowAt],
        groups: &Groups,
        apart: &BTreeSet<usize>,
        level: Level,
    ) -> Result<usize, ChainError> {
        let mut sets = Sets::new(rows.len() + groups.groups.len());
        for (at, group) in groups.groups.iter().enumerate() {
            group.rows.iter().for_each(|row| sets.join(rows.len() + at, groups.position(*row)));
        }
        let mut holders = HashMap::<TokenAt, Vec<usize>>::new();
        for (position, row) in rows.iter().enumerate() {
            for (token, role) in book.tokens_of(*row) {
                let believed = role.is_none_or(|role| level_of(role) < level);
                if believed {
                    holders.entry(*token).or_default().push(position);
                }
            }
        }
        let mut shared: Vec<_> = holders.into_iter().filter(|(_, at)| at.len() > 1).collect();
        shared.sort_unstable();
        for (token, positions) in shared {
            let joins = positions.iter().any(|at| !sets.same(*at, positions[0]));
            if joins && self.verdict(book, token)? == Verdict::Connects {
                positions.iter().for_each(|at| sets.join(*at, positions[0]));
            }
        }
        Ok(apart.iter().map(|at| sets.root(rows.len() + at)).collect::<BTreeSet<_>>().len())
    }
}

/// The groups that look like runs of the same flow, as far as the standing of the token lets them prove something.
fn apart(book: &Book<'_>, groups: &Groups, first: RowAt, level: Level, standing: Standing) -> BTreeSet<usize> {
    if groups.holds(first) {
        let led = groups.led_by_type_of(book, first);
        if led.len() > 1 {
            return led;
        }
    }
    match standing {
        _ if level < Level::Business => groups.sharing_a_type_with(book, first),
        Standing::OnlyRefers => groups.sharing_a_type(book),
        Standing::SomeKeys => groups.declared(book, groups.led_alike(book)),
        Standing::MostKeys | Standing::Unkeyed => BTreeSet::new(),
    }
}

fn level(book: &Book<'_>, token: TokenAt, rows: &[RowAt]) -> Level {
    if matches!(book.tokens[token], Token::Place(_)) {
        return Level::Declared;
    }
    let held = rows.iter().flat_map(|row| book.tokens_of(*row)).filter(|(held, _)| *held == token);
    held.filter_map(|(_, role)| *role).map(level_of).min().unwrap_or(Level::Business)
}

fn level_of(role: Role) -> Level {
    match role {
        Role::Message | Role::Causation => Level::Declared,
        Role::Correlation | Role::Conversation => Level::Correlation,
        Role::Trace | Role::OriginTrace => Level::Trace,
        Role::Key | Role::Business | Role::Replay => Level::Business,
    }
}

/// Whether a sample of rows may prove that nothing connects them. Rows whose only link is a cause may be connected by
/// rows outside the sample; those of a correlation may be, whatever else they say.
fn is_telling(book: &Book<'_>, token: TokenAt) -> bool {
    let rows = book.rows_under(token, SAMPLE);
    let scoped = |row: &RowAt| book.tokens_of(*row).iter().any(|(_, role)| role.is_some_and(Role::is_scope));
    let caused = |row: &RowAt| book.rows[*row].id(Role::Causation).is_some();
    level(book, token, &rows) == Level::Business && rows.iter().all(|row| scoped(row) || !caused(row))
}

/// A message id that is no id: several things, each with its key, were sent under it.
fn static_message(book: &Book<'_>, token: TokenAt, rows: &[RowAt]) -> Option<usize> {
    let sent: Vec<RowAt> = rows.iter().copied().filter(|row| holds(book, *row, token, Role::Message)).collect();
    let keys: BTreeSet<&str> = sent.iter().filter_map(|row| book.rows[*row].id(Role::Key)).collect();
    (keys.len() > 2).then_some(keys.len())
}

fn holds(book: &Book<'_>, row: RowAt, token: TokenAt, wanted: Role) -> bool {
    book.tokens_of(row).iter().any(|(held, role)| *held == token && *role == Some(wanted))
}

/// Whether the rows of a token are events *of* it or only mention it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It is the message key of at least half of them.
    MostKeys,
    /// Of some.
    SomeKeys,
    /// Other keys are used, never this.
    OnlyRefers,
    /// No row has a key.
    Unkeyed,
}

impl Standing {
    fn of(book: &Book<'_>, token: TokenAt, rows: &[RowAt]) -> Self {
        let key = |row: &&RowAt| holds(book, **row, token, Role::Key);
        let keyed = rows.iter().filter(key).count();
        let any = rows.iter().any(|row| book.rows[*row].id(Role::Key).is_some());
        match keyed {
            0 if any => Self::OnlyRefers,
            0 => Self::Unkeyed,
            _ if keyed * 2 >= rows.len() => Self::MostKeys,
            _ => Self::SomeKeys,
        }
    }
}
