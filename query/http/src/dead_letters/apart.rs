//! `GET /api/v1/dead-letters/{fingerprint}/apart`: what sets the members of a cause apart from events that passed.

use axum::Json;
use axum::extract::{Path, State};
use tapline_api::{Apart, ApartFact};
use tapline_deadletter::{Compared, Difference, apart as compare};

use super::Dead;
use crate::params::Params;
use crate::problem::Refusal;
use crate::state::App;

/// Fewer on a side tell nothing.
const FEWEST: usize = 3;

/// Facts that are far more frequent among the members of a cause.
#[utoipa::path(get, path = "/api/v1/dead-letters/{fingerprint}/apart", tag = "dead letters", params(
    ("fingerprint" = String, Path, description = "of a cause"),
), responses((status = 200, body = Apart), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn apart(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Apart>, Refusal> {
    params.only(&[])?;
    app.search(move |app, stop| {
        let dead = Dead::read(app, stop)?;
        dead.cause(&id)?;
        let (view, stopped) = (&dead.view, || stop.check().is_err());
        Ok(Json(answer(compare(view, &dead.places, &dead.said.grouping, &id, &stopped)?)))
    })
    .await
}

fn answer(compared: Compared) -> Apart {
    Apart {
        members: compared.members as u64,
        passed: compared.passed as u64,
        reason: reason(&compared).map(str::to_owned),
        example: compared.example.map(|address| address.to_string()),
        facts: compared.differences.into_iter().map(fact).collect(),
    }
}

fn reason(compared: &Compared) -> Option<&'static str> {
    match (compared.members, compared.passed, compared.differences.is_empty()) {
        (0, ..) => Some("None of the events that failed is archived, or the headers do not name them."),
        (_, 0, _) => Some("No event of the same type passed about that time at the same place."),
        (members, passed, true) if members < FEWEST || passed < FEWEST => {
            Some("There are too few events to tell what they have in common from chance.")
        }
        (_, _, true) => Some("Nothing in payload, headers, producer or partition sets them apart."),
        _ => None,
    }
}

fn fact(difference: Difference) -> ApartFact {
    let Difference { fact, absent, of_members, of_passed } = difference;
    let test = match (&fact.value, absent) {
        (Some(_), _) => "is",
        (None, true) => "absent",
        (None, false) => "present",
    };
    ApartFact {
        part: fact.part.as_str().to_owned(),
        name: fact.name,
        test: test.to_owned(),
        value: fact.value,
        of_members,
        of_passed,
    }
}
