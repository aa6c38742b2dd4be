//! Rows under a token, grouped by what else they hold. What the groups prove is the judge's business.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::book::{Book, RowAt, TokenAt};
use crate::row::Role;
use crate::token::Token;
use crate::wording;

/// By what rows are grouped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Partition {
    /// The message key.
    Key,
    /// A business id with this normalised name.
    Business(Box<str>),
    /// Correlation, conversation or trace.
    Scope(Role),
}

/// Rows that share a value.
#[derive(Debug)]
pub(super) struct Group {
    token: TokenAt,
    /// In order.
    pub(super) rows: Vec<RowAt>,
}

/// Rows under one token by the values of one partition.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) groups: Vec<Group>,
    /// Rows in a group.
    pub(super) covered: usize,
    partition: Partition,
    token: TokenAt,
    positions: HashMap<RowAt, usize>,
}

/// What the rows can be grouped by, the most telling first. Names of which a row holds several values group nothing.
pub(super) fn partitions(book: &Book<'_>, token: TokenAt, rows: &[RowAt], scopes: bool) -> Vec<Partition> {
    let mut names = BTreeMap::<Box<str>, (BTreeSet<&str>, bool)>::new();
    for row in rows {
        let mut of_row = BTreeMap::<&str, &str>::new();
        for id in book.rows[*row].ids.iter().filter(|id| id.role == Role::Business) {
            let several = of_row.insert(&id.normal, &id.value).is_some_and(|other| other != &*id.value);
            let name = names.entry(id.normal.clone()).or_default();
            name.0.insert(&id.value);
            name.1 |= several;
        }
    }
    let value = match &book.tokens[token] {
        Token::Value(value) | Token::Named { value, .. } => Some(value),
        Token::Place(_) => None,
    };
    let splits = |(values, several): &(BTreeSet<&str>, bool)| {
        !several && values.iter().filter(|held| value.is_none_or(|value| **held != &**value)).count() > 1
    };
    let business = names.iter().filter(|(_, found)| splits(found)).map(|(name, _)| Partition::Business(name.clone()));
    let scopes = if scopes { &[Role::Conversation, Role::Correlation, Role::Trace][..] } else { &[] };
    std::iter::once(Partition::Key).chain(business).chain(scopes.iter().map(|role| Partition::Scope(*role))).collect()
}

impl Groups {
    /// Groups `rows`, which are in order; those that hold `token` itself as the value stay outside.
    pub(super) fn new(book: &Book<'_>, rows: &[RowAt], token: TokenAt, partition: &Partition) -> Self {
        let mut by_value = BTreeMap::<TokenAt, Vec<RowAt>>::new();
        for row in rows {
            if let Some(value) = value_of(book, *row, partition).filter(|value| *value != token) {
                by_value.entry(value).or_default().push(*row);
            }
        }
        let groups: Vec<Group> = by_value.into_iter().map(|(token, rows)| Group { token, rows }).collect();
        Self {
            covered: groups.iter().map(|group| group.rows.len()).sum(),
            groups,
            partition: partition.clone(),
            token,
            positions: rows.iter().enumerate().map(|(position, row)| (*row, position)).collect(),
        }
    }

    pub(super) fn all(&self) -> BTreeSet<usize> {
        (0..self.groups.len()).collect()
    }

    pub(super) fn position(&self, row: RowAt) -> usize {
        self.positions[&row]
    }

    pub(super) fn holds(&self, row: RowAt) -> bool {
        self.groups.iter().any(|group| group.rows.contains(&row))
    }

    /// Groups that begin with the type of `first`.
    pub(super) fn led_by_type_of(&self, book: &Book<'_>, first: RowAt) -> BTreeSet<usize> {
        self.led_by(book, book.rows[first].kind())
    }

    /// Groups that begin with the type with which the earliest of them begins.
    pub(super) fn led_alike(&self, book: &Book<'_>) -> BTreeSet<usize> {
        let leads = self.groups.iter().map(|group| group.rows[0]);
        let first = leads.min_by(|a, b| book.rows[*a].order().cmp(&book.rows[*b].order()));
        first.map_or_else(BTreeSet::new, |first| self.led_by_type_of(book, first))
    }

    fn led_by(&self, book: &Book<'_>, kind: &str) -> BTreeSet<usize> {
        let led = |group: &Group| book.rows[group.rows[0]].kind() == kind;
        (0..self.groups.len()).filter(|at| led(&self.groups[*at])).collect()
    }

    /// The largest set of groups that all hold one type.
    pub(super) fn sharing_a_type(&self, book: &Book<'_>) -> BTreeSet<usize> {
        if matches!(self.partition, Partition::Scope(_)) {
            // Every request has a trace; that two requests made the same kind of event proves nothing.
            return BTreeSet::new();
        }
        let mut holders = BTreeMap::<&str, BTreeSet<usize>>::new();
        for (at, group) in self.groups.iter().enumerate() {
            for row in &group.rows {
                holders.entry(book.rows[*row].kind()).or_default().insert(at);
            }
        }
        holders.into_values().max_by_key(BTreeSet::len).unwrap_or_default()
    }

