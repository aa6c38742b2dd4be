//! Edges that headers declare.

use std::collections::{BTreeMap, HashMap};

use tapline_api::EdgeRule;

use super::Link;
use crate::book::{Book, RowAt};
use crate::row::{Role, Row};

/// All declared edges among rows.
pub(crate) fn declared(book: &Book<'_>, members: &[RowAt]) -> Vec<Link> {
    let mut rows = members.to_vec();
    book.sort(&mut rows);
    let by_address: HashMap<&str, RowAt> = rows.iter().map(|row| (&*book.rows[*row].text, *row)).collect();
    let mut links = origins(book, &rows, &by_address);
    let mut copied: HashMap<RowAt, ()> = links.iter().map(|link| (link.to, ())).collect();
    let put_back = put_back(book, &rows, &by_address);
    copied.extend(put_back.iter().map(|link| (link.to, ())));
    links.extend(put_back);
    let again = repeats(book, &rows, &copied);
    copied.extend(again.iter().map(|link| (link.to, ())));
    links.extend(again);
    links.extend(causes(book, &rows, &copied));
    links
}

/// Dead letters and retries: the event, its retries in the order of their attempts, the dead letter.
fn origins(book: &Book<'_>, rows: &[RowAt], by_address: &HashMap<&str, RowAt>) -> Vec<Link> {
    let mut copies = BTreeMap::<String, Vec<RowAt>>::new();
    for row in rows {
        if let Some(origin) = book.origin(*row) {
            copies.entry(origin.to_string()).or_default().push(*row);
        }
    }
    let mut links = Vec::new();
    for (origin, mut copies) in copies {
        copies.sort_by(|a, b| hop(&book.rows[*a]).cmp(&hop(&book.rows[*b])));
        let mut before = by_address.get(&*origin).copied();
        for copy in copies {
            if let Some(from) = before.filter(|from| *from != copy) {
                links.push(origin_link(book, from, copy));
            }
            if before.is_none() || book.rows[copy].retry.is_some() {
                before = Some(copy);
            }
        }
    }
    links
}

/// Retries before the dead letters they end in; attempts decide, clocks only where they are silent.
fn hop(row: &Row) -> (bool, i32, i64, &str) {
    (row.dead.is_some(), row.retry.unwrap_or(0), row.at(), &row.text)
}

fn origin_link(book: &Book<'_>, from: RowAt, to: RowAt) -> Link {
    let row = &book.rows[to];
    let origin = row.origin.as_ref();
    let place = origin.map_or_else(String::new, |o| format!("`{}`/{}/{}", o.destination, o.partition, o.offset));
    let destination = &row.address.destination;
    let evidence = match (row.retry, book.rows[from].retry) {
        (Some(attempt), _) if attempt > 0 => {
            format!("`{destination}` holds attempt {attempt} of the event that stood at {place}")
        }
        (None, Some(_)) => format!("`{destination}` names {place} as its origin; this was the attempt before"),
        _ => format!("`{destination}` names {place} as its origin"),
    };
    Link { from, to, rule: EdgeRule::DeadLetter, evidence }
}

/// What a replay put back, by what its header says: events need no message id for it.
fn put_back(book: &Book<'_>, rows: &[RowAt], by_address: &HashMap<&str, RowAt>) -> Vec<Link> {
    let link = |to: &RowAt| {
        let origin = book.rows[*to].repeats.as_ref()?.to_string();
        let from = *by_address.get(&*origin).filter(|from| *from != to)?;
        let replay = book.rows[*to].id(Role::Replay).unwrap_or("of another tool");
        Some(Link { from, to: *to, rule: EdgeRule::Replay, evidence: format!("replay `{replay}` put `{origin}` back") })
    };
    rows.iter().filter_map(link).collect()
}

/// The same message id once more: a replay of ours, or a duplicate.
fn repeats(book: &Book<'_>, rows: &[RowAt], copied: &HashMap<RowAt, ()>) -> Vec<Link> {
    let mut by_message = BTreeMap::<&str, Vec<RowAt>>::new();
    for row in rows {
        if let Some(message) = book.rows[*row].id(Role::Message) {
            by_message.entry(message).or_default().push(*row);
        }
    }
    let mut links = Vec::new();
    for (message, same) in by_message {
        for (at, to) in same.iter().enumerate().skip(1).filter(|(_, to)| !copied.contains_key(to)) {
            let replay = book.rows[*to].id(Role::Replay);
            // A replay puts back the dead letter; a duplicate repeats the first.
            let dead = same[..at].iter().rfind(|row| book.rows[**row].dead.is_some());
            let from = if replay.is_some() { dead.unwrap_or(&same[0]) } else { &same[0] };
            links.push(match replay {
                Some(replay) => Link {
                    from: *from,
                    to: *to,
                    rule: EdgeRule::Replay,
                    evidence: format!("replay `{replay}` put message `{message}` back"),
                },
                None => Link {
                    from: *from,
                    to: *to,
                    rule: EdgeRule::MessageId,
                    evidence: format!("both are message `{message}`"),
                },
            });
        }
    }
    links
}

/// A cause is the event itself, not its copies; an effect's copies have the effect as their origin.
fn causes(book: &Book<'_>, rows: &[RowAt], copied: &HashMap<RowAt, ()>) -> Vec<Link> {
    let mut by_message = HashMap::<&str, RowAt>::new();
    for row in rows.iter().filter(|row| !copied.contains_key(row)).chain(rows) {
        if let Some(message) = book.rows[*row].id(Role::Message) {
            by_message.entry(message).or_insert(*row);
        }
    }
    let effects = rows.iter().filter(|row| !copied.contains_key(row));
    let link = |to: &RowAt| {
        let cause = book.rows[*to].id(Role::Causation)?;
        let from = *by_message.get(cause).filter(|from| *from != to)?;
        let evidence = format!("`{}` declares message `{cause}` as its cause", book.rows[*to].short_type());
        Some(Link { from, to: *to, rule: EdgeRule::Causation, evidence })
    };
    effects.filter_map(link).collect()
}
