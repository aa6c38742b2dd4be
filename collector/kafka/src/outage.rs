//! Why a client has no connection, as a sentence: which address, what failed, what to do about it.

use std::time::Duration;

use tapline_adapter::AdapterError;

use crate::ffi::{Client, ClientEvent, ErrorCode};
use crate::source::Cluster;

/// How librdkafka begins to tell of TLS.
const HANDSHAKE: &str = "SSL handshake failed: ";

/// How much a report explains: "all brokers are down" must not hide the refusal before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Silence,
    Address,
    Refusal,
}

/// What the client reported of a connection that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outage {
    code: ErrorCode,
    /// Whether TLS was being agreed upon; the code says so only sometimes.
    tls: bool,
    /// As `host:port`, where the report is about one broker.
    address: Option<String>,
    /// The client's words.
    said: String,
}

impl Outage {
    /// Reads librdkafka's report, such as `ssl://k1:9093/bootstrap: Connect to ... failed: ... (after 2ms in state CONNECT)`.
    pub(crate) fn new(code: ErrorCode, text: &str) -> Self {
        let named = text.split_once(": ").filter(|(broker, _)| broker.contains('/') && !broker.contains(' '));
        let (address, said) = named.map_or((None, text), |(broker, said)| (Some(address(broker)), said));
        let said = said.rsplit_once(" (after ").map_or(said, |(said, _)| said);
        let tls = code == ErrorCode::SSL || text.contains("in state SSL_HANDSHAKE") || said.starts_with(HANDSHAKE);
        Self { code, tls, address, said: said.trim().to_owned() }
    }

    /// Why a question found no answer: what the client reported meanwhile explains more than the error of the call.
    pub(crate) fn of(client: &Client, code: ErrorCode) -> Self {
        let mut outage = Self::new(code, &code.to_string());
        while let Some(event) = client.next_event(Duration::ZERO) {
            if let ClientEvent::Error { code, text } = event {
                outage = Self::new(code, &text).or_better(Some(outage));
            }
        }
        outage
    }

    /// As the fault of a call.
    pub(crate) fn error(&self, cluster: &Cluster) -> AdapterError {
        let sentence = self.sentence(cluster);
        if self.code.is_authentication() {
            AdapterError::Authentication { sentence }
        } else {
            AdapterError::Unreachable { sentence }
        }
    }

    /// This report, unless the one before explains more.
    pub(crate) fn or_better(self, before: Option<Self>) -> Self {
        before.filter(|before| before.weight() > self.weight()).unwrap_or(self)
    }

    fn weight(&self) -> Weight {
        match &self.address {
            _ if self.tls || self.code.is_authentication() => Weight::Refusal,
            Some(_) => Weight::Address,
            None => Weight::Silence,
        }
    }

    pub(crate) fn sentence(&self, cluster: &Cluster) -> String {
        let (said, name) = (&self.said, &cluster.name);
        let at = self.address.as_deref().unwrap_or(&cluster.brokers);
        if self.tls {
            let (said, remedy) = handshake(said);
            return format!("the TLS handshake with {at} failed: {said}; {remedy} in [sources.{name}.client]");
        }
        if self.code.is_authentication() {
            return format!(
                "broker {at} refused the credentials: {said}; see `security.protocol`, `sasl.mechanism`, \
                 `sasl.username` and `sasl.password` in [sources.{name}.client]"
            );
        }
        let listed = format!("see `brokers` in [sources.{name}]");
        // An address that nobody configured was told by the cluster.
        let remedy = if cluster.lists(at) {
            listed
        } else {
            "the cluster advertises this address (`advertised.listeners`), it must be reachable from here".to_owned()
        };
        if self.code == ErrorCode::RESOLVE {
            let cause = said.rsplit_once(": ").map_or(said.as_str(), |(_, cause)| cause);
            return format!("cannot reach {at}: its name is not resolved ({cause}); {remedy}");
        }
        if said.contains("Connection refused") {
            return format!("cannot reach {at}: connection refused, no broker listens there; {remedy}");
        }
        if self.is_silence() {
            return format!(
                "cannot reach {at}: no answer in time; a firewall may be between, or `security.protocol` in \
                 [sources.{name}.client] is not that of the port"
            );
        }
        format!("cannot reach {at}: {said}; {remedy}")
    }

    fn is_silence(&self) -> bool {
        self.weight() == Weight::Silence || self.said.contains("timed out")
    }
}

