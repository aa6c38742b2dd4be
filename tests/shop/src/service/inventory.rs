//! Inventory: reserves stock for what is paid. Plain JSON. It does not hand the trace header on: what follows begins a
//! new trace.

use serde_json::json;

use super::{Made, Script, Service};
use crate::{
    envelope::{Received, rfc3339},
    identity::{draw, uuid},
    order::Line,
    record::{Delivered, Millis, Record},
};

pub(crate) struct Inventory;

const NAME: &str = "inventory";
const TOPIC: &str = "inventory";

impl Service for Inventory {
    fn group(&self) -> &'static str {
        NAME
    }

    fn topics(&self) -> &'static [&'static str] {
        &["payments"]
    }

    fn react(&self, script: &Script, record: &Delivered, at: Millis) -> Vec<Record> {
        let Some(cause) = Received::read(record).filter(|event| event.name == "PaymentAuthorised") else {
            return vec![];
        };
        let order = script.order(cause.order);
        let at = at + script.takes(cause.order, NAME, 40..160);
        let reservation = uuid(&mut draw(script.seed, cause.order, "reservation"));
        let reserved = |line: &Line| json!({ "sku": line.sku, "quantity": line.quantity });
        let body = json!({
            "reservationId": reservation,
            "orderId": order.id(),
            "warehouse": if order.number.is_multiple_of(3) { "LEJ-2" } else { "RTM-1" },
            "reservedAt": rfc3339(at),
            "expiresAt": rfc3339(at + 48 * 3_600_000),
            "lines": order.lines.iter().map(reserved).collect::<Vec<_>>(),
            "paymentId": cause.body["paymentId"],
        });
        let mut event = script.answer(&cause, "StockReserved", Made { name: "StockReserved", service: NAME, at, body });
        event.trace = None;
        vec![event.plain(TOPIC)]
    }
}
