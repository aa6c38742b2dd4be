//! A configured Kafka cluster. Checks properties when made; connects only when asked to, each time anew.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tapline_adapter::{
    AdapterError, Capability, Check, DestinationFacts, GroupOptions, Groups, OffsetRange, Positions, PublishOptions,
    Publisher, RangeRead, ReadLimits, RecordSink, Source, Tap, TapOptions,
};

use crate::ffi::Client;
use crate::filter::Filter;
use crate::settings::producer::Sizes;
use crate::{check, destination, groups, publisher, read, settings, tap};

/// A Kafka cluster, or one that speaks its protocol.
pub struct KafkaSource {
    cluster: Arc<Cluster>,
}

/// What is needed to open a client and to name the cluster in sentences.
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) brokers: String,
    properties: BTreeMap<String, String>,
}

impl KafkaSource {
    /// Checks `client`, librdkafka's properties, without connecting.
    ///
    /// # Errors
    /// [`AdapterError::Configuration`] names a property that does not exist (with the nearest that does), whose value
    /// does not fit, or that would make the tap noticed.
    pub fn new(name: &str, brokers: &str, client: BTreeMap<String, String>) -> Result<Self, AdapterError> {
        if brokers.trim().is_empty() {
            let detail = "`brokers` is empty, it lists addresses as `host:port,host:port`".to_owned();
            return Err(AdapterError::Configuration { name: name.to_owned(), detail });
        }
        settings::validate(name, &client)?;
        let cluster = Cluster { name: name.to_owned(), brokers: brokers.to_owned(), properties: client };
        Ok(Self { cluster: Arc::new(cluster) })
    }

    /// Checks what is to be read, without connecting.
    ///
    /// # Errors
    /// [`AdapterError::Configuration`] names the pattern that is none.
    pub fn accepts(&self, options: &TapOptions) -> Result<(), AdapterError> {
        Filter::new(&self.cluster.name, options).map(drop)
    }

    #[cfg(test)]
    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}

impl Source for KafkaSource {
    fn name(&self) -> &str {
        &self.cluster.name
    }

    fn system(&self) -> &'static str {
        "kafka"
    }

    fn allows(&self, options: &TapOptions, destination: &str) -> bool {
        Filter::new(&self.cluster.name, options).is_ok_and(|filter| filter.allows(destination))
    }

    fn capabilities(&self) -> Vec<Capability> {
        let all = ["tap", "lag", "dead_letters", "publish", "seek"];
        all.map(|name| Capability { name, missing: None }).to_vec()
    }

    fn check(&self, options: &TapOptions) -> Vec<Check> {
        check::check(&self.cluster, options)
    }

    fn tap(&self, options: &TapOptions, positions: Positions) -> Result<Box<dyn Tap>, AdapterError> {
        Ok(Box::new(tap::KafkaTap::open(Arc::clone(&self.cluster), options, positions)?))
    }

    fn destinations(&self, names: &[&str]) -> Result<Vec<Result<DestinationFacts, AdapterError>>, AdapterError> {
        destination::destinations(&self.cluster, names)
    }

    fn publisher(&self, options: &PublishOptions) -> Result<Box<dyn Publisher>, AdapterError> {
        Ok(Box::new(publisher::KafkaPublisher::open(Arc::clone(&self.cluster), options)?))
    }

    fn groups(&self, options: &GroupOptions) -> Result<Box<dyn Groups>, AdapterError> {
        Ok(Box::new(groups::KafkaGroups::new(Arc::clone(&self.cluster), options)?))
    }

    fn read(
        &self,
        ranges: &[OffsetRange],
        limits: ReadLimits,
        sink: &mut dyn RecordSink,
    ) -> Result<Vec<RangeRead>, AdapterError> {
        read::read(&self.cluster, ranges, limits, sink)
    }
}

impl Cluster {
    pub(crate) fn client(&self, queue_bytes: usize) -> Result<Arc<Client>, AdapterError> {
        settings::client(&self.name, &self.brokers, &self.properties, queue_bytes)
    }

    /// A client that asks about groups.
    pub(crate) fn asker(&self, queue_bytes: usize) -> Result<Arc<Client>, AdapterError> {
        settings::asker(&self.name, &self.brokers, &self.properties, queue_bytes)
    }

    /// A client that looks up single records.
    pub(crate) fn reader(&self, queue_bytes: usize) -> Result<Arc<Client>, AdapterError> {
        settings::reader(&self.name, &self.brokers, &self.properties, queue_bytes)
    }

