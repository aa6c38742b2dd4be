//! `/api/v1/dead-letters`: failures as causes, what sets each apart, and what people say about them.
//!
//! Counting and comparing is `agents/deadletter`'s, what was said `storage/state`'s; here is how both become answers.

pub(crate) mod act;
pub(crate) mod apart;
pub(crate) mod detail;
mod headline;
pub(crate) mod list;
pub(crate) mod members;
mod view;
mod waiting;

use std::collections::HashMap;
use std::sync::Arc;

use tapline_api::CauseState;
use tapline_archive::{Place, View};
use tapline_deadletter::{Cause, DeadLetterError, Grouping, Letters};
use tapline_model::time;
use tapline_replay::Replays;
use tapline_state::{CauseRecord, StateError};

use crate::events::search::Stop;
use crate::params::shorten;
use crate::problem::{Code, Refusal};
use crate::state::App;

pub(crate) use waiting::{Waiting, waiting};

/// What people have said, and how they group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    records: HashMap<String, CauseRecord>,
    pub(crate) grouping: Grouping,
}

/// The dead letters of one snapshot.
pub(crate) struct Dead {
    view: Arc<View>,
    pub(crate) places: Vec<(Place, Arc<Letters>)>,
    pub(crate) said: Said,
    replays: Replays,
    /// Microseconds.
    now: i64,
}

impl Said {
    fn read(app: &App) -> Result<Self, Refusal> {
        let (records, rules) = (app.state.causes()?, app.state.regroupings()?);
        Ok(Self { records, grouping: Grouping::new(rules) })
    }

    fn state(&self, cause: &Cause) -> CauseState {
        self.state_of(&cause.id, cause.times.map(|(_, last)| last))
    }

    /// How a cause stands whose newest member died then: one that was resolved and has a newer member came back.
    fn state_of(&self, cause: &str, last: Option<i64>) -> CauseState {
        let came_back = |record: &CauseRecord| last.is_some_and(|last| last > record.at);
        match self.records.get(cause) {
            Some(record) if record.state == CauseState::Resolved && came_back(record) => CauseState::New,
            Some(record) => record.state,
            None => CauseState::New,
        }
    }
}

impl Dead {
    fn read(app: &App, stop: &Stop) -> Result<Self, Refusal> {
        Self::of(app, app.archive.view(), stop)
    }

    /// Those of a snapshot.
    pub(crate) fn of(app: &App, view: Arc<View>, stop: &Stop) -> Result<Self, Refusal> {
        let said = Said::read(app)?;
        let places = app.letters.all(&view, &|| stop.check().is_err())?;
        Ok(Self { view, places, said, replays: app.replays.clone(), now: time::now() })
    }

    /// With most members first.
    fn causes(&self) -> Vec<Cause> {
        tapline_deadletter::causes(&self.places, &self.said.grouping, self.now)
    }

    /// How many of a cause were put back.
    fn put_back(&self, cause: &Cause) -> u64 {
        self.replays.count_put_back(&cause.addresses)
    }

    /// What failed, as a noun.
    pub(crate) fn title(&self, id: &str) -> Result<String, Refusal> {
        Ok(view::failure(&self.cause(id)?).noun())
    }

    fn cause(&self, id: &str) -> Result<Cause, Refusal> {
        self.causes().into_iter().find(|cause| cause.id == id).ok_or_else(|| unknown(id))
    }
}

fn unknown(id: &str) -> Refusal {
    let detail = format!(
        "no dead letter has the fingerprint `{}`; it may have been split or merged, GET /api/v1/dead-letters lists all",
        shorten(id)
    );
    Refusal::new(Code::CauseNotFound, detail)
}

impl From<DeadLetterError> for Refusal {
    fn from(error: DeadLetterError) -> Self {
        match error {
            DeadLetterError::Archive(error) => error.into(),
            DeadLetterError::Column(error) => error.into(),
            DeadLetterError::Stopped => Self::new(Code::TooSlow, error.to_string()),
        }
    }
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        if matches!(error, StateError::NoReplay(_)) {
            return Self::new(Code::ReplayNotFound, format!("{error}; GET /api/v1/replays lists all"));
        }
        if error.is_of_the_caller() {
            return Self::new(Code::BadGrouping, error.to_string());
        }
        tracing::error!(error = &error as &dyn std::error::Error, "the state cannot be read or written");
        Self::new(Code::StateUnavailable, error.to_string())
    }
}
