//! What somebody typed, and the rows it means: an address, an ID with its name, or a bare value.

use std::collections::{BTreeMap, BTreeSet};

use tapline_api::IdView;
use tapline_archive::{Hit, Place, View};
use tapline_model::Address;
use tapline_model::id::{self, IdQuery};

use crate::book::{Book, RowAt, TokenAt};
use crate::error::ChainError;
use crate::judge::{Judge, Verdict};
use crate::row::{Role, RowId};
use crate::token::Token;

/// Where a walk begins.
#[derive(Debug)]
pub(crate) struct Start {
    /// The query as understood.
    pub(crate) text: String,
    /// The ID, unless an address was asked for.
    pub(crate) id: Option<IdView>,
    /// Rows that hold it.
    pub(crate) rows: Vec<RowAt>,
    /// Why the walk does not go on from them, if it does not.
    pub(crate) verdict: Verdict,
    /// Rows that hold it in the whole archive, at least.
    pub(crate) total: usize,
    /// Names under which a value was seen, where it could mean several things.
    pub(crate) also: Vec<IdView>,
}

/// Finds the rows of a query.
pub(crate) fn start(book: &mut Book<'_>, judge: &mut Judge, text: &str) -> Result<Start, ChainError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ChainError::Empty);
    }
    if let Some(found) = by_address(book, text)? {
        return Ok(found);
    }
    let found = by_id(book, judge, &parse(book.view(), text))?;
    if !found.rows.is_empty() {
        return Ok(found);
    }
    // A name that no identifier was filed under: its values all stand in a column, such as the key.
    match text.split_once('=').filter(|(name, value)| !name.trim().is_empty() && !value.trim().is_empty()) {
        Some((name, value)) => {
            let name = Some(id::normal_name(name.trim()).into_owned());
            let value = id::normal_value(value).into_owned();
            let named = by_id(book, judge, &IdQuery { name, value })?;
            Ok(if named.rows.is_empty() { found } else { named })
        }
        None => Ok(found),
    }
}

/// A query's ID: `name=value` if the archive knows the name, else the whole text.
pub fn parse(view: &View, text: &str) -> IdQuery {
    let mut query = IdQuery::parse(text, |name| view.knows_name(name));
    // A trace id of 16 digits is stored padded; nothing else is asked for by 16 hexadecimal digits with a letter.
    let short_trace = query.value.len() == 16 && !query.value.bytes().all(|b| b.is_ascii_digit());
    if query.name.is_none() && short_trace && view.lookup(query.hash(), 1).total == 0 {
        query.value = id::normal_trace_id(&query.value).unwrap_or(query.value);
    }
    query
}

fn by_address(book: &mut Book<'_>, text: &str) -> Result<Option<Start>, ChainError> {
    let Ok(address) = Address::parse(text) else { return Ok(None) };
    let rows = rows_at(book, &address)?;
    // An identifier may have three slashes as well.
    if rows.is_empty() && book.view().lookup(id::hash_value(&id::normal_value(text)), 1).total > 0 {
        return Ok(None);
    }
    let total = rows.len();
    let text = address.to_string();
    Ok(Some(Start { text, id: None, rows, verdict: Verdict::Connects, total, also: Vec::new() }))
}

/// The rows at an address: one, unless a broker gave the place twice.
pub(crate) fn rows_at(book: &mut Book<'_>, address: &Address) -> Result<Vec<RowAt>, ChainError> {
    let lookup = book.view().lookup(address.hash(), 16);
    book.unread.extend(lookup.unasked);
    let hits = lookup.hits;
    book.load_hits(&hits)?;
    let rows = hits.iter().filter_map(|hit| book.row_at(hit));
    Ok(rows.filter(|row| book.rows[*row].address == *address).collect())
}

fn by_id(book: &mut Book<'_>, judge: &mut Judge, query: &IdQuery) -> Result<Start, ChainError> {
    if query.value.len() > id::MAX_VALUE {
        return Err(ChainError::TooLong(query.value.len()));
    }
    let (hits, unasked) = newest(book.view(), query.hash(), book.options.max_members);
    book.unread.extend(unasked);
    book.load_hits(&hits)?;
    let mut readings = readings(book, &hits, query);
    let Some(token) = choose(book, judge, &readings)? else { return Ok(nothing(query)) };
    let also = also(book, &readings, token, query);
    let rows = readings.remove(&token).unwrap_or_default();
    let verdict = match token {
        Some(token) => judge.verdict(book, token)?,
        None => Verdict::Hub,
    };
    let shown = shown_as(book, &rows, query);
    let total = match token {
        Some(token) => book.total(token).max(rows.len()),
        None => rows.len(),
    };
    let start = Start { text: format!("{}={}", shown.name, shown.value), id: Some(shown), rows, verdict, total, also };
    Ok(if query.name.is_none() && start.also.is_empty() && !id::is_weak(&query.value) {
        Start { text: query.value.clone(), ..start }
    } else {
        start
    })
}

type Readings = BTreeMap<Option<TokenAt>, Vec<RowAt>>;

