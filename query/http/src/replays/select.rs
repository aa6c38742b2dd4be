//! From a request to the events it chooses.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use futures::StreamExt;
use tapline_api::{Select, Window};
use tapline_archive::{Hit, View};
use tapline_engine::{Answer, Limits};
use tapline_model::{Address, time};
use tapline_replay::{Selected, find_addresses};

use crate::dead_letters::Dead;
use crate::events::search::Stop;
use crate::params::shorten;
use crate::problem::{Code, Refusal};
use crate::state::App;

/// Rows that a query may choose; the engine knows no more.
const MOST: usize = 1_000_000;

/// How long a query may take that chooses events.
const LONGEST: Duration = Duration::from_secs(120);

/// Of a query for dead letters that wait: without those that were put back.
const PUT_BACK: &str = " AND address NOT IN (SELECT address FROM replay_items \
    WHERE delivery IN ('confirmed', 'sending', 'uncertain'))";

/// What is asked for, with queries answered.
pub(super) enum Asked {
    /// Hashes of addresses; in words; the query, if one chose them.
    Addresses(HashSet<u64>, String, Option<String>),
    /// A cause.
    Cause(String),
}

pub(super) async fn asked(app: &App, select: &Select) -> Result<Asked, Refusal> {
    let Select { addresses, fingerprint, sql, window } = select;
    match (addresses, fingerprint, sql, window) {
        (Some(addresses), None, None, None) => {
            let hashes: HashSet<u64> =
                addresses.iter().map(|text| Ok(Address::parse(text)?.hash())).collect::<Result<_, Refusal>>()?;
            let words = format!("{} events by their addresses", hashes.len());
            Ok(Asked::Addresses(hashes, words, None))
        }
        (None, Some(cause), None, None) => Ok(Asked::Cause(cause.clone())),
        (None, None, Some(sql), None) => query(app, sql, "a query".to_owned()).await,
        (None, None, None, Some(window)) => {
            let words = format!("`{}` from {} to {}", shorten(&window.destination), window.from, window.to);
            query(app, &sql_of(window)?, words).await
        }
        _ => {
            let detail = "`select` names exactly one of `addresses`, `fingerprint`, `sql` and `window`";
            Err(Refusal::new(Code::BadReplay, detail))
        }
    }
}

fn sql_of(window: &Window) -> Result<String, Refusal> {
    let now = time::now();
    let (from, to) = (time::parse(&window.from, now)?, time::parse(&window.to, now)?);
    let text = |text: &str| text.replace('\'', "''");
    Ok(format!(
        "SELECT address FROM events WHERE source = '{}' AND destination = '{}' AND timestamp >= '{}' AND timestamp < '{}'",
        text(&window.source),
        text(&window.destination),
        time::format(from),
        time::format(to)
    ))
}

async fn query(app: &App, sql: &str, words: String) -> Result<Asked, Refusal> {
    let limits = Limits { max_rows: Some(MOST), timeout: Some(LONGEST) };
    // A semicolon at the end is how people write queries.
    let inner = sql.trim().trim_end_matches(';');
    let answer = app.engine.query(&format!("SELECT address FROM ({inner})"), limits).await;
    let answer = answer.map_err(|error| {
        let detail = format!("the query that chooses events needs a column `address`: {error}");
        Refusal { detail, ..Refusal::from(error) }
    })?;
    Ok(Asked::Addresses(collect(answer).await?, words, Some(sql.trim().to_owned())))
}

async fn collect(mut answer: Answer) -> Result<HashSet<u64>, Refusal> {
    let mut hashes = HashSet::new();
    while let Some(batch) = answer.next().await {
        let batch = batch?;
        let column = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8View);
        let column = column.map_err(|error| Refusal::new(Code::BadReplay, error.to_string()))?;
        for text in column.as_string_view().iter().flatten() {
            hashes.insert(Address::parse(text)?.hash());
        }
    }
    if answer.truncated() {
        let detail = "the query chooses more events than one replay takes; choose fewer";
        return Err(Refusal::new(Code::BadReplay, detail));
    }
    Ok(hashes)
}

/// Where the events stand.
pub(super) fn find(app: &App, view: &Arc<View>, asked: Asked, stop: &Stop) -> Result<Selected, Refusal> {
    match asked {
        Asked::Addresses(hashes, chosen_by, sql) => {
            let hits = find_addresses(view, &hashes, &|| stop.check().is_err())?;
            let missing = hashes.len() - hits.len();
            Ok(Selected { hits, chosen_by, sql, fingerprint: None, missing })
        }
        Asked::Cause(cause) => of_cause(app, view, cause, stop),
    }
}

/// The dead letters of a cause that were not put back yet.
fn of_cause(app: &App, view: &Arc<View>, cause: String, stop: &Stop) -> Result<Selected, Refusal> {
    let dead = Dead::of(app, Arc::clone(view), stop)?;
    let chosen_by = format!("what waits of the cause: {}", dead.title(&cause)?);
    let members = tapline_deadletter::members(&dead.places, &dead.said.grouping, &cause, None, usize::MAX);
    let all = members.len();
    let waiting = members.into_iter().filter(|member| app.replays.put_back_by(member.address).is_none());
    let hits: Vec<Hit> = waiting.map(|member| member.hit).collect();
    let but = if hits.len() < all { PUT_BACK } else { "" };
    let sql = (!dead.said.grouping.concerns(&cause))
        .then(|| format!("SELECT address FROM dead_letters WHERE fingerprint = '{cause}'{but}"));
    Ok(Selected { hits, chosen_by, sql, fingerprint: Some(cause), missing: 0 })
}
