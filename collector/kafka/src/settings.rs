//! Which librdkafka properties a tap sets, which a user may set, and how a memory bound becomes properties. What a
//! publisher sets is in [`producer`].

pub(crate) mod producer;

use std::collections::BTreeMap;
use std::sync::Arc;

use tapline_adapter::AdapterError;

use crate::ffi::{Client, Conf, Kind, SetError, property_names};

/// Properties that would make the tap noticed, or change what it promises. With the reason.
const REFUSED: &[(&str, &str)] = &[
    ("group.id", JOINS),
    ("group.instance.id", JOINS),
    ("group.protocol", JOINS),
    ("group.remote.assignor", JOINS),
    ("enable.auto.commit", COMMITS),
    ("auto.commit.enable", COMMITS),
    ("auto.commit.interval.ms", COMMITS),
    ("enable.auto.offset.store", COMMITS),
    ("offset.store.method", COMMITS),
    ("offset.store.path", COMMITS),
    ("transactional.id", "a tap produces nothing"),
    ("bootstrap.servers", "it is set by `brokers`"),
    ("metadata.broker.list", "it is set by `brokers`"),
    ("auto.offset.reset", "where reading begins is set by `start`"),
    ("isolation.level", "only committed records are archived"),
    ("allow.auto.create.topics", "a tap creates nothing"),
    ("enable.partition.eof", "the tap needs it to know how far it is behind"),
    ("log.queue", "the tap reads the client's log"),
    ("plugin.library.paths", "it would load foreign code"),
    ("test.mock.num.brokers", "the tap would read a broker of its own"),
    // What a replay promises.
    ("enable.idempotence", ONCE),
    ("enable.gapless.guarantee", "one record that is refused would end a replay"),
    ("acks", ONCE),
    ("request.required.acks", ONCE),
    ("queuing.strategy", "a replay keeps the order"),
    ("partitioner", "a replay names the partition of each record"),
    ("delivery.report.only.error", "a replay waits for the acknowledgement of each record"),
];
const ONCE: &str = "a replay writes each record once";
const JOINS: &str = "a tap joins no group";
const COMMITS: &str = "a tap commits nothing";

/// Set before the user's own, which win.
const DEFAULTS: &[(&str, &str)] = &[
    ("client.id", "tapline"),
    // A full queue is looked at again after this long; librdkafka's second would throttle everything.
    ("fetch.queue.backoff.ms", "10"),
    ("socket.keepalive.enable", "true"),
    ("reconnect.backoff.max.ms", "2000"),
    ("log.connection.close", "false"),
    // Only a guard against nonsense on the wire; a record may be as large as the broker lets it be.
    ("receive.message.max.bytes", "2147483647"),
];

/// Set after the user's own, which cannot change them: see [`REFUSED`].
const FORCED: &[(&str, &str)] = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("isolation.level", "read_committed"),
    ("allow.auto.create.topics", "false"),
    // An offset that is gone is told to us; librdkafka's own jump would hide how much was lost.
    ("auto.offset.reset", "error"),
    // Transaction markers at the end of a partition are never delivered: without this report they would count as lag.
    ("enable.partition.eof", "true"),
    ("log.queue", "false"),
];

/// Properties that librdkafka does not list because they have no default.
const WITHOUT_DEFAULT: &[&str] = &[
    "client.rack",
    "debug",
    "sasl.kerberos.principal",
    "sasl.oauthbearer.config",
    "sasl.password",
    "sasl.username",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.cipher.suites",
    "ssl.crl.location",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.location",
    "ssl.keystore.password",
];

/// Refuses what does not exist, does not fit or is not the user's to set.
pub(crate) fn validate(source: &str, properties: &BTreeMap<String, String>) -> Result<(), AdapterError> {
    let mut conf = new_conf(source)?;
    for (name, value) in properties {
        if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| refused == name) {
            return Err(fault(source, format!("`{name}` cannot be set: {reason}")));
        }
        set(&mut conf, source, name, value)?;
    }
    Ok(())
}

