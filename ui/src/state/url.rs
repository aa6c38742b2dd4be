//! The address is the state: what stands behind `?`, read and written as ordered pairs. What the pairs mean belongs to
//! their users ([`super::time_range`], [`crate::filter`], the pages).

use std::fmt::Write;

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::History;

use super::history::{self, Place, history};
use crate::react::memo;

/// Pairs of a query, in order; a name may stand more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=b&c=d`, with or without a leading `?`.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    /// The first value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(pair, _)| pair == name).map(|(_, value)| value.as_str())
    }

    /// Every pair.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Gives a name one value, or none. It keeps its place.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        let place = self.0.iter().position(|(pair, _)| pair == name).unwrap_or(self.0.len());
        self.0.retain(|(pair, _)| pair != name);
        if let Some(value) = value {
            self.0.insert(place.min(self.0.len()), (name.to_owned(), value.to_owned()));
        }
    }

    /// Adds a value beside those that a name has.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Removes every pair whose name is not wanted.
    pub(crate) fn keep(&mut self, wanted: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| wanted(name));
    }

    /// `path?a=b`, or `path` alone when there is nothing to say.
    pub(crate) fn on(&self, path: &str) -> String {
        if self.0.is_empty() { path.to_owned() } else { format!("{path}?{self}") }
    }
}

impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_char('&')?;
            }
            write!(f, "{}={}", encode(name, b"-_.~"), encode(value, b"-_.~:/,@!$()*;="))?;
        }
        Ok(())
    }
}

/// One segment of a path, so that an ID with slashes stays one.
pub(crate) fn segment(text: &str) -> String {
    encode(text, b"-_.~:,@!$()*;=")
}

/// What stands behind a prefix of a path, decoded: `r-33` of `/replays/r-33`.
pub(crate) fn behind(path: &str, prefix: &str) -> Option<String> {
    let rest = path.strip_prefix(prefix)?.trim_end_matches('/');
    // In a path a plus is a plus.
    (!rest.is_empty()).then(|| decode(&rest.replace('+', "%2B")))
}

/// The page of a chain.
pub(crate) fn chain_path(id: &str) -> String {
    format!("/chain/{}", segment(id))
}

/// The page of a replay.
pub(crate) fn replay_path(id: &str) -> String {
    format!("/replays/{}", segment(id))
}

/// The call that answers an event. Segments of its address are encoded already; what stands between them is not.
pub(crate) fn event_path(address: &str) -> String {
    let encoded: Vec<String> = address.split('/').map(|part| segment(&decode(part))).collect();
    format!("/api/v1/events/{}", encoded.join("/"))
}

