//! The rows and tokens that one answer has read so far, each once, within its budget.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use tapline_archive::{ArchiveError, Hit, Ledger, View};
use tapline_index::keys::origin_hash;
use tapline_model::{Address, id};

use crate::error::ChainError;
use crate::options::ChainOptions;
use crate::row::{self, Role, Row};
use crate::token::{self, Lives, Token};

/// Index of a row of a [`Book`].
pub(crate) type RowAt = usize;
/// Index of a token of a [`Book`].
pub(crate) type TokenAt = usize;

/// What the index says of a token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// The first ones.
    hits: Vec<Hit>,
    /// All, including rows that hold another value with the same hash.
    pub(crate) total: usize,
}

/// See the module.
pub(crate) struct Book<'v> {
    view: &'v View,
    pub(crate) options: &'v ChainOptions,
    lives: Lives,
    started: Instant,
    pub(crate) rows: Vec<Row>,
    by_hit: HashMap<Hit, RowAt>,
    /// By hash of the address.
    by_address: HashMap<u64, RowAt>,
    pub(crate) tokens: Vec<Token>,
    by_token: HashMap<Token, TokenAt>,
    row_tokens: Vec<Vec<(TokenAt, Option<Role>)>>,
    found: HashMap<TokenAt, Found>,
    lookups: usize,
    /// Files that could not be asked or read.
    pub(crate) unread: BTreeSet<String>,
}

impl<'v> Book<'v> {
    pub(crate) fn new(view: &'v View, ledger: &Ledger, options: &'v ChainOptions) -> Self {
        Self {
            view,
            options,
            lives: Lives::new(ledger),
            started: Instant::now(),
            rows: Vec::new(),
            by_hit: HashMap::new(),
            by_address: HashMap::new(),
            tokens: Vec::new(),
            by_token: HashMap::new(),
            row_tokens: Vec::new(),
            found: HashMap::new(),
            lookups: 0,
            unread: BTreeSet::new(),
        }
    }

    pub(crate) fn view(&self) -> &'v View {
        self.view
    }

    pub(crate) fn elapsed_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1_000.0
    }

    /// True when time or look-ups are used up.
    pub(crate) fn is_spent(&self) -> bool {
        self.lookups >= self.options.max_lookups || self.started.elapsed() >= self.options.time_budget
    }

    /// The number of a token.
    pub(crate) fn token(&mut self, token: Token) -> TokenAt {
        if let Some(at) = self.by_token.get(&token) {
            return *at;
        }
        self.tokens.push(token.clone());
        self.by_token.insert(token, self.tokens.len() - 1);
        self.tokens.len() - 1
    }

    /// The number of a token that was met already.
    pub(crate) fn known(&self, token: &Token) -> Option<TokenAt> {
        self.by_token.get(token).copied()
    }

    /// Tokens of a row with what they say of it; `None` for places.
    pub(crate) fn tokens_of(&self, row: RowAt) -> &[(TokenAt, Option<Role>)] {
        &self.row_tokens[row]
    }

    /// The address that a dead letter or retry names as its origin.
    pub(crate) fn origin(&self, row: RowAt) -> Option<Address> {
        let row = &self.rows[row];
        Some(self.lives.address(&row.address.source, row.origin.as_ref()?, row.at()))
    }

    /// How many rows stand under a token, at least those that hold it.
    pub(crate) fn total(&mut self, token: TokenAt) -> usize {
        self.look_up(token);
        self.found[&token].total
    }

    /// [`Self::total`] of a token that was looked up before.
    pub(crate) fn found_total(&self, token: TokenAt) -> usize {
        self.found.get(&token).map_or(0, |found| found.total)
    }

    fn look_up(&mut self, token: TokenAt) {
        if self.found.contains_key(&token) {
            return;
        }
        let limit = self.options.max_members + 1;
        let mut found = Found::default();
        let hashes = match &self.tokens[token] {
            Token::Value(value) | Token::Named { value, .. } => vec![id::hash_value(value)],
            Token::Place(place) => place_hashes(place),
        };
        for hash in hashes {
            let lookup = self.view.lookup(hash, limit);
            found.hits.extend(lookup.hits);
            found.total += lookup.total;
            self.unread.extend(lookup.unasked);
            self.lookups += 1;
        }
        self.found.insert(token, found);
    }

    /// Reads the rows under tokens: all of them, or the first `sample` of each, which stand in few files.
    pub(crate) fn load(&mut self, tokens: &[TokenAt], sample: usize) -> Result<(), ChainError> {
        let mut hits = Vec::new();
        for token in tokens {
            self.look_up(*token);
            hits.extend(self.found[token].hits.iter().take(sample));
        }
        self.load_hits(&hits)
    }

    /// Rows that really hold a token, in order, as far as they were loaded.
    pub(crate) fn rows_under(&self, token: TokenAt, sample: usize) -> Vec<RowAt> {
        let Some(found) = self.found.get(&token) else { return Vec::new() };
        let loaded = found.hits.iter().take(sample).filter_map(|hit| self.by_hit.get(hit).copied());
        let mut rows: Vec<RowAt> =
            loaded.filter(|row| self.row_tokens[*row].iter().any(|(held, _)| *held == token)).collect();
        self.sort(&mut rows);
        rows.dedup();
        rows
    }

    /// Reads rows by where the index found them.
    pub(crate) fn load_hits(&mut self, hits: &[Hit]) -> Result<(), ChainError> {
        let mut wanted: Vec<Hit> = hits.iter().copied().filter(|hit| !self.by_hit.contains_key(hit)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        let columns: Vec<&str> = row::COLUMNS.into_iter().chain([row::SIZE]).collect();
        let (fetched, faults) = self.view.fetch(&wanted, &columns);
        self.unread.extend(faults.into_iter().map(|fault| match fault {
            // As a look-up names it, so that it is listed once.
            ArchiveError::Damaged { path, .. } => path,
            other => other.to_string(),
        }));
        for part in fetched {
            for (row, number) in row::read(&part.batch)?.into_iter().zip(part.rows) {
                let hit = Hit { place: part.place, row: number };
                self.push(hit, row);
            }
        }
        Ok(())
    }

    /// The row at a hit, once loaded.
    pub(crate) fn row_at(&self, hit: &Hit) -> Option<RowAt> {
        self.by_hit.get(hit).copied()
    }

    fn push(&mut self, hit: Hit, row: Row) {
        // A record that was looked up may have been read by a tap since.
        let address = row.address.hash();
        let known = self.by_address.get(&address).copied().filter(|known| {
            let known = &self.rows[*known];
            (&known.text, known.time, known.size) == (&row.text, row.time, row.size)
        });
        if let Some(known) = known {
            self.by_hit.insert(hit, known);
            return;
        }
        self.by_address.insert(address, self.rows.len());
        let mut held = Vec::new();
        for (token, role) in token::tokens(&row, &self.lives) {
            let token = self.token(token);
            held.push((token, role));
        }
        self.by_hit.insert(hit, self.rows.len());
        self.rows.push(row);
        self.row_tokens.push(held);
    }

    /// Orders rows by time, then address.
    pub(crate) fn sort(&self, rows: &mut [RowAt]) {
        rows.sort_by(|a, b| self.rows[*a].order().cmp(&self.rows[*b].order()));
    }
}

/// The event at a place, and what names it as its origin.
fn place_hashes(place: &Address) -> Vec<u64> {
    let copies = place.partition.zip(place.position.parse::<i64>().ok());
    let copies = copies.map(|(partition, offset)| origin_hash(&place.source, &place.destination, partition, offset));
    std::iter::once(place.hash()).chain(copies).collect()
}