/// What the value means: rows by the token under which they hold it. A strong value has one meaning.
fn readings(book: &Book<'_>, hits: &[Hit], query: &IdQuery) -> Readings {
    let mut readings = Readings::new();
    for row in hits.iter().filter_map(|hit| book.row_at(hit)) {
        for id in book.rows[row].ids.iter().filter(|id| is_meant(id, query)) {
            let token = Token::of(&book.rows[row], id).and_then(|token| book.known(&token));
            let rows = readings.entry(token).or_default();
            if rows.last() != Some(&row) {
                rows.push(row);
            }
        }
    }
    for rows in readings.values_mut() {
        book.sort(rows);
        rows.dedup();
    }
    readings
}

/// A strong value in a column is listed under no other name, so a column answers for any name.
pub(crate) fn is_meant(id: &RowId, query: &IdQuery) -> bool {
    let named = |name: &str| *id.normal == *name || (id.role != Role::Business && !id::is_weak(&id.value));
    *id.value == *query.value && query.name.as_deref().is_none_or(named)
}

/// The reading that connects most rows; where none connects, the one with most. `None` without any.
fn choose(book: &mut Book<'_>, judge: &mut Judge, readings: &Readings) -> Result<Option<Option<TokenAt>>, ChainError> {
    let mut best: Option<((bool, usize), Option<TokenAt>)> = None;
    for (token, rows) in readings {
        let connects = match token {
            Some(token) => judge.verdict(book, *token)? == Verdict::Connects,
            None => false,
        };
        let rank = (connects, rows.len());
        // Of equals the first stays.
        if best.is_none_or(|(most, _)| rank > most) {
            best = Some((rank, *token));
        }
    }
    Ok(best.map(|(_, token)| token))
}

fn nothing(query: &IdQuery) -> Start {
    let text = query.name.as_ref().map_or_else(|| query.value.clone(), |name| format!("{name}={}", query.value));
    let id = query.name.as_ref().map(|name| IdView { name: name.clone(), value: query.value.clone() });
    Start { text, id, rows: Vec::new(), verdict: Verdict::Connects, total: 0, also: Vec::new() }
}

/// The ID with the name asked for, else the name that says most, as most often spelled.
fn shown_as(book: &Book<'_>, rows: &[RowAt], query: &IdQuery) -> IdView {
    let mut spellings = BTreeMap::<(bool, bool, &str), usize>::new();
    for row in rows {
        for id in book.rows[*row].ids.iter().filter(|id| *id.value == *query.value) {
            let asked = query.name.as_deref() == Some(&id.normal);
            *spellings.entry((asked, id.role == Role::Business, &id.name)).or_default() += 1;
        }
    }
    let best = spellings.iter().max_by_key(|((asked, business, _), count)| (*asked, *business, **count));
    let name = best.map(|((_, _, name), _)| (*name).to_owned());
    let name = name.or_else(|| query.name.clone()).unwrap_or_else(|| "id".to_owned());
    IdView { name, value: query.value.clone() }
}

/// The names of the other readings.
fn also(book: &Book<'_>, readings: &Readings, chosen: Option<TokenAt>, query: &IdQuery) -> Vec<IdView> {
    let mut names = BTreeSet::new();
    for (token, rows) in readings.iter().filter(|(token, _)| **token != chosen) {
        let ids = rows.iter().flat_map(|row| book.rows[*row].ids.iter().map(move |id| (row, id)));
        let same = ids.filter(|(row, id)| {
            is_meant(id, query) && Token::of(&book.rows[**row], id).and_then(|token| book.known(&token)) == *token
        });
        names.extend(same.map(|(_, id)| (id.name.to_string(), query.value.clone())));
    }
    names.into_iter().map(|(name, value)| IdView { name, value }).collect()
}

/// The newest rows under a hash, memory first, then files from the newest on; and the files that could not be asked.
pub(crate) fn newest(view: &View, hash: u64, limit: usize) -> (Vec<Hit>, Vec<String>) {
    /// Rows read of one file's index where a hub fills it.
    const OF_ONE_FILE: usize = 200_000;
    let (mut hits, mut unasked) = (Vec::new(), Vec::new());
    for (at, chunk) in view.hot.iter().enumerate().rev() {
        let rows: Vec<u32> = chunk.rows(hash).collect();
        hits.extend(rows.into_iter().rev().map(|row| Hit { place: Place::Hot(at), row }));
        if hits.len() >= limit {
            break;
        }
    }
    for (at, file) in view.files.iter().enumerate().rev() {
        if hits.len() >= limit {
            break;
        }
        match view.reader.find(file, hash, OF_ONE_FILE) {
            Ok((rows, _)) => hits.extend(rows.into_iter().rev().map(|row| Hit { place: Place::File(at), row })),
            Err(_) => unasked.push(file.path.clone()),
        }
    }
    let beside = view.lookup_beside(hash, limit.saturating_sub(hits.len()));
    hits.extend(beside.hits);
    unasked.extend(beside.unasked);
    hits.truncate(limit);
    (hits, unasked)
}
