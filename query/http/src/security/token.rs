//! Who asks: the configured token, by `Authorization: Bearer` or by the cookie that the page got for it.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, header};
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

/// Wrong tokens a minute from one address; what others guess holds nobody up.
const MOST_FAILURES: u32 = 20;

/// Addresses whose wrong tokens are counted; with more, all count as one.
const MOST_ADDRESSES: usize = 1_000;

/// Who sent a request: an address, or the network of a host's IPv6 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Peer(IpAddr);

impl Peer {
    const UNKNOWN: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    pub(crate) fn new(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
            address => Self(address),
        }
    }

    /// As the connection said, if the request came by one.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self::UNKNOWN)
    }
}

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
    /// Since when, and how many.
    failures: Mutex<HashMap<Peer, (Instant, u32)>>,
}

impl Gate {
    pub(crate) fn new(token: Option<Secret>, port: u16) -> Self {
        Self {
            token,
            cookie: format!("tapline_session_{port}"),
            sessions: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Whether anybody has to say who they are.
    pub(crate) fn is_closed(&self) -> bool {
        self.token.is_some()
    }

    /// Lets a call pass that carries the token or a session's cookie.
    pub(crate) fn check(&self, peer: Peer, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(token) = &self.token else { return Ok(()) };
        if self.session(headers).is_some_and(|session| self.is_open(session)) {
            return Ok(());
        }
        match bearer(headers) {
            Some(text) => self.compare(token, peer, text),
            None => Err(Refusal::new(
                Code::TokenRequired,
                "send the configured token as `authorization: Bearer …`, or log in on the page",
            )),
        }
    }

    /// Opens a session for whoever knows the token; the answer is the cookie.
    pub(crate) fn log_in(&self, peer: Peer, text: &str) -> Result<String, Refusal> {
        if let Some(token) = &self.token {
            self.compare(token, peer, text)?;
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

    fn compare(&self, token: &Secret, peer: Peer, text: &str) -> Result<(), Refusal> {
        let mut failures = self.failures.lock();
        failures.retain(|_, (since, _)| since.elapsed() < Duration::from_secs(60));
        let peer = if failures.len() < MOST_ADDRESSES || failures.contains_key(&peer) { peer } else { Peer::UNKNOWN };
        if failures.get(&peer).is_some_and(|(_, count)| *count >= MOST_FAILURES) {
            return Err(Refusal::new(Code::TooManyAttempts, "wait a minute before the next attempt"));
        }
        if token.matches(text) {
            return Ok(());
        }
        failures.entry(peer).or_insert((Instant::now(), 0)).1 += 1;
        Err(Refusal::new(Code::WrongToken, "use the token that `http.token_file` holds"))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Middleware: asks who it is.
pub(crate) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.gate.check(Peer::of(request.extensions()), request.headers()) {
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

    fn check(gate: &Gate, headers: &HeaderMap) -> Result<(), Refusal> {
        gate.check(Peer::UNKNOWN, headers)
    }

    fn log_in(gate: &Gate, text: &str) -> Result<String, Refusal> {
        gate.log_in(Peer::UNKNOWN, text)
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
        assert_eq!(check(&gate, &HeaderMap::new()), Ok(()));
    }

    #[test]
    fn the_token_opens_by_header_and_by_cookie() {
        let gate = Gate::new(Some(Secret::new(&format!("{TOKEN}\n"))), 8270);
        assert_eq!(code(check(&gate, &HeaderMap::new())), Some(Code::TokenRequired));
        assert_eq!(check(&gate, &headers("authorization", &format!("bearer {TOKEN}"))), Ok(()));
        assert_eq!(code(check(&gate, &headers("authorization", "Bearer 0123"))), Some(Code::WrongToken));
        assert_eq!(code(check(&gate, &headers("authorization", TOKEN))), Some(Code::TokenRequired));

        let cookie = log_in(&gate, TOKEN).unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(TOKEN));
        let session = headers("cookie", &format!("other=1; {}", cookie.split(';').next().unwrap()));
        assert_eq!(check(&gate, &session), Ok(()));
        assert!(gate.log_out(&session).contains("Max-Age=0"));
        assert_eq!(code(check(&gate, &session)), Some(Code::TokenRequired));
        assert_eq!(code(check(&gate, &headers("cookie", "tapline_session_8270="))), Some(Code::TokenRequired));
    }

    #[test]
    fn guessing_is_slowed_down() {
        let gate = Gate::new(Some(Secret::new(TOKEN)), 8270);
        for _ in 0..MOST_FAILURES {
            assert_eq!(log_in(&gate, "wrong").unwrap_err().code, Code::WrongToken);
        }
        assert_eq!(log_in(&gate, TOKEN).unwrap_err().code, Code::TooManyAttempts);
    }

    /// One client with an old token kept everybody out.
    #[test]
    fn guesses_of_one_address_hold_no_other_up() {
        let gate = Gate::new(Some(Secret::new(TOKEN)), 8270);
        let peer = |address: &str| Peer::new(address.parse().unwrap());
        for last in 0..=MOST_FAILURES {
            let _ = gate.log_in(peer(&format!("2001:db8::{last:x}")), "wrong");
        }
        assert_eq!(gate.log_in(peer("2001:db8::ffff"), TOKEN).unwrap_err().code, Code::TooManyAttempts);
        assert!(gate.log_in(peer("2001:db8:0:1::1"), TOKEN).is_ok() && gate.log_in(peer("10.0.0.1"), TOKEN).is_ok());
        for address in 0..2 * u32::try_from(MOST_ADDRESSES).unwrap() {
            let _ = gate.log_in(Peer::new(IpAddr::V4(address.into())), "wrong");
        }
        assert!(gate.failures.lock().len() <= MOST_ADDRESSES + 1);
    }

    #[test]
    fn sessions_do_not_grow_without_bound() {
        let gate = Gate::new(Some(Secret::new(TOKEN)), 8270);
        for _ in 0..MOST_SESSIONS + 5 {
            log_in(&gate, TOKEN).unwrap();
        }
        assert_eq!(gate.sessions.lock().len(), MOST_SESSIONS);
    }
}