    /// The group of the first row and those that share a type with it: in a trace that outlived its request, the same
    /// steps of other things. Only keys prove it; other ids of an order (who worked on it) change along its way.
    pub(super) fn sharing_a_type_with(&self, book: &Book<'_>, first: RowAt) -> BTreeSet<usize> {
        let first = self.groups.iter().find(|group| group.rows.contains(&first));
        let Some(first) = first.filter(|_| self.partition == Partition::Key) else { return BTreeSet::new() };
        let kinds: BTreeSet<&str> = first.rows.iter().map(|row| book.rows[*row].kind()).collect();
        let shares = |group: &Group| group.rows.iter().any(|row| kinds.contains(book.rows[*row].kind()));
        (0..self.groups.len()).filter(|at| shares(&self.groups[*at])).collect()
    }

    /// Of the groups at `of` those whose value stands on more than one row: an id made for a single event groups
    /// nothing, but under a key that is a category. Keys are believed, unless they look like made at random to spread
    /// load.
    pub(super) fn substantial(&self, book: &mut Book<'_>, mut of: BTreeSet<usize>) -> BTreeSet<usize> {
        let keys = self.partition == Partition::Key;
        let believed = if keys { !self.is_about_the_token(book) } else { book.tokens[self.token].is_category() };
        if believed {
            return of;
        }
        let several = |at: &usize| self.groups[*at].rows.len() > 1 || book.total(self.groups[*at].token) > 1;
        if !keys {
            of.retain(several);
        } else if !of.iter().any(several) {
            of.clear();
        }
        of
    }

    /// Whether the rows may be events of the judged value itself: its name is not one of those that stories only mention,
    /// or their topics or types are called after it; and no row has a name for its key.
    fn is_about_the_token(&self, book: &Book<'_>) -> bool {
        let all = self.groups.iter().flat_map(|group| group.rows.iter().map(move |row| (group.token, *row)));
        let named = |(key, row)| book.tokens_of(row).contains(&(key, Some(Role::Business)));
        let is_own = |row: RowAt, thing: &str| !wording::is_mentioned(thing) || book.rows[row].is_about(thing);
        let own = |(_, row)| names_of(book, row, self.token).any(|name| is_own(row, &name));
        self.groups.iter().all(|group| group.rows.len() == 1) && !all.clone().any(named) && all.clone().all(own)
    }

    /// Of the groups at `of` those that say by a correlation, trace or cause where they belong.
    pub(super) fn declared(&self, book: &Book<'_>, of: BTreeSet<usize>) -> BTreeSet<usize> {
        let scope = [Role::Causation, Role::Correlation, Role::Conversation, Role::Trace];
        self.having(book, of, &scope)
    }

    /// Of the groups at `of` those with a correlation or conversation.
    pub(super) fn correlated(&self, book: &Book<'_>, of: BTreeSet<usize>) -> BTreeSet<usize> {
        self.having(book, of, &[Role::Correlation, Role::Conversation])
    }

    fn having(&self, book: &Book<'_>, of: BTreeSet<usize>, roles: &[Role]) -> BTreeSet<usize> {
        let has = |row: &RowAt| roles.iter().any(|role| book.rows[*row].id(*role).is_some());
        of.into_iter().filter(|at| self.groups[*at].rows.iter().any(has)).collect()
    }
}

/// What a row calls the thing that a token names.
fn names_of(book: &Book<'_>, row: RowAt, token: TokenAt) -> impl Iterator<Item = String> {
    let business = book.rows[row].ids.iter().filter(|id| id.role == Role::Business);
    let held = business.filter(move |id| Token::of(&book.rows[row], id).as_ref() == Some(&book.tokens[token]));
    held.filter_map(|id| wording::noun(&id.name))
}

/// The value of a row; a key that is the message's own id names nothing.
fn value_of(book: &Book<'_>, row: RowAt, partition: &Partition) -> Option<TokenAt> {
    let role = match partition {
        Partition::Key => Role::Key,
        Partition::Scope(role) => *role,
        Partition::Business(name) => {
            let row_ids = &book.rows[row].ids;
            let id = row_ids.iter().find(|id| id.role == Role::Business && id.normal == *name)?;
            return book.known(&Token::of(&book.rows[row], id)?);
        }
    };
    let held = book.tokens_of(row).iter().find(|(_, held)| *held == Some(role)).map(|(token, _)| *token)?;
    let is_message = book.tokens_of(row).contains(&(held, Some(Role::Message)));
    (!is_message).then_some(held)
}
