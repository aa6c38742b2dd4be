//! `GET /api/v1/search?q=`: what the search box offers while somebody types: IDs, events, destinations, groups, types,
//! producers and pages. Everything is answered from memory and the ID index; nothing is scanned.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use tapline_api::{DestinationKind, Group, SearchHit, SearchKind, SearchResults};
use tapline_archive::View;
use tapline_chains::Reading;
use tapline_model::{Address, id};

use crate::events::search::Stop;
use crate::params::Params;
use crate::problem::{Code, Refusal};
use crate::state::App;
use crate::words::{counted, name};
use crate::{href, words};

/// Offers in one answer.
const MOST: usize = 20;

/// Offers of one kind.
const MOST_OF_KIND: usize = 6;

/// Longest text looked for, bytes: a little more than any identifier.
const LONGEST: usize = 512;

const PAGES: [(&str, &str, &str); 8] = [
    ("Overview", "/", "is everything all right?"),
    ("Events", "/events", "every event, filtered and live"),
    ("Consumers", "/consumers", "who is behind, and will it recover?"),
    ("Dead letters", "/dead-letters", "why did events die?"),
    ("Replays", "/replays", "events put back, and what became of them"),
    ("Alerts", "/alerts", "what fires, and who was told?"),
    ("SQL", "/sql", "ask anything"),
    ("System", "/system", "sources, archive, configuration"),
];

/// What the search box offers, best first.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", params(
    ("q" = String, Query, description = "what was typed so far"),
), responses((status = 200, body = SearchResults)))]
pub(crate) async fn search(State(app): State<App>, params: Params) -> Result<Json<SearchResults>, Refusal> {
    params.only(&["q"])?;
    let text = params.one("q")?.unwrap_or_default().trim().to_owned();
    if text.len() > LONGEST {
        return Err(Refusal::new(Code::BadParameter, format!("`q` may have {LONGEST} bytes")));
    }
    if text.is_empty() {
        return Ok(Json(SearchResults { hits: pages("") }));
    }
    let hits = app.search(move |app, stop| {
        let all = app.replays.with_originals();
        let mut hits = ids(&all, &text);
        hits.extend(event(&all, &text)?);
        let needle = text.to_lowercase();
        hits.extend(pages(&needle));
        hits.extend(destinations(app, &needle));
        hits.extend(groups(app, &needle));
        hits.extend(seen(app, &app.archive.view(), &needle, stop)?);
        hits.truncate(MOST);
        Ok(hits)
    });
    Ok(Json(SearchResults { hits: hits.await? }))
}

/// The value as an identifier, once for each name under which it was seen.
fn ids(view: &View, text: &str) -> Vec<SearchHit> {
    let query = tapline_chains::parse(view, text);
    if query.value.is_empty() || query.value.len() > id::MAX_VALUE {
        return Vec::new();
    }
    let found = tapline_chains::find(view, &query, MOST_OF_KIND);
    let sampled = if found.sampled { "the newest " } else { "" };
    let hit = |reading: Reading| {
        let title = format!("{}={}", reading.id.name, reading.id.value);
        let places = counted(reading.destinations.len() as u64, "destination");
        let detail = format!("{sampled}{} in {places}", counted(reading.rows, "event"));
        SearchHit { kind: SearchKind::Id, href: href::chain(&title), title, detail }
    };
    found.readings.into_iter().map(hit).collect()
}

/// An address that somebody pasted.
fn event(view: &View, text: &str) -> Result<Option<SearchHit>, Refusal> {
    let Ok(address) = Address::parse(text) else { return Ok(None) };
    let known = tapline_chains::event(view, &address)?.is_some();
    let title = address.to_string();
    let detail = "this event and everything it belongs to".to_owned();
    Ok(known.then(|| SearchHit { kind: SearchKind::Event, href: href::chain(&title), title, detail }))
}

fn pages(needle: &str) -> Vec<SearchHit> {
    let pages = PAGES.iter().filter(|(title, _, _)| title.to_lowercase().starts_with(needle));
    let hit = |(title, path, detail): &(&str, &str, &str)| SearchHit {
        kind: SearchKind::Page,
        title: (*title).to_owned(),
        detail: (*detail).to_owned(),
        href: (*path).to_owned(),
    };
    pages.map(hit).collect()
}

