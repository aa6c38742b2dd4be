//! Whether this browser may ask: servers with a token answer nothing before it was given once. The first call that is
//! refused shows the log in, whichever page asked; what the address says stays, so that the same page stands there
//! afterwards.

use std::{cell::Cell, time::Duration};

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    client::{self, Abort, Ended},
    failure::Failure,
};

/// The call that is open to everybody.
pub(crate) const PATH: &str = "/api/v1/session";
/// Longer than that nobody waits before an empty page: the pages themselves say that the server does not answer.
const PATIENCE: Duration = Duration::from_millis(800);

/// How this browser stands with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Being asked.
    Unknown,
    /// Calls are answered.
    Open,
    /// The token has to be given.
    Closed,
    /// It was given, and the session is over.
    Ended,
}

/// What the server says.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Told {
    required: bool,
    open: bool,
}

#[derive(Serialize)]
struct LogIn<'a> {
    token: &'a str,
}

/// The session, from anywhere below [`provide_session`].
#[derive(Clone, Copy)]
pub(crate) struct Session {
    /// How it stands.
    pub(crate) standing: RwSignal<Standing>,
    /// Whether there is something to log out of.
    pub(crate) required: RwSignal<bool>,
}

thread_local! {
    /// For calls, which have no owner to find a context with.
    static SESSION: Cell<Option<Session>> = const { Cell::new(None) };
}

/// Asks how this browser stands and makes [`use_session`] answer.
pub(crate) fn provide_session() -> Session {
    let session = Session { standing: RwSignal::new(Standing::Unknown), required: RwSignal::new(false) };
    SESSION.set(Some(session));
    provide_context(session);
    leptos::task::spawn_local(async move {
        let abort = Abort::new();
        match client::get::<Told>(PATH, &abort.stop()).await {
            Ok(told) => session.take(told),
            Err(_) => session.assume_open(),
        }
    });
    set_timeout(move || session.assume_open(), PATIENCE);
    session
}

/// The session.
pub(crate) fn use_session() -> Session {
    expect_context()
}

/// A call was refused for want of a token.
pub(super) fn refused() {
    if let Some(session) = SESSION.get() {
        let was_open = session.standing.try_get_untracked() == Some(Standing::Open) && session.required.get_untracked();
        session.required.try_set(true);
        session.stand(if was_open { Standing::Ended } else { Standing::Closed });
    }
}

/// How it stands after something was heard: of many calls that are refused the first says why.
fn next(now: Standing, heard: Standing) -> Standing {
    let shut = |standing| matches!(standing, Standing::Closed | Standing::Ended);
    if shut(now) && shut(heard) { now } else { heard }
}

impl Session {
    fn take(self, told: Told) {
        self.required.set(told.required);
        self.stand(if told.required && !told.open { Standing::Closed } else { Standing::Open });
    }

    fn assume_open(self) {
        if self.standing.get_untracked() == Standing::Unknown {
            self.standing.set(Standing::Open);
        }
    }

    fn stand(self, standing: Standing) {
        let now = self.standing.get_untracked();
        let then = next(now, standing);
        if now != then {
            self.standing.set(then);
        }
    }

    /// Gives the token; an error is why it was not taken.
    pub(crate) async fn log_in(self, token: &str) -> Result<(), Failure> {
        let abort = Abort::new();
        match client::post::<Told>(PATH, &LogIn { token }, &abort.stop()).await {
            Ok(told) => {
                self.take(told);
                Ok(())
            }
            Err(Ended::Failed(failure)) => Err(failure),
            Err(Ended::Aborted) => Ok(()),
        }
    }

    /// Ends the session here and on the server.
    pub(crate) fn log_out(self) {
        leptos::task::spawn_local(async move {
            let abort = Abort::new();
            // Where the server is gone, so is its session.
            let _gone_either_way = client::delete::<Told>(PATH, &abort.stop()).await;
            self.stand(Standing::Closed);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Standing::*, *};

    #[test]
    fn the_first_refusal_says_why_and_the_token_opens() {
        assert_eq!(next(Unknown, Closed), Closed);
        assert_eq!(next(Open, Ended), Ended);
        assert_eq!(next(Ended, Closed), Ended);
        assert_eq!(next(Closed, Open), Open);
    }
}