/// A client for one lane whose queues stay within `queue_bytes`.
pub(crate) fn client(
    source: &str,
    brokers: &str,
    properties: &BTreeMap<String, String>,
    queue_bytes: usize,
) -> Result<Arc<Client>, AdapterError> {
    made(source, Kind::Consumer, assembled(brokers, properties, queue_bytes))
}

/// A client that asks about all groups again and again: a broker has one question of it at a time, whatever waits.
pub(crate) fn asker(
    source: &str,
    brokers: &str,
    properties: &BTreeMap<String, String>,
    queue_bytes: usize,
) -> Result<Arc<Client>, AdapterError> {
    let mut all = assembled(brokers, properties, queue_bytes);
    all.extend(owned(&[("max.in.flight.requests.per.connection", "1")]));
    made(source, Kind::Consumer, all)
}

/// A client that looks up single records: it asks for little at once, and reads what stands at an address whether or not
/// its transaction was committed.
pub(crate) fn reader(
    source: &str,
    brokers: &str,
    properties: &BTreeMap<String, String>,
    queue_bytes: usize,
) -> Result<Arc<Client>, AdapterError> {
    let mut all = assembled(brokers, properties, queue_bytes);
    all.extend(owned(&[
        ("isolation.level", "read_uncommitted"),
        ("queued.min.messages", "1"),
        ("fetch.message.max.bytes", "65536"),
    ]));
    made(source, Kind::Consumer, all)
}

/// Set in the order given: librdkafka has two names for some properties, the later one wins.
fn made(
    source: &str,
    kind: Kind,
    properties: impl IntoIterator<Item = (String, String)>,
) -> Result<Arc<Client>, AdapterError> {
    let mut conf = new_conf(source)?;
    for (name, value) in properties {
        set(&mut conf, source, &name, &value)?;
    }
    conf.into_client(kind).map_err(|detail| fault(source, detail))
}

fn owned(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Later ones win: defaults, the user's, what a tap insists on.
fn assembled(brokers: &str, user: &BTreeMap<String, String>, queue_bytes: usize) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = owned(DEFAULTS).into_iter().chain(memory(queue_bytes)).collect();
    all.extend(user.clone());
    all.extend(owned(FORCED));
    // Bounds what is written, which is nothing here; librdkafka refuses one above the bound on fetching.
    all.insert("message.max.bytes".to_owned(), "1000".to_owned());
    // Which life of a topic a client reads stands in this part of its log alone: see `ffi::lives`.
    let debug = all.remove("debug").map_or_else(|| "metadata".to_owned(), |user| format!("{user},metadata"));
    all.insert("debug".to_owned(), debug);
    all.extend(owned(&[("bootstrap.servers", brokers)]));
    all
}

/// The part of the memory bound that a lane gets. What a lane holds decides how much it may ask for at once, and so what
/// reading costs the broker: a backlog needs that no less than fresh rows do.
pub(crate) const fn share(queue_bytes: usize) -> usize {
    queue_bytes / 2
}

/// Partitions that are forwarded to one queue are limited by the length of that queue, so these bounds hold for all
/// partitions together. Half goes to payloads; the other half is left for librdkafka's ~450 bytes a message and for the
/// answers that were under way when the queue became full: one a broker, small because it is unpacked as a whole and may
/// grow tenfold by that. A single batch is never cut, so a record of any size arrives.
fn memory(queue_bytes: usize) -> [(String, String); 4] {
    let payload = queue_bytes / 2;
    let fetch = (queue_bytes / 32).clamp(256 << 10, 8 << 20);
    [
        ("queued.max.messages.kbytes".to_owned(), (payload >> 10).clamp(1, 2_097_151).to_string()),
        ("queued.min.messages".to_owned(), (payload / 640).clamp(100, 10_000_000).to_string()),
        ("fetch.max.bytes".to_owned(), fetch.to_string()),
        ("fetch.message.max.bytes".to_owned(), fetch.min(1 << 20).to_string()),
    ]
}

fn new_conf(source: &str) -> Result<Conf, AdapterError> {
    Conf::new().ok_or_else(|| fault(source, "librdkafka has no memory for its properties".to_owned()))
}