/// Without the protocol before it and the number after it.
fn address(broker: &str) -> String {
    let broker = broker.split_once("://").map_or(broker, |(_, rest)| rest);
    broker.rsplit_once('/').map_or(broker, |(address, _)| address).to_owned()
}

/// What TLS said, without librdkafka's own advice, and ours.
fn handshake(said: &str) -> (&str, &'static str) {
    const ADVICE: [(&str, &str); 3] = [
        (
            ": connecting to a PLAINTEXT",
            "the port seems to speak no TLS: name its TLS port, or change `security.protocol`",
        ),
        (
            ": broker certificate could not",
            "`ssl.ca.location` names the file of the authority that signed its certificate,",
        ),
        (
            ": client SSL authentication",
            "it seems to want a certificate: set `ssl.certificate.location` and `ssl.key.location`",
        ),
    ];
    let known = ADVICE.iter().find_map(|(theirs, ours)| Some((said.split_once(theirs)?.0, *ours)));
    let (said, remedy) = known.unwrap_or((said, "see the `ssl.*` properties"));
    (said.strip_prefix(HANDSHAKE).unwrap_or(said), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KafkaSource;

    fn sentence(code: ErrorCode, text: &str) -> String {
        let source = KafkaSource::new("orders", "k1:9092, k2", Default::default()).unwrap();
        Outage::new(code, text).sentence(source.cluster())
    }

    #[test]
    fn an_outage_names_address_fault_and_remedy() {
        let transport = ErrorCode::TRANSPORT;
        for (code, text, expected) in [
            (
                ErrorCode::RESOLVE,
                "k2:9092/bootstrap: Failed to resolve 'k2:9092': Name or service not known (after 3ms in state CONNECT)",
                "cannot reach k2:9092: its name is not resolved (Name or service not known); see `brokers` in [sources.orders]",
            ),
            (
                transport,
                "k1:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT, 3 identical error(s) suppressed)",
                "cannot reach k1:9092: connection refused, no broker listens there; see `brokers` in [sources.orders]",
            ),
            (
                transport,
                "kafka-0.internal:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)",
                "cannot reach kafka-0.internal:9092: connection refused, no broker listens there; the cluster advertises this address (`advertised.listeners`), it must be reachable from here",
            ),
            (
                ErrorCode::ALL_BROKERS_DOWN,
                "2/2 brokers are down",
                "cannot reach k1:9092, k2: no answer in time; a firewall may be between, or `security.protocol` in [sources.orders.client] is not that of the port",
            ),
            (
                ErrorCode::SSL,
                "ssl://k1:9092/bootstrap: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener? (after 1ms in state SSL_HANDSHAKE)",
                "the TLS handshake with k1:9092 failed: Disconnected; the port seems to speak no TLS: name its TLS port, or change `security.protocol` in [sources.orders.client]",
            ),
            (
                transport,
                "ssl://k1:9092/bootstrap: Disconnected: connection reset by peer (after 1ms in state SSL_HANDSHAKE)",
                "the TLS handshake with k1:9092 failed: Disconnected: connection reset by peer; see the `ssl.*` properties in [sources.orders.client]",
            ),
            (
                ErrorCode::AUTHENTICATION,
                "sasl_ssl://k1:9092/bootstrap: SASL authentication error: Authentication failed (after 5ms in state AUTH_REQ)",
                "broker k1:9092 refused the credentials: SASL authentication error: Authentication failed; see `security.protocol`, `sasl.mechanism`, `sasl.username` and `sasl.password` in [sources.orders.client]",
            ),
            (
                transport,
                "k1:9092/1: Receive failed: Connection reset by peer (after 1ms in state UP)",
                "cannot reach k1:9092: Receive failed: Connection reset by peer; see `brokers` in [sources.orders]",
            ),
        ] {
            assert_eq!(sentence(code, text), expected);
        }
    }

    #[test]
    fn silence_hides_neither_the_refusal_nor_the_address_before_it() {
        let down = || Outage::new(ErrorCode::ALL_BROKERS_DOWN, "1/1 brokers are down");
        let refused = Outage::new(ErrorCode::SASL, "bad password");
        let closed =
            Outage::new(ErrorCode::TRANSPORT, "k1:9092/1: Connect to ipv4#1.2.3.4:9092 failed: Connection refused");
        assert_eq!(down().or_better(Some(refused.clone())), refused);
        assert_eq!(down().or_better(Some(closed.clone())), closed);
        assert_eq!(closed.clone().or_better(Some(refused.clone())), refused);
        assert_eq!(closed.clone().or_better(Some(down())), closed);
        assert_eq!(down().or_better(None), down());
    }
}
