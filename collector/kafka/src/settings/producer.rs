//! The properties of a publisher: each record once, in order, each acknowledged by all replicas, and no topic created.

use std::collections::BTreeMap;
use std::sync::Arc;

use tapline_adapter::AdapterError;

use super::{made, owned};
use crate::ffi::{Client, Kind};

/// Set before the user's own, which win.
const DEFAULTS: &[(&str, &str)] = &[
    ("client.id", "tapline"),
    ("linger.ms", "5"),
    // How long a record may go without an acknowledgement, repetitions included.
    ("message.timeout.ms", "120000"),
    ("socket.keepalive.enable", "true"),
    ("reconnect.backoff.max.ms", "2000"),
    ("log.connection.close", "false"),
];

/// Set after the user's own, which cannot change them: see [`super::REFUSED`].
const FORCED: &[(&str, &str)] = &[
    ("enable.idempotence", "true"),
    ("acks", "all"),
    // A producer's default is true: asking a broker for a topic would create it.
    ("allow.auto.create.topics", "false"),
    ("log.queue", "false"),
];

/// librdkafka's own bound on a batch.
const BATCH: u64 = 1_000_000;

/// Brokers close the connection on a larger request (`socket.request.max.bytes`), and then it would be sent for ever.
const REQUEST: u64 = 100_000_000;

/// What the destinations take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// The smallest and the largest `max.message.bytes`; `None` if one is not known.
    pub(crate) limits: Option<(u64, u64)>,
    /// Records under way.
    pub(crate) records: usize,
}

/// A client that writes to destinations that take batches of these sizes.
pub(crate) fn client(
    source: &str,
    brokers: &str,
    properties: &BTreeMap<String, String>,
    sizes: Sizes,
) -> Result<Arc<Client>, AdapterError> {
    made(source, Kind::Producer, assembled(brokers, properties, sizes))
}

/// In the order in which they are set: defaults, the user's, what a publisher insists on.
fn assembled(brokers: &str, user: &BTreeMap<String, String>, sizes: Sizes) -> Vec<(String, String)> {
    let mut all = owned(DEFAULTS);
    let largest =
        sizes.limits.map_or(REQUEST, |(_, largest)| largest.saturating_add(1 << 16).clamp(REQUEST, 1_000_000_000));
    all.push(("message.max.bytes".to_owned(), largest.to_string()));
    all.extend(user.clone());
    all.extend(batches(user, sizes));
    all.push(("queue.buffering.max.messages".to_owned(), sizes.records.clamp(1, 10_000_000).to_string()));
    // What a producer says of refused batches stands in this part of its log alone: see `ffi::doubts`.
    let debug = user.get("debug").map_or_else(|| "topic".to_owned(), |user| format!("{user},topic"));
    all.push(("debug".to_owned(), debug));
    all.extend(owned(FORCED));
    all.push(("bootstrap.servers".to_owned(), brokers.to_owned()));
    all
}

/// A broker accepts or refuses a batch as a whole, and librdkafka does not divide one that was refused: one that grew too
/// large would refuse records that are small enough. Where the bound is not known, every record travels alone.
fn batches(user: &BTreeMap<String, String>, sizes: Sizes) -> Vec<(String, String)> {
    let Some((smallest, _)) = sizes.limits else { return owned(&[("batch.num.messages", "1")]) };
    let wanted = user.get("batch.size").and_then(|size| size.parse().ok()).unwrap_or(BATCH);
    vec![("batch.size".to_owned(), wanted.min(smallest).max(1).to_string())]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Sizes = Sizes { limits: Some((1_048_588, 1_048_588)), records: 1_000 };

    /// As librdkafka sees them: the last one counts.
    fn set(user: &[(&str, &str)], sizes: Sizes) -> BTreeMap<String, String> {
        assembled("b:1", &owned(user).into_iter().collect(), sizes).into_iter().collect()
    }

    #[test]
    fn every_own_property_exists_and_fits() {
        for limits in [None, Some((0, 1 << 20)), Some((1_000, u64::MAX))] {
            for records in [0, 1_000, usize::MAX] {
                let client = client("s", "127.0.0.1:1", &BTreeMap::new(), Sizes { limits, records });
                assert!(client.is_ok(), "{:?}", client.err());
            }
        }
    }

    #[test]
    fn a_users_property_wins_over_a_default_under_both_its_names() {
        let user = [("delivery.timeout.ms", "7000"), ("compression.type", "zstd"), ("client.id", "quota-7")];
        let all = assembled("b:1", &owned(&user).into_iter().collect(), KNOWN);
        let at = |name: &str| all.iter().position(|(known, _)| known == name).unwrap();
        assert!(at("delivery.timeout.ms") > at("message.timeout.ms"));
        assert_eq!(set(&user, KNOWN)["client.id"], "quota-7");
    }

    #[test]
    fn what_a_replay_promises_cannot_be_changed() {
        let all = set(&[("enable.idempotence", "false"), ("acks", "1"), ("allow.auto.create.topics", "true")], KNOWN);
        assert_eq!((all["enable.idempotence"].as_str(), all["acks"].as_str()), ("true", "all"));
        assert_eq!(all["allow.auto.create.topics"], "false");
    }

    #[test]
    fn no_batch_is_larger_than_the_smallest_destination_takes() {
        let limits = |smallest, largest| Sizes { limits: Some((smallest, largest)), records: 1 };
        assert_eq!(set(&[], limits(1_048_588, 1_048_588))["batch.size"], "1000000");
        assert_eq!(set(&[], limits(20_000, 1_048_588))["batch.size"], "20000");
        assert_eq!(set(&[("batch.size", "16384")], limits(20_000, 30_000))["batch.size"], "16384");
        assert_eq!(set(&[("batch.size", "99999999")], limits(20_000, 30_000))["batch.size"], "20000");
        assert_eq!(set(&[], Sizes { limits: None, records: 1 })["batch.num.messages"], "1");
    }

    #[test]
    fn a_record_may_be_as_large_as_the_largest_destination_takes() {
        let largest = |bytes| set(&[], Sizes { limits: Some((1_000, bytes)), records: 1 })["message.max.bytes"].clone();
        assert_eq!(largest(1_048_588), "100000000");
        assert_eq!(largest(134_217_728), "134283264");
    }
}
