//! The past: the same services as in the present, driven by simulated time, so that a newcomer finds topics that have
//! been alive for a while. Every record is written before anyone reacts to it, for dead letters name its offset.

use std::{collections::BTreeMap, sync::Arc};

use tokio_util::sync::CancellationToken;

use crate::{
    ShopError, ShopOptions,
    broker::Broker,
    live::{self, now},
    record::{Delivered, Millis, Record},
    service::{self, Script, Service, storefront},
    spring,
};

/// How long a record takes from its producer to its consumer.
const TRANSIT: Millis = 6;

/// Where the past ends and the present goes on.
pub(crate) struct Past {
    /// The first order that was not placed.
    pub(crate) next_order: u64,
    /// When it is to be placed.
    pub(crate) next_at: Millis,
    /// What services were about to send.
    pub(crate) pending: Vec<Record>,
}

/// Writes `options.history` of traffic that ends now, and leaves every group at the end of its topics.
pub(crate) async fn write(
    broker: &Broker,
    script: &Script,
    options: &ShopOptions,
    stop: &CancellationToken,
) -> Result<Past, ShopError> {
    let end = now();
    let length = Millis::try_from(options.history.as_millis()).unwrap_or(Millis::MAX).min(end);
    let mut simulation = Simulation::new(script.clone(), options.first_order, end - length);
    if length == 0 {
        return Ok(simulation.end());
    }
    while let Some(next) = simulation.next_before(end) {
        if stop.is_cancelled() {
            return Ok(simulation.end());
        }
        let record = match next {
            Next::Order(record) => {
                broker.count_order();
                record
            }
            Next::Answer(record) => record,
        };
        let at = record.due;
        let delivered = broker.send(record).await?;
        simulation.arrive(&delivered, at + TRANSIT);
    }
    for service in service::all() {
        broker.skip_to_end(service.group(), service.topics()).await?;
    }
    broker.skip_to_end(live::ANALYTICS, live::ANALYSED).await?;
    Ok(simulation.end())
}

/// What happens next in simulated time.
enum Next {
    Order(Record),
    Answer(Record),
}

struct Simulation {
    script: Script,
    services: Vec<Arc<dyn Service>>,
    next_order: u64,
    next_at: Millis,
    /// By the time they are due; the serial number keeps records of the same moment in the order they were made.
    pending: BTreeMap<(Millis, u64), Record>,
    serial: u64,
}

impl Simulation {
    fn new(script: Script, next_order: u64, next_at: Millis) -> Self {
        Self { script, services: service::all(), next_order, next_at, pending: BTreeMap::new(), serial: 0 }
    }

    fn next_before(&mut self, end: Millis) -> Option<Next> {
        let due = self.pending.first_key_value().map_or(Millis::MAX, |((due, _), _)| *due);
        if due.min(self.next_at) >= end {
            return None;
        }
        if due <= self.next_at {
            return self.pending.pop_first().map(|(_, record)| Next::Answer(record));
        }
        let record = storefront::place(&self.script, self.next_order, self.next_at);
        self.next_at += self.script.gap(self.next_order).max(1);
        self.next_order += 1;
        Some(Next::Order(record))
    }

    /// Every service that listens reacts, at this time or when the back-off of the record has passed.
    fn arrive(&mut self, delivered: &Delivered, at: Millis) {
        let at = spring::backoff(&delivered.headers).map_or(at, |due| due.max(at));
        for service in &self.services {
            if service.topics().contains(&delivered.topic.as_str()) {
                for record in service.react(&self.script, delivered, at) {
                    self.serial += 1;
                    self.pending.insert((record.due, self.serial), record);
                }
            }
        }
    }

