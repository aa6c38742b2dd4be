//! The answer as the page and scripts read it.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use tapline_api::chain::DeadLetterBrief;
use tapline_api::{Chain, Edge, Hub, IdView, Kind, Member, ReplayBrief};
use tapline_archive::{Ledger, View};
use tapline_model::time;

use crate::book::{Book, RowAt, TokenAt};
use crate::edges::Link;
use crate::error::ChainError;
use crate::findings::findings;
use crate::headline;
use crate::judge::Verdict;
use crate::missing::missing;
use crate::options::ChainOptions;
use crate::row::{Role, Row};
use crate::state::State;
use crate::story::Story;
use crate::token::Token;

/// The story of `query`: `name=value`, a bare value, or the address of an event. `now` is in microseconds.
///
/// A weak value (a bare number of fewer than six digits, a short word) means what it is called: under one name it is
/// that ID; under several the reading that connects most rows is told and the others are listed in `also`.
pub fn chain(view: &View, ledger: &Ledger, query: &str, now: i64, options: &ChainOptions) -> Result<Chain, ChainError> {
    let story = Story::read(view, ledger, query, now, options)?;
    Ok(answer(&story))
}

fn answer(story: &Story<'_>) -> Chain {
    let spellings = Spellings::of(story);
    let state = State::of(story);
    let findings = findings(story);
    let (headline, detail) = headline::sentences(story, &state, &findings);
    let times = || story.members().filter_map(|row| row.time);
    Chain {
        query: story.start.text.clone(),
        state: state.word(),
        headline,
        detail,
        one_story: story.is_whole_story(),
        started_at: times().min().map(time::format),
        ended_at: times().max().map(time::format),
        members: story.graph.order.iter().map(|row| member(story, *row, &spellings)).collect(),
        edges: story.graph.links.iter().map(|link| edge(&story.book, link)).collect(),
        missing: missing(story, &state),
        findings,
        hubs: hubs(story, &spellings),
        also: story.start.also.clone(),
        truncated: story.walk.truncated,
        elapsed_ms: story.book.elapsed_ms(),
    }
}

fn member(story: &Story<'_>, at: RowAt, spellings: &Spellings) -> Member {
    let row = story.row(at);
    Member {
        address: row.text.to_string(),
        kind: Kind::Event,
        source: row.address.source.clone(),
        destination: row.address.destination.clone(),
        partition: row.address.partition,
        position: row.address.position.clone(),
        timestamp: row.time.map(time::format),
        event_type: row.event_type.as_deref().map(str::to_owned),
        service: row.service.as_deref().map(str::to_owned),
        ids: row.ids.iter().map(|id| spellings.view(&id.normal, &id.name, &id.value)).collect(),
        size: row.size,
        dead_letter: dead_letter(story, at),
        retry: row.retry,
        replay: row.id(Role::Replay).map(|id| ReplayBrief { id: id.to_owned(), at: time::format(row.archived_at) }),
        distance: story.distances.get(&at).copied().unwrap_or(0),
    }
}

fn dead_letter(story: &Story<'_>, at: RowAt) -> Option<DeadLetterBrief> {
    let dead = story.row(at).dead.as_ref()?;
    Some(DeadLetterBrief {
        consumer_group: dead.group.clone(),
        root_cause: dead.root_cause.clone(),
        message: dead.message.clone(),
        attempts: dead.attempts,
        origin: story.book.origin(at).map(|origin| origin.to_string()),
    })
}

/// An edge in the words of the contract.
pub(crate) fn edge(book: &Book<'_>, link: &Link) -> Edge {
    Edge {
        from: book.rows[link.from].text.to_string(),
        to: book.rows[link.to].text.to_string(),
        rule: link.rule,
        confidence: link.confidence(),
        evidence: link.evidence.clone(),
    }
}

/// What was not walked, most rows first. A hub of the query itself comes first of all.
fn hubs(story: &Story<'_>, spellings: &Spellings) -> Vec<Hub> {
    let mut hubs: Vec<Hub> = story
        .walk
        .hubs
        .keys()
        .filter_map(|token| {
            let id = story.members().find_map(|row| held_as(&story.book, row, *token, spellings))?;
            Some(Hub { id, rows: story.book.found_total(*token) as u64 })
        })
        .collect();
    hubs.sort_by(|a, b| (b.rows, &a.id).cmp(&(a.rows, &b.id)));
    if story.start.verdict != Verdict::Connects
        && let Some(id) = &story.start.id
    {
        hubs.insert(0, Hub { id: id.clone(), rows: story.start.total as u64 });
    }
    hubs
}

fn held_as(book: &Book<'_>, row: &Row, token: TokenAt, spellings: &Spellings) -> Option<IdView> {
    let held = row.ids.iter().find(|id| Token::of(row, id).as_ref() == Some(&book.tokens[token]))?;
    Some(spellings.view(&held.normal, &held.name, &held.value))
}

/// The most frequent spelling of each name among the members.
struct Spellings(HashMap<Box<str>, Box<str>>);

impl Spellings {
    fn of(story: &Story<'_>) -> Self {
        let mut counts = HashMap::<&str, HashMap<&str, usize>>::new();
        for id in
            story.members().flat_map(|row| &row.ids).filter(|id| id.role >= Role::Business || !is_column(&id.name))
        {
            *counts.entry(&id.normal).or_default().entry(&id.name).or_default() += 1;
        }
        let best = counts.into_iter().filter_map(|(normal, counts)| {
            let most = counts.into_iter().max_by(|a, b| (a.1, b.0).cmp(&(b.1, a.0)))?;
            Some((normal.into(), most.0.into()))
        });
        Self(best.collect())
    }

    fn view(&self, normal: &str, name: &str, value: &str) -> IdView {
        let name = if is_column(name) { name } else { self.0.get(normal).map_or(name, |best| best) };
        IdView { name: name.to_owned(), value: value.to_owned() }
    }
}

fn is_column(name: &str) -> bool {
    tapline_model::id::COLUMN_NAMES.contains(&name) || name == "replay_id"
}
