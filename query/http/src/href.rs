//! Links into the page. Only pages that exist: Overview, Events, Chain, Consumers, Dead letters, Replays, SQL, System.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986's unreserved characters stay readable.
const VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':').remove(b'/');

/// A segment: an ID with slashes stays one.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'=');

/// The list of events that have these parameters.
pub(crate) fn events(parameters: &[(&str, &str)]) -> String {
    with_query("/events", parameters)
}

/// The story of an ID.
pub(crate) fn chain(id: &str) -> String {
    format!("/chain/{}", utf8_percent_encode(id, SEGMENT))
}

/// A cause of dead letters.
pub(crate) fn cause(fingerprint: &str) -> String {
    with_query("/dead-letters", &[("cause", fingerprint)])
}

/// A consumer group.
pub(crate) fn group(source: &str, name: &str) -> String {
    with_query("/consumers", &[("source", source), ("group", name)])
}

/// A replay, by its id.
pub(crate) fn replay(id: &str) -> String {
    format!("/replays/{}", utf8_percent_encode(id, SEGMENT))
}

/// A page with parameters.
pub(crate) fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut link = path.to_owned();
    for (at, (name, value)) in parameters.iter().enumerate() {
        link.push(if at == 0 { '?' } else { '&' });
        link.push_str(name);
        link.push('=');
        link.extend(utf8_percent_encode(value, VALUE));
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values() {
        assert_eq!(
            events(&[("destination", "a&b=c d"), ("from", "now-1h")]),
            "/events?destination=a%26b%3Dc%20d&from=now-1h"
        );
        assert_eq!(chain("orderId=a/b?c#d"), "/chain/orderId=a%2Fb%3Fc%23d");
        assert_eq!(events(&[]), "/events");
    }
}
