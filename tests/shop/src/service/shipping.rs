//! Shipping: packs and dispatches what is reserved. CloudEvents in structured mode. Its clock is late, it knows no
//! tariff for one country, and it forgets a few orders. Failures go straight to a dead-letter topic.

use serde_json::json;

use super::{Made, Script, Service};
use crate::{
    envelope::{Event, Received, rfc3339},
    order::{Fate, Order, UNKNOWN_COUNTRY},
    record::{Delivered, Millis, Record},
    spring::{Failure, exception},
};

pub(crate) struct Shipping;

const NAME: &str = "shipping";
const TOPIC: &str = "shipping";
const DEAD_LETTERS: &str = "inventory-dlt";

/// How much the service's clock is behind, at any speed.
const SKEW: Millis = 1_400;

impl Service for Shipping {
    fn group(&self) -> &'static str {
        NAME
    }

    fn topics(&self) -> &'static [&'static str] {
        &["inventory"]
    }

    fn react(&self, script: &Script, record: &Delivered, at: Millis) -> Vec<Record> {
        let Some(cause) = Received::read(record).filter(|event| event.name == "StockReserved") else { return vec![] };
        let order = script.order(cause.order);
        if order.fate == Fate::NeverShipped {
            return vec![];
        }
        let packed_at = at + script.takes(cause.order, "shipping.pack", 200..600);
        if order.customer.country == UNKNOWN_COUNTRY {
            let thrown = exception::unknown_country(order.customer.country);
            return vec![Failure { record, group: NAME, thrown: &thrown, at: packed_at }.recover_to(DEAD_LETTERS)];
        }
        let dispatched_at = packed_at + script.takes(cause.order, "shipping.dispatch", 2_000..8_000);
        let mut packed = packed(script, &cause, &order, packed_at);
        let dispatched = dispatched(script, &cause, &order, dispatched_at);
        if order.fate == Fate::PackedTooLate {
            packed.due = dispatched.due + script.scaled(400).max(1);
        }
        vec![packed.structured(TOPIC), dispatched.structured(TOPIC)]
    }
}

fn packed(script: &Script, cause: &Received, order: &Order, at: Millis) -> Event {
    let items: u32 = order.lines.iter().map(|line| line.quantity).sum();
    let body = json!({
        "orderId": order.id(),
        "shipmentId": shipment(order),
        "reservationId": cause.body["reservationId"],
        "warehouse": cause.body["warehouse"],
        "parcel": { "items": items, "weightGrams": 180 + items * 240 },
        "shipTo": order.customer.address(),
    });
    late(script.answer(cause, "ParcelPacked", Made { name: "ParcelPacked", service: NAME, at, body }))
}

fn dispatched(script: &Script, cause: &Received, order: &Order, at: Millis) -> Event {
    let body = json!({
        "orderId": order.id(),
        "shipmentId": shipment(order),
        "carrier": if order.number.is_multiple_of(2) { "DHL" } else { "GLS" },
        "trackingNumber": format!("0034{:016}", order.number * 7_919 + 40_000_000_000),
        "dispatchedAt": rfc3339(at - SKEW),
        "estimatedDelivery": &rfc3339(at + 2 * 86_400_000)[..10],
        "country": order.customer.country,
    });
    late(script.answer(cause, "ParcelDispatched", Made { name: "ParcelDispatched", service: NAME, at, body }))
}

fn shipment(order: &Order) -> String {
    format!("SHP-{:07}", 3_100_000 + order.number)
}

fn late(event: Event) -> Event {
    Event { timestamp: event.timestamp - SKEW, ..event }
}
