//! `GET /api/v1/dead-letters`: one row a cause.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use tapline_api::{CauseList, CauseState};
use tapline_deadletter::Cause;
use tapline_model::time;

use super::headline::headline;
use super::{Dead, view};
use crate::cursor;
use crate::params::{Params, shorten};
use crate::problem::{Code, Refusal};
use crate::state::App;

const LIMIT: usize = 50;
const MOST: usize = 500;

/// Which causes are asked for, and in which order.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    states: States,
    source: Option<String>,
    destination: Option<String>,
    /// In lower case.
    text: Option<String>,
    /// Seen within these times, microseconds.
    from: Option<i64>,
    to: Option<i64>,
    sort: Sort,
    limit: usize,
    after: Option<(i64, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum States {
    Open,
    Closed,
    All,
    One(CauseState),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Count,
    Last,
    First,
}

/// Causes of dead letters, those with most members first.
#[utoipa::path(get, path = "/api/v1/dead-letters", tag = "dead letters", params(
    ("state" = Option<String>, Query, description = "`open` (unless asked otherwise), `closed`, `all`, or a state"),
    ("source" = Option<String>, Query, description = "only of this source"),
    ("destination" = Option<String>, Query, description = "where events failed, or where their dead letters stand"),
    ("q" = Option<String>, Query, description = "text in exception, message, group, destination"),
    ("from" = Option<String>, Query, description = "seen at this time or later"),
    ("to" = Option<String>, Query, description = "first seen before this time"),
    ("sort" = Option<String>, Query, description = "`count`, `last` or `first`, the greatest first"),
    ("limit" = Option<usize>, Query, description = "at most 500"),
    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
), responses((status = 200, body = CauseList), (status = 400, body = tapline_api::Problem)))]
pub(crate) async fn list(State(app): State<App>, params: Params) -> Result<Json<CauseList>, Refusal> {
    let asked = Asked::read(&params, time::now())?;
    app.search(move |app, stop| answer(&Dead::read(app, stop)?, &asked)).await.map(Json)
}

pub(super) fn answer(dead: &Dead, asked: &Asked) -> Result<CauseList, Refusal> {
    let all = dead.causes();
    let matching: Vec<&Cause> = all.iter().filter(|cause| asked.matches(cause)).collect();
    let open: Vec<&Cause> = matching.iter().copied().filter(|cause| dead.said.state(cause).is_open()).collect();
    let (sentence, detail) = headline(dead, &open, matching.len(), all.len());
    let mut causes: Vec<&Cause> =
        matching.iter().copied().filter(|cause| asked.states.contain(dead.said.state(cause))).collect();
    causes.sort_by_cached_key(|cause| asked.sort.key(cause));
    let count = causes.iter().map(|cause| cause.count).sum();
    let begin = asked.after.as_ref().map_or(0, |(value, id)| {
        let last = (Reverse(*value), id.clone());
        causes.partition_point(|cause| asked.sort.key(cause) <= last)
    });
    let page = &causes[begin..causes.len().min(begin + asked.limit)];
    let more = begin + page.len() < causes.len();
    Ok(CauseList {
        sentence,
        detail,
        causes: view::views(dead, page)?,
        open: open.len() as u64,
        resolved: (matching.len() - open.len()) as u64,
        count,
        next: page.last().filter(|_| more).map(|last| asked.sort.cursor(last)),
    })
}

impl Asked {
    pub(super) fn read(params: &Params, now: i64) -> Result<Self, Refusal> {
        params.only(&["state", "source", "destination", "q", "from", "to", "sort", "limit", "cursor"])?;
        let text = |name| params.one(name).map(|text| text.map(str::to_owned));
        Ok(Self {
            states: States::read(params)?,
            source: text("source")?,
            destination: text("destination")?,
            text: params.one("q")?.map(str::to_lowercase),
            from: params.time("from", now)?,
            to: params.time("to", now)?,
            sort: Sort::read(params)?,
            limit: params.number("limit", 1, MOST)?.unwrap_or(LIMIT),
            after: params.one("cursor")?.map(cursor::decode).transpose()?,
        })
    }

    fn matches(&self, cause: &Cause) -> bool {
        let sample = &cause.sample;
        let named = |name: &String| sample.origin.as_ref() == Some(name) || cause.destinations.contains_key(name);
        let (first, last) = cause.times.unwrap_or((i64::MIN, i64::MIN));
        self.source.as_ref().is_none_or(|source| sample.source == *source)
            && self.destination.as_ref().is_none_or(named)
            && self.from.is_none_or(|from| last >= from)
            && self.to.is_none_or(|to| first < to)
            && self.text.as_ref().is_none_or(|text| holds(cause, text))
    }
}

fn holds(cause: &Cause, text: &str) -> bool {
    let sample = &cause.sample;
    let texts = [&sample.root_cause, &sample.message, &sample.group, &sample.origin].into_iter().flatten();
    let all = texts.chain(cause.destinations.keys()).chain(cause.types.keys()).chain(&cause.words);
    let all = all.chain([&cause.id, &sample.framework]);
    all.into_iter().any(|it| it.to_lowercase().contains(text))
}

impl States {
    fn read(params: &Params) -> Result<Self, Refusal> {
        match params.one("state")? {
            None | Some("open") => Ok(Self::Open),
            Some("closed") => Ok(Self::Closed),
            Some("all") => Ok(Self::All),
            Some(word) => CauseState::parse(word).map(Self::One).ok_or_else(|| {
                let words = CauseState::ALL.map(CauseState::as_str).join(", ");
                let detail = format!("`state` is `{}`; write open, closed, all, or one of {words}", shorten(word));
                Refusal::new(Code::BadParameter, detail)
            }),
        }
    }

    fn contain(self, state: CauseState) -> bool {
        match self {
            Self::Open => state.is_open(),
            Self::Closed => !state.is_open(),
            Self::All => true,
            Self::One(one) => state == one,
        }
    }
}

impl Sort {
    fn read(params: &Params) -> Result<Self, Refusal> {
        match params.one("sort")? {
            None | Some("count") => Ok(Self::Count),
            Some("last") => Ok(Self::Last),
            Some("first") => Ok(Self::First),
            Some(word) => {
                let detail = format!("`sort` is `{}`; write count, last or first", shorten(word));
                Err(Refusal::new(Code::BadParameter, detail))
            }
        }
    }

    /// The greatest first; of equal ones by fingerprint, so that pages follow each other.
    fn key(self, cause: &Cause) -> (Reverse<i64>, String) {
        let (first, last) = cause.times.unwrap_or((i64::MIN, i64::MIN));
        let value = match self {
            Self::Count => i64::try_from(cause.count).unwrap_or(i64::MAX),
            Self::Last => last,
            Self::First => first,
        };
        (Reverse(value), cause.id.clone())
    }

    fn cursor(self, last: &Cause) -> String {
        let (Reverse(value), id) = self.key(last);
        cursor::encode(&format!("{value}/{id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_state_or_order_is_refused() {
        let asked = |query: &str| Asked::read(&Params::parse(query).unwrap(), 0).map(|asked| asked.states);
        assert_eq!(asked("").unwrap(), States::Open);
        assert_eq!(asked("state=failed_again&sort=last").unwrap(), States::One(CauseState::FailedAgain));
        for query in ["state=broken", "sort=size", "limit=0", "limit=501", "stat=open"] {
            assert!(asked(query).is_err(), "{query}");
        }
    }
}