    /// A client that writes.
    pub(crate) fn producer(&self, sizes: Sizes) -> Result<Arc<Client>, AdapterError> {
        settings::producer::client(&self.name, &self.brokers, &self.properties, sizes)
    }

    /// The command that lets this client read `topic`.
    pub(crate) fn grant(&self, topic: &str) -> String {
        self.grant_operations(&["Read", "Describe"], topic)
    }

    /// The command that lets this client do these to `topic`.
    pub(crate) fn grant_operations(&self, operations: &[&str], topic: &str) -> String {
        let operations: String = operations.iter().map(|operation| format!(" --operation {operation}")).collect();
        format!("{}{operations} --topic {}", self.grants(), quoted(topic))
    }

    /// The command that lets this client see a group.
    pub(crate) fn grant_group(&self, group: &str) -> String {
        format!("{} --operation Describe --group {}", self.grants(), quoted(group))
    }

    fn grants(&self) -> String {
        let (brokers, principal) = (&self.brokers, quoted(&self.principal()));
        format!("kafka-acls --bootstrap-server {brokers} --add --allow-principal {principal}")
    }

    /// The command that lets this client read all topics that begin with one of these.
    pub(crate) fn grant_beginning(&self, prefixes: &[String]) -> String {
        match prefixes {
            [first, others @ ..] if prefixes.iter().all(|prefix| !prefix.is_empty()) => {
                let others: String = others.iter().map(|prefix| " --topic ".to_owned() + &quoted(prefix)).collect();
                format!("{}{others} --resource-pattern-type prefixed", self.grant(first))
            }
            _ => self.grant("*"),
        }
    }

    /// Whether an address stands in the configuration.
    pub(crate) fn lists(&self, address: &str) -> bool {
        let listed = self.brokers.split(',').map(|broker| broker.trim().rsplit("://").next().unwrap_or_default());
        // Without a port librdkafka takes Kafka's.
        address == self.brokers
            || listed.into_iter().any(|broker| broker == address || format!("{broker}:9092") == address)
    }

    fn principal(&self) -> String {
        let user = ["sasl.username", "sasl.kerberos.principal"].iter().find_map(|name| self.properties.get(*name));
        let secured = self.properties.get("security.protocol").is_some_and(|protocol| !is_plaintext(protocol));
        match user {
            Some(user) => format!("User:{user}"),
            None if secured => "User:<name of this client's certificate>".to_owned(),
            None => "User:ANONYMOUS".to_owned(),
        }
    }
}

fn is_plaintext(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case("plaintext")
}

/// For a shell, where it needs it.
fn quoted(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || ":._-@=,".contains(c)) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

impl fmt::Debug for KafkaSource {
    /// Names of properties only: values hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSource")
            .field("name", &self.cluster.name)
            .field("brokers", &self.cluster.brokers)
            .field("properties", &self.cluster.properties.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(properties: &[(&str, &str)]) -> KafkaSource {
        let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        KafkaSource::new("orders", "k1:9092,k2:9092", properties).unwrap()
    }

    #[test]
    fn a_password_is_never_shown() {
        let source = with(&[("sasl.username", "tap"), ("sasl.password", "hunter2")]);
        let shown = format!("{source:?}");
        assert!(shown.contains("sasl.password") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn the_grant_names_who_asks() {
        assert_eq!(
            with(&[("sasl.username", "tap line")]).cluster.grant("shop.orders"),
            "kafka-acls --bootstrap-server k1:9092,k2:9092 --add --allow-principal 'User:tap line' --operation Read \
             --operation Describe --topic shop.orders"
        );
        assert!(with(&[]).cluster.grant("t").contains("User:ANONYMOUS"));
    }

    #[test]
    fn a_pattern_is_granted_by_what_it_begins_with() {
        let ends = |prefixes: &[&str], end: &str| {
            let prefixes: Vec<String> = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
            let command = with(&[]).cluster.grant_beginning(&prefixes);
            assert!(command.ends_with(end), "{command}");
        };
        ends(&["shop.", "bank."], "Describe --topic shop. --topic bank. --resource-pattern-type prefixed");
        ends(&["shop.", ""], "Describe --topic '*'");
    }

    #[test]
    fn no_brokers_is_a_fault_of_configuration() {
        let error = KafkaSource::new("orders", " ", BTreeMap::new()).unwrap_err();
        assert!(error.to_string().contains("host:port"), "{error}");
    }
}
