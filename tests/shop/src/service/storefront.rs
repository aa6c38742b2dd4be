//! Storefront: takes orders, and completes them when their parcel is on its way. CloudEvents in binary mode.

use serde_json::json;

use super::{Made, Script, Service};
use crate::{
    envelope::{Event, Received, rfc3339},
    identity::{Trace, draw, uuid},
    record::{Delivered, Millis, Record},
};

pub(crate) struct Storefront;

const NAME: &str = "storefront";
const TOPIC: &str = "orders";

/// A customer places the order with this number.
pub(crate) fn place(script: &Script, number: u64, at: Millis) -> Record {
    let order = script.order(number);
    let mut random = draw(script.seed, number, "OrderPlaced");
    Event {
        name: "OrderPlaced",
        service: NAME,
        order: order.id(),
        id: uuid(&mut random),
        causation: None,
        correlation: order.correlation.clone(),
        trace: Some(Trace::begin(&mut random)),
        timestamp: at,
        due: at,
        body: order.placed(&rfc3339(at)),
    }
    .binary(TOPIC)
}

impl Service for Storefront {
    fn group(&self) -> &'static str {
        NAME
    }

    fn topics(&self) -> &'static [&'static str] {
        &["shipping"]
    }

    fn react(&self, script: &Script, record: &Delivered, at: Millis) -> Vec<Record> {
        let Some(cause) = Received::read(record).filter(|event| event.name == "ParcelDispatched") else {
            return vec![];
        };
        let at = at + script.takes(cause.order, "storefront", 30..90);
        let order = script.order(cause.order);
        let body = json!({
            "orderId": order.id(),
            "customerId": order.customer.id,
            "completedAt": rfc3339(at),
            "trackingNumber": cause.body["trackingNumber"],
            "status": "COMPLETED",
        });
        vec![
            script
                .answer(&cause, "OrderCompleted", Made { name: "OrderCompleted", service: NAME, at, body })
                .binary(TOPIC),
        ]
    }
}
