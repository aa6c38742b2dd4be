//! Notifications: tells customers that they paid and that their parcel is on its way. Plain JSON. Now and then it is
//! handed a message a second time and tells again, under the same message id.

use serde_json::json;

use super::{Made, Script, Service};
use crate::{
    envelope::{Received, rfc3339},
    order::Fate,
    record::{Delivered, Millis, Record},
};

pub(crate) struct Notifications;

const NAME: &str = "notifications";
const TOPIC: &str = "notifications";

impl Service for Notifications {
    fn group(&self) -> &'static str {
        NAME
    }

    fn topics(&self) -> &'static [&'static str] {
        &["payments", "shipping"]
    }

    fn react(&self, script: &Script, record: &Delivered, at: Millis) -> Vec<Record> {
        let Some(cause) = Received::read(record) else { return vec![] };
        let (step, template) = match cause.name.as_str() {
            "PaymentAuthorised" => ("notifications.paid", "payment-received"),
            "ParcelDispatched" => ("notifications.dispatched", "parcel-on-its-way"),
            _ => return vec![],
        };
        let order = script.order(cause.order);
        let at = at + script.takes(cause.order, step, 60..200);
        let body = json!({
            "orderId": order.id(),
            "customerId": order.customer.id,
            "template": template,
            "channel": if order.channel == "app" { "push" } else { "email" },
            "recipient": { "name": order.customer.name, "address": order.customer.email },
            "locale": format!("en-{}", order.customer.country),
            "sentAt": rfc3339(at),
            "variables": { "trackingNumber": cause.body["trackingNumber"], "amount": cause.body["amount"] },
        });
        let sent = script.answer(&cause, step, Made { name: "CustomerNotified", service: NAME, at, body }).plain(TOPIC);
        let mut records = vec![sent.clone()];
        if order.fate == Fate::NotifiedTwice && template == "payment-received" {
            let again = at + script.scaled(1_500).max(1);
            records.push(Record { timestamp: again, due: again, ..sent });
        }
        records
    }
}