fn encode(text: &str, plain: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Undoes percent encoding and `+`; what is not valid stays as it came.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1..at + 3).and_then(hex_pair)) {
            (b'%', Some(value)) => {
                decoded.push(value);
                at += 3;
            }
            (b'+', _) => {
                decoded.push(b' ');
                at += 1;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex_pair(digits: &[u8]) -> Option<u8> {
    let high = char::from(digits[0]).to_digit(16)?;
    let low = char::from(digits[1]).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// Reads and changes the address of the page.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    /// Path without query.
    pub(crate) path: Memo<String>,
    /// What stands behind `?`.
    pub(crate) query: Memo<Query>,
    place: RwSignal<Place>,
}

/// The address, from anywhere below [`provide_address`].
pub(crate) fn use_address() -> Address {
    expect_context()
}

/// Makes [`use_address`] answer.
pub(crate) fn provide_address() {
    let place = history::follow();
    provide_context(Address {
        path: memo(move || place.with(|place| place.path.clone())),
        query: memo(move || place.with(|place| Query::parse(&place.search))),
        place,
    });
}

impl Address {
    /// The value of a name, followed as it changes.
    pub(crate) fn get(self, name: &'static str) -> Memo<Option<String>> {
        memo(move || self.query.with(|query| query.get(name).map(str::to_owned)))
    }

    /// Goes to a path that starts with `/`; Back returns.
    pub(crate) fn go(self, to: &str) {
        history::go(self.place, to, false, &JsValue::NULL);
    }

    /// Changes the query of this page; Back undoes it.
    pub(crate) fn push(self, change: impl FnOnce(&mut Query)) {
        self.change(change, false, &JsValue::NULL);
    }

    /// As [`Self::push`], for what [`Self::leave`] takes back.
    pub(crate) fn enter(self, change: impl FnOnce(&mut Query)) {
        self.change(change, false, &JsValue::TRUE);
    }

    /// Changes the query of this page in place, for what is no step of its own.
    pub(crate) fn replace(self, change: impl FnOnce(&mut Query)) {
        // The entry stays what it was: one that was entered can still be left.
        let state = history().and_then(|history| history.state().ok()).unwrap_or(JsValue::NULL);
        self.change(change, true, &state);
    }

    /// Takes an [`Self::enter`] back, so that Back does not come here again. An address that came otherwise (a copied
    /// link, a filter changed meanwhile) has nothing behind it to return to and is changed in place.
    pub(crate) fn leave(self, change: impl FnOnce(&mut Query)) {
        let entered = |history: &History| history.state().is_ok_and(|state| state == JsValue::TRUE);
        match history().filter(entered) {
            // Going back takes a moment: a second key press meanwhile must not go back twice.
            Some(history) if history.replace_state(&JsValue::NULL, "").is_ok() => drop(history.back()),
            _ => self.replace(change),
        }
    }

    fn change(self, change: impl FnOnce(&mut Query), replace: bool, state: &JsValue) {
        let mut query = self.query.get_untracked();
        change(&mut query);
        let to = query.on(&self.path.get_untracked());
        history::go(self.place, &to, replace, state);
    }

    /// A link to another page that keeps the time range and the theme that was asked for, followed as they change.
    pub(crate) fn link(self, path: &str) -> String {
        let (path, wanted) = path.split_once('?').unwrap_or((path, ""));
        self.query.with(|now| keeping(Query::parse(wanted), now)).on(path)
    }
}

/// What is wanted of another page, with what every page shares with this one.
fn keeping(mut wanted: Query, now: &Query) -> Query {
    if wanted.get("from").is_none() && wanted.get("to").is_none() {
        wanted.set("from", now.get("from"));
        wanted.set("to", now.get("to"));
    }
    if let Some(theme) = now.get("theme") {
        wanted.set("theme", Some(theme));
    }
    wanted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_may_stand_more_than_once_and_keep_their_order() {
        let query = Query::parse("?field=amount%3E100&type=A&field=b:c");
        assert_eq!(query.all("field").collect::<Vec<_>>(), ["amount>100", "b:c"]);
        assert_eq!(query.to_string(), "field=amount%3E100&type=A&field=b:c");
    }

    #[test]
    fn setting_replaces_in_place_and_none_removes() {
        let mut query = Query::parse("a=1&b=2&a=3&c=4");
        query.set("a", Some("9"));
        assert_eq!(query.to_string(), "a=9&b=2&c=4");
        query.set("b", None);
        assert_eq!(query.on("/events"), "/events?a=9&c=4");
        query.keep(|_| false);
        assert_eq!(query.on("/events"), "/events");
    }

    #[test]
    fn broken_encoding_stays_as_it_came() {
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz+%4"), "%zz %4");
    }

    #[test]
    fn an_id_with_slashes_is_one_segment() {
        assert_eq!(chain_path("path=/a b"), "/chain/path=%2Fa%20b");
        assert_eq!(behind("/chain/path=%2Fa+b", "/chain/").as_deref(), Some("path=/a+b"));
        assert_eq!((behind("/replays/", "/replays/"), behind("/events", "/replays/")), (None, None));
    }

    #[test]
    fn a_link_keeps_the_time_range_and_the_theme() {
        let now = Query::parse("from=now-1h&theme=dark&member=a");
        let to = |wanted: &str| keeping(Query::parse(wanted), &now).on("/chain/ORD-1");
        assert_eq!(to(""), "/chain/ORD-1?from=now-1h&theme=dark");
        assert_eq!(to("to=now-5m"), "/chain/ORD-1?to=now-5m&theme=dark");
        assert_eq!(keeping(Query::default(), &Query::default()), Query::default());
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(pairs in prop::collection::vec((".{1,8}", ".{0,12}"), 0..5)) {
            let query = Query(pairs);
            prop_assert_eq!(Query::parse(&query.to_string()), query);
        }
    }
}
