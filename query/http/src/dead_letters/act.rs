//! `POST /api/v1/dead-letters/{fingerprint}/state` and `/group`: what people say about a cause.

use axum::Json;
use axum::extract::{Path, State};
use tapline_api::{CauseDetail, CauseState, Regroup, SetCause};
use tapline_model::time;
use tapline_state::{Regrouping, SplitBy};

use super::Dead;
use super::detail::detail_of;
use super::list::Asked;
use crate::events::search::Stop;
use crate::json_body::JsonBody;
use crate::params::{Params, shorten};
use crate::problem::{Code, Refusal};
use crate::state::App;

/// Characters of a note and of a name.
const NOTE: usize = 4_000;
const NAME: usize = 100;

/// Says how a cause stands.
#[utoipa::path(post, path = "/api/v1/dead-letters/{fingerprint}/state", tag = "dead letters", params(
    ("fingerprint" = String, Path, description = "of a cause"),
), request_body = SetCause, responses(
    (status = 200, body = CauseDetail),
    (status = 400, body = tapline_api::Problem),
    (status = 404, body = tapline_api::Problem),
))]
pub(crate) async fn set_state(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(asked): JsonBody<SetCause>,
) -> Result<Json<CauseDetail>, Refusal> {
    let by_agent = matches!(asked.state, CauseState::Replayed | CauseState::FailedAgain);
    if by_agent {
        let detail =
            "only a replay makes a cause replayed or failed again; say acknowledged, fixing, resolved or archived";
        return Err(Refusal::new(Code::BadParameter, detail));
    }
    let note = text("note", asked.note.as_deref(), NOTE)?;
    let (note, who) = (note.map(str::to_owned), who(asked.who.as_deref())?.to_owned());
    params.only(&[])?;
    app.search(move |app, stop| {
        // A note about nothing would never be seen.
        Dead::read(app, stop)?.cause(&id)?;
        app.state.set_cause(&id, asked.state, note.as_deref(), &who)?;
        detail_of(app, stop, &id)
    })
    .await
    .map(Json)
}

/// Takes a cause apart, joins it to another one, or takes that back.
#[utoipa::path(post, path = "/api/v1/dead-letters/{fingerprint}/group", tag = "dead letters", params(
    ("fingerprint" = String, Path, description = "of a cause, also of one that was taken apart or joined"),
), request_body = Regroup, responses(
    (status = 200, body = tapline_api::CauseList, description = "the causes as they are grouped now"),
    (status = 400, body = tapline_api::Problem),
))]
pub(crate) async fn regroup(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(asked): JsonBody<Regroup>,
) -> Result<Json<tapline_api::CauseList>, Refusal> {
    let who = who(asked.who.as_deref())?.to_owned();
    let to = match (asked.split_by.as_deref(), asked.merge_into) {
        (None, None) => None,
        (Some(word), None) => Some(Regrouping::Split(split_by(word)?)),
        (None, Some(into)) => Some(Regrouping::Merged(into)),
        (Some(_), Some(_)) => {
            let detail = "a cause is either split or merged; name `split_by` or `merge_into`";
            return Err(Refusal::new(Code::BadGrouping, detail));
        }
    };
    let asked = Asked::read(&params, time::now())?;
    app.search(move |app, stop| {
        check(app, stop, &id, to.as_ref())?;
        app.state.regroup(&id, to.as_ref(), &who)?;
        super::list::answer(&Dead::read(app, stop)?, &asked)
    })
    .await
    .map(Json)
}

/// Only causes that are there can be grouped otherwise; what was grouped is not listed any more, and can be put back.
fn check(app: &App, stop: &Stop, id: &str, to: Option<&Regrouping>) -> Result<(), Refusal> {
    let Some(to) = to else {
        let detail = || format!("`{}` was neither split nor merged", shorten(id));
        let grouped = app.state.regroupings()?.contains_key(id);
        return if grouped { Ok(()) } else { Err(Refusal::new(Code::BadGrouping, detail())) };
    };
    let dead = Dead::read(app, stop)?;
    dead.cause(id)?;
    match to {
        Regrouping::Merged(into) => dead.cause(into).map(drop),
        Regrouping::Split(_) => Ok(()),
    }
}

fn split_by(word: &str) -> Result<SplitBy, Refusal> {
    SplitBy::parse(word).ok_or_else(|| {
        let detail = format!("`split_by` is `{}`; write type, destination or message", shorten(word));
        Refusal::new(Code::BadGrouping, detail)
    })
}

fn text<'a>(name: &str, text: Option<&'a str>, most: usize) -> Result<Option<&'a str>, Refusal> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    match text {
        Some(text) if text.chars().count() > most => {
            Err(Refusal::new(Code::BadParameter, format!("`{name}` is longer than {most} characters; shorten it")))
        }
        text => Ok(text),
    }
}

/// As callers name themselves: there are no users, and a token is everybody's.
pub(crate) fn who(name: Option<&str>) -> Result<&str, Refusal> {
    Ok(text("who", name, NAME)?.unwrap_or("somebody"))
}