fn set(conf: &mut Conf, source: &str, name: &str, value: &str) -> Result<(), AdapterError> {
    conf.set(name, value).map_err(|error| match error {
        SetError::Unknown => fault(source, unknown(name)),
        // librdkafka repeats the value.
        SetError::Invalid(_) if is_secret(name) => fault(source, format!("the value of `{name}` does not fit")),
        SetError::Invalid(words) => fault(source, format!("property `{name}`: {words}")),
    })
}

fn unknown(name: &str) -> String {
    let nearest = property_names()
        .into_iter()
        .chain(WITHOUT_DEFAULT.iter().map(|name| (*name).to_owned()))
        .map(|known| (strsim::damerau_levenshtein(name, &known), known))
        .min()
        .filter(|(distance, _)| *distance <= 4);
    match nearest {
        Some((_, known)) => format!("librdkafka has no property `{name}`, did you mean `{known}`?"),
        None => format!("librdkafka has no property `{name}`"),
    }
}

fn is_secret(name: &str) -> bool {
    ["password", "secret", "pem", "key", "config"].iter().any(|word| name.contains(word))
}

fn fault(source: &str, detail: String) -> AdapterError {
    AdapterError::Configuration { name: source.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, value: &str) -> String {
        validate("orders", &BTreeMap::from([(name.to_owned(), value.to_owned())])).unwrap_err().to_string()
    }

    #[test]
    fn unknown_property_names_the_nearest() {
        assert_eq!(
            refusal("sasl.pasword", "x"),
            "configuration of source `orders`: librdkafka has no property `sasl.pasword`, did you mean `sasl.password`?"
        );
        assert!(refusal("zzzzzzzzzzzzzzzzzzzzzz", "x").ends_with("no property `zzzzzzzzzzzzzzzzzzzzzz`"));
    }

    #[test]
    fn what_would_be_noticed_is_refused() {
        assert!(refusal("group.id", "g").ends_with("`group.id` cannot be set: a tap joins no group"));
        assert!(refusal("enable.auto.commit", "true").contains("commits nothing"));
        assert!(refusal("isolation.level", "read_uncommitted").contains("committed"));
    }

    #[test]
    fn invalid_value_is_named_but_a_secret_is_not_repeated() {
        assert!(refusal("security.protocol", "TLSS").contains("TLSS"));
        assert!(is_secret("sasl.password") && is_secret("ssl.key.pem") && is_secret("sasl.oauthbearer.config"));
    }

    #[test]
    fn every_own_property_exists_and_fits() {
        for bytes in [0, 1 << 20, 64 << 20, usize::MAX / 2] {
            let client = client("s", "127.0.0.1:1", &BTreeMap::new(), bytes);
            assert!(client.is_ok(), "{:?}", client.err());
        }
    }

    #[test]
    fn a_users_property_wins_over_a_default_but_not_over_what_the_tap_insists_on() {
        let user = BTreeMap::from([
            ("client.id".to_owned(), "quota-7".to_owned()),
            ("enable.auto.commit".to_owned(), "true".to_owned()),
        ]);
        let all = assembled("b:1", &user, 64 << 20);
        assert_eq!((all["client.id"].as_str(), all["enable.auto.commit"].as_str()), ("quota-7", "false"));
        assert_eq!(all["bootstrap.servers"], "b:1");
    }

    #[test]
    fn a_user_debugs_beside_what_the_tap_listens_to() {
        let user = BTreeMap::from([("debug".to_owned(), "broker,security".to_owned())]);
        assert_eq!(assembled("b:1", &user, 64 << 20)["debug"], "broker,security,metadata");
        assert_eq!(assembled("b:1", &BTreeMap::new(), 64 << 20)["debug"], "metadata");
    }

    #[test]
    fn queues_and_the_answers_under_way_stay_within_the_bound() {
        for bytes in [16 << 20, 64 << 20, 512 << 20usize] {
            let all = assembled("b:1", &BTreeMap::new(), bytes);
            let of = |name: &str| all[name].parse::<usize>().unwrap();
            let payload = of("queued.max.messages.kbytes") << 10;
            let overhead = of("queued.min.messages") * 450;
            assert!(payload + overhead + of("fetch.max.bytes") <= bytes, "{all:?}");
        }
    }
}