    fn end(self) -> Past {
        Past { next_order: self.next_order, next_at: self.next_at, pending: self.pending.into_values().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        envelope::{Received, rfc3339, tests::delivered},
        order::Fate,
    };

    const START: Millis = 1_795_230_000_000;

    /// All records of so many natural minutes, on partition 0 of their topics.
    fn minutes(seed: u64, minutes: i64) -> Vec<Delivered> {
        let mut simulation = Simulation::new(Script::new(seed, 30.0), 0, START);
        let mut topics: BTreeMap<String, Vec<Delivered>> = BTreeMap::new();
        let mut all = Vec::new();
        while let Some(Next::Order(record) | Next::Answer(record)) = simulation.next_before(START + minutes * 60_000) {
            let (due, topic) = (record.due, topics.entry(record.topic.clone()).or_default());
            let record = delivered(record, 0, topic.len() as i64);
            simulation.arrive(&record, due + TRANSIT);
            topic.push(record.clone());
            all.push(record);
        }
        all
    }

    fn about(records: &[Delivered], fate: Fate) -> Vec<(String, String)> {
        let script = Script::new(1, 30.0);
        let number = (0..).find(|number| script.order(*number).fate == fate).unwrap();
        let key = script.order(number).id().into_bytes();
        let story = records.iter().filter(|record| record.key == key);
        story.map(|record| (record.topic.clone(), Received::read(record).unwrap().name)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_past() {
        assert_eq!(minutes(7, 20), minutes(7, 20));
        assert_ne!(minutes(7, 20), minutes(8, 20));
    }

    #[test]
    fn a_smooth_order_goes_from_placed_to_completed() {
        let story = about(&minutes(1, 10), Fate::Smooth);
        let names: Vec<&str> = story.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names[..2], ["OrderPlaced", "PaymentAuthorised"]);
        for name in ["StockReserved", "ParcelPacked", "ParcelDispatched", "OrderCompleted"] {
            assert_eq!(names.iter().filter(|seen| **seen == name).count(), 1, "{name} in {names:?}");
        }
        assert_eq!(names.iter().filter(|seen| **seen == "CustomerNotified").count(), 2);
    }

    #[test]
    fn each_fate_leaves_its_marks() {
        let records = minutes(1, 240);
        let topics = |fate| about(&records, fate).into_iter().map(|(topic, _)| topic).collect::<Vec<_>>();
        assert_eq!(topics(Fate::UnreadableCard), ["orders", "orders-retry-1000", "orders-retry-5000", "orders-dlt"]);
        let timed_out = topics(Fate::GatewayTimeout);
        assert_eq!(timed_out[..3], ["orders", "orders-retry-1000", "payments"]);
        assert!(topics(Fate::UnknownCountry).contains(&"inventory-dlt".to_owned()));
        assert!(!topics(Fate::NeverShipped).contains(&"shipping".to_owned()));
        let names = |fate| about(&records, fate).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        let position = |name: &str| names(Fate::PackedTooLate).iter().position(|seen| seen == name).unwrap();
        assert!(position("ParcelDispatched") < position("ParcelPacked"));
        assert_eq!(names(Fate::NotifiedTwice).iter().filter(|name| *name == "CustomerNotified").count(), 3);
    }

    #[test]
    fn a_redelivered_notification_keeps_its_message_id() {
        let records = minutes(1, 60);
        let script = Script::new(1, 30.0);
        let twice = (0..).find(|number| script.order(*number).fate == Fate::NotifiedTwice).unwrap();
        let key = script.order(twice).id().into_bytes();
        let told = records.iter().filter(|record| record.topic == "notifications" && record.key == key);
        let ids: Vec<String> = told.map(|record| Received::read(record).unwrap().id).collect();
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len() - 1);
    }

    #[test]
    fn inventory_loses_the_trace_and_shipping_lives_in_the_past() {
        let records = minutes(1, 10);
        let without: std::collections::BTreeSet<&str> = records
            .iter()
            .filter(|record| record.headers.last("traceparent").is_none())
            .map(|record| record.topic.as_str())
            .collect();
        assert_eq!(without.into_iter().collect::<Vec<_>>(), ["inventory"]);
        let packed = records.iter().find(|record| record.topic == "shipping").unwrap();
        let cause = records.iter().find(|record| record.topic == "inventory" && record.key == packed.key).unwrap();
        assert!(packed.timestamp < cause.timestamp, "{} {}", rfc3339(packed.timestamp), rfc3339(cause.timestamp));
    }

    #[test]
    fn about_one_order_in_fifty_is_dead_lettered_by_payments() {
        let records = minutes(1, 240);
        let count = |topic| records.iter().filter(|record| record.topic == topic).count();
        let orders = records.iter().filter(|record| Received::read(record).unwrap().name == "OrderPlaced");
        let placed = orders.filter(|record| record.topic == "orders").count();
        let share = count("orders-dlt") as f64 / placed as f64;
        assert!((0.012..0.030).contains(&share), "{share} of {placed}");
    }
}