fn destinations(app: &App, needle: &str) -> Vec<SearchHit> {
    let mut found: Vec<_> = app
        .standing
        .destinations()
        .into_iter()
        .filter_map(|destination| Some((rank(&destination.name, needle)?, destination)))
        .collect();
    found.sort_by(|(a, left), (b, right)| {
        a.cmp(b).then(right.rows.cmp(&left.rows)).then_with(|| left.name.cmp(&right.name))
    });
    let hit = |(_, destination): (Rank, tapline_api::DestinationInfo)| {
        let kind = match destination.kind {
            DestinationKind::Topic => "",
            DestinationKind::Retry => ", retries",
            DestinationKind::DeadLetter => ", dead letters",
        };
        SearchHit {
            kind: SearchKind::Destination,
            detail: format!("{} on {}{kind}", counted(destination.rows, "event"), name(&destination.source)),
            href: href::events(&[("destination", &destination.name)]),
            title: destination.name,
        }
    };
    found.into_iter().take(MOST_OF_KIND).map(hit).collect()
}

/// Consumer groups, those that stand worst first.
fn groups(app: &App, needle: &str) -> Vec<SearchHit> {
    let mut found: Vec<(Rank, Group)> =
        app.standing.groups(&[], &[]).groups.into_iter().filter_map(|it| Some((rank(&it.name, needle)?, it))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    let hit = |(_, group): (Rank, Group)| SearchHit {
        kind: SearchKind::Group,
        href: href::group(&group.source, &group.name),
        detail: group.sentence,
        title: group.name,
    };
    found.into_iter().take(MOST_OF_KIND).map(hit).collect()
}

/// Types and producers of the last hour, and of what else was counted.
fn seen(app: &App, view: &View, needle: &str, stop: &Stop) -> Result<Vec<SearchHit>, Refusal> {
    let (mut types, mut producers) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, u64>::new());
    for rollup in app.rollups.recent(view, stop)? {
        for (lane, events) in rollup.lanes() {
            let both = [(&mut types, &lane.event_type), (&mut producers, &lane.producer)];
            for (counts, word) in both {
                if let Some(word) = word.as_ref().filter(|word| rank(word, needle).is_some()) {
                    *counts.entry(word.clone()).or_default() += events;
                }
            }
        }
    }
    let mut hits = words_of(types, needle, SearchKind::Type, "type");
    hits.extend(words_of(producers, needle, SearchKind::Producer, "producer"));
    Ok(hits)
}

fn words_of(counts: BTreeMap<String, u64>, needle: &str, kind: SearchKind, parameter: &str) -> Vec<SearchHit> {
    let mut found: Vec<(Option<Rank>, String, u64)> =
        counts.into_iter().map(|(word, count)| (rank(&word, needle), word, count)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.2.cmp(&a.2)).then_with(|| a.1.cmp(&b.1)));
    let hit = |(_, word, count): (Option<Rank>, String, u64)| SearchHit {
        kind,
        detail: words::counted(count, "recent event"),
        href: href::events(&[(parameter, &word)]),
        title: word,
    };
    found.into_iter().take(MOST_OF_KIND).map(hit).collect()
}

/// How well a name fits what was typed, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Whole,
    Begins,
    /// A word within the name begins so: `dlt` in `orders-dlt`.
    WordBegins,
}

fn rank(name: &str, needle: &str) -> Option<Rank> {
    let name = name.to_lowercase();
    if name == needle {
        return Some(Rank::Whole);
    }
    if name.starts_with(needle) {
        return Some(Rank::Begins);
    }
    let word = name.match_indices(needle).any(|(at, _)| !name[..at].ends_with(char::is_alphanumeric));
    word.then_some(Rank::WordBegins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_by_their_words() {
        assert_eq!(rank("orders", "orders"), Some(Rank::Whole));
        assert_eq!(rank("Orders-DLT", "ord"), Some(Rank::Begins));
        assert_eq!(rank("orders-dlt", "dlt"), Some(Rank::WordBegins));
        assert_eq!(rank("orders", "ders"), None);
        assert_eq!(rank("ÄÖ.ü", "ü"), Some(Rank::WordBegins));
    }

    #[test]
    fn pages_are_offered_by_prefix() {
        assert_eq!(pages("").len(), PAGES.len());
        assert_eq!(pages("ev").iter().map(|hit| hit.href.as_str()).collect::<Vec<_>>(), ["/events"]);
    }
}
