//! What every service of the shop is: a consumer group, its topics, and a pure reaction to one record. Who delivers
//! records and sends what comes out is `live` for the present and `history` for the past.

mod inventory;
mod notifications;
mod payments;
mod shipping;
pub(crate) mod storefront;

use std::sync::Arc;

use rand::Rng;
use serde_json::Value;

use crate::{
    Fix,
    envelope::{Event, Received},
    identity::{Trace, draw, uuid},
    order::Order,
    record::{Delivered, Millis, Record},
};

/// A consumer of the shop that also produces.
pub(crate) trait Service: Send + Sync {
    fn group(&self) -> &'static str;

    fn topics(&self) -> &'static [&'static str];

    /// What the service sends because of a record it begins to handle at this time, in no particular order of `due`.
    fn react(&self, script: &Script, record: &Delivered, at: Millis) -> Vec<Record>;
}

/// All services, the retries of payments among them.
pub(crate) fn all() -> Vec<Arc<dyn Service>> {
    vec![
        Arc::new(storefront::Storefront),
        Arc::new(payments::Payments::FIRST_ATTEMPT),
        Arc::new(payments::Payments::SECOND_ATTEMPT),
        Arc::new(payments::Payments::THIRD_ATTEMPT),
        Arc::new(inventory::Inventory),
        Arc::new(shipping::Shipping),
        Arc::new(notifications::Notifications),
    ]
}

/// What decides how orders go: the seed, and how much faster than life everything happens.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    /// Whether payments knows the card type that it stumbles over.
    fix: Fix,
    speed: f64,
    mean_gap: f64,
}

/// Up to this rate the shop takes its natural time; beyond, all delays shrink in proportion.
const NATURAL_RATE: f64 = 60.0;

impl Script {
    pub(crate) fn new(seed: u64, orders_per_minute: f64) -> Self {
        let speed = (orders_per_minute / NATURAL_RATE).max(1.0);
        Self { seed, fix: Fix::default(), speed, mean_gap: 60_000.0 / orders_per_minute }
    }

    /// With a fix that somebody may deploy.
    pub(crate) fn with(self, fix: Fix) -> Self {
        Self { fix, ..self }
    }

    pub(crate) fn order(&self, number: u64) -> Order {
        Order::of(self.seed, number)
    }

    /// How long after the order before it this one is placed.
    pub(crate) fn gap(&self, number: u64) -> Millis {
        (self.mean_gap * self.order(number).gap) as Millis
    }

    /// A delay of natural length at the speed of this shop.
    pub(crate) fn scaled(&self, natural: Millis) -> Millis {
        (natural as f64 / self.speed) as Millis
    }

    /// How long a step takes, drawn from a range of natural milliseconds.
    fn takes(&self, number: u64, step: &str, natural: std::ops::Range<Millis>) -> Millis {
        self.scaled(draw(self.seed, number, step).random_range(natural))
    }

    /// An event that answers another one about the same order. `step` must be unique in the order's life.
    fn answer(&self, cause: &Received, step: &'static str, made: Made) -> Event {
        let mut random = draw(self.seed, cause.order, step);
        let id = uuid(&mut random);
        let trace = match cause.trace {
            Some(trace) => trace.next(&mut random),
            None => Trace::begin(&mut random),
        };
        Event {
            name: made.name,
            service: made.service,
            order: crate::identity::order_id(cause.order),
            id,
            causation: Some(cause.id.clone()),
            correlation: cause.correlation.clone(),
            trace: Some(trace),
            timestamp: made.at,
            due: made.at,
            body: made.body,
        }
    }
}

/// What a service has to say in an answer.
struct Made {
    name: &'static str,
    service: &'static str,
    at: Millis,
    body: Value,
}
