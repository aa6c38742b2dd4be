//! Who asks: the configured token, by `Authorization: Bearer` or by the cookie that the page got for it.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use subtle::ConstantTimeEq;

use crate::problem::{Code, Refusal};
use crate::state::App;

/// A session ends this long after it began.
const SESSION: Duration = Duration::from_secs(12 * 3_600);

/// Sessions kept; the oldest makes room.
const MOST_SESSIONS: usize = 1_000;

/// Wrong tokens a minute, from everybody together; a right one is never held up by them within a session.
const MOST_FAILURES: u32 = 20;

/// A text that is never shown: not in logs, not in answers.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Blanks around it, such as the last line feed of a file, are no part of it.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Characters.
    pub(crate) fn len(&self) -> usize {
        self.0.chars().count()
    }

    /// Compares in a time that does not tell where the first difference is.
    fn matches(&self, text: &str) -> bool {
        bool::from(self.0.as_bytes().ct_eq(text.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(•••)")
    }
}

/// Decides who may read.
#[derive(Debug)]
pub(crate) struct Gate {
    token: Option<Secret>,
    /// Cookies are shared by all ports of a host: the name tells two servers on one machine apart.
    cookie: String,
    sessions: Mutex<HashMap<String, Instant>>,
    failures: Mutex<(Instant, u32)>,
}

impl Gate {
    pub(crate) fn new(token: Option<Secret>, port: u16) -> Self {
        Self {
            token,
            cookie: format!("tapline_session_{port}"),
            sessions: Mutex::default(),
            failures: Mutex::new((Instant::now(), 0)),
        }
    }

    /// Whether anybody has to say who they are.
    pub(crate) fn is_closed(&self) -> bool {
        self.token.is_some()
    }

    /// Lets a call pass that carries the token or a session's cookie.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(token) = &self.token else { return Ok(()) };
        if self.session(headers).is_some_and(|session| self.is_open(session)) {
            return Ok(());
        }
        match bearer(headers) {
            Some(text) => self.compare(token, text),
            None => Err(Refusal::new(
                Code::TokenRequired,
                "send the configured token as `authorization: Bearer …`, or log in on the page",
            )),
        }
    }

    /// Opens a session for whoever knows the token; the answer is the cookie.
    pub(crate) fn log_in(&self, text: &str) -> Result<String, Refusal> {
        if let Some(token) = &self.token {
            self.compare(token, text)?;
        }
        let session = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let mut sessions = self.sessions.lock();
        sessions.retain(|_, began| began.elapsed() < SESSION);
        if sessions.len() >= MOST_SESSIONS {
            let oldest = sessions.iter().min_by_key(|(_, began)| **began).map(|(session, _)| session.clone());
            oldest.map(|oldest| sessions.remove(&oldest));
        }
        sessions.insert(session.clone(), Instant::now());
        Ok(self.cookie_of(&session, SESSION))
    }

    /// Ends the session of a call; the answer is the cookie that removes the cookie.
    pub(crate) fn log_out(&self, headers: &HeaderMap) -> String {
        if let Some(session) = self.session(headers) {
            self.sessions.lock().remove(session);
        }
        self.cookie_of("", Duration::ZERO)
    }

    fn cookie_of(&self, session: &str, age: Duration) -> String {
        format!("{}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", self.cookie, age.as_secs())
    }

    fn session<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.cookie).map(|(_, value)| value)
    }

    // A hash map may tell by its time whether a session exists; with 244 random bits that helps nobody.
    fn is_open(&self, session: &str) -> bool {
        self.sessions.lock().get(session).is_some_and(|began| began.elapsed() < SESSION)
    }

    fn compare(&self, token: &Secret, text: &str) -> Result<(), Refusal> {
        let mut failures = self.failures.lock();
        if failures.0.elapsed() >= Duration::from_secs(60) {
            *failures = (Instant::now(), 0);
        }
        if failures.1 >= MOST_FAILURES {
            return Err(Refusal::new(Code::TooManyAttempts, "wait a minute before the next attempt"));
        }
        if token.matches(text) {
            return Ok(());
        }
        failures.1 += 1;
        Err(Refusal::new(Code::WrongToken, "use the token that `http.token_file` holds"))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Middleware: asks who it is.
pub(crate) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.gate.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123";

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::HeaderName::from_static(name), value.parse().unwrap())])
    }

    fn code(result: Result<(), Refusal>) -> Option<Code> {
        result.err().map(|refusal| refusal.code)
    }

    #[test]
    fn secrets_do_not_show() {
        assert_eq!(format!("{:?}", Secret::new(TOKEN)), "Secret(•••)");
        let gate = format!("{:?}", Gate::new(Some(Secret::new(TOKEN)), 8270));
        assert!(!gate.contains(TOKEN), "{gate}");
    }

    #[test]
    fn without_a_token_everybody_may() {
        let gate = Gate::new(None, 8270);
        assert!(!gate.is_closed());
        assert_eq!(gate.check(&HeaderMap::new()), Ok(()));
    }

    #[test]
    fn the_token_opens_by_header_and_by_cookie() {
        let gate = Gate::new(Some(Secret::new(&format!("{TOKEN}\n"))), 8270);
        assert_eq!(code(gate.check(&HeaderMap::new())), Some(Code::TokenRequired));
        assert_eq!(gate.check(&headers("authorization", &format!("bearer {TOKEN}"))), Ok(()));
        assert_eq!(code(gate.check(&headers("authorization", "Bearer 0123"))), Some(Code::WrongToken));
        assert_eq!(code(gate.check(&headers("authorization", TOKEN))), Some(Code::TokenRequired));

        let cookie = gate.log_in(TOKEN).unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(TOKEN));
        let session = headers("cookie", &format!("other=1; {}", cookie.split(';').next().unwrap()));
        assert_eq!(gate.check(&session), Ok(()));
        assert!(gate.log_out(&session).contains("Max-Age=0"));
        assert_eq!(code(gate.check(&session)), Some(Code::TokenRequired));
        assert_eq!(code(gate.check(&headers("cookie", "tapline_session_8270="))), Some(Code::TokenRequired));
    }

    #[test]
    fn guessing_is_slowed_down() {
        let gate = Gate::new(Some(Secret::new(TOKEN)), 8270);
        for _ in 0..MOST_FAILURES {
            assert_eq!(gate.log_in("wrong").unwrap_err().code, Code::WrongToken);
        }
        assert_eq!(gate.log_in(TOKEN).unwrap_err().code, Code::TooManyAttempts);
    }

    #[test]
    fn sessions_do_not_grow_without_bound() {
        let gate = Gate::new(Some(Secret::new(TOKEN)), 8270);
        for _ in 0..MOST_SESSIONS + 5 {
            gate.log_in(TOKEN).unwrap();
        }
        assert_eq!(gate.sessions.lock().len(), MOST_SESSIONS);
    }
}
