//! Payments: charges cards. Plain JSON. A Spring service with `@RetryableTopic(attempts = "3", backoff = 1 s, times 5)`:
//! what it cannot read goes through two retry topics to the dead-letter topic. Each attempt has a group of its own.

use serde_json::json;

use super::{Made, Script, Service};
use crate::{
    envelope::{Received, rfc3339},
    identity::{draw, uuid},
    order::{Fate, Order, euros},
    record::{Delivered, Millis, Record},
    spring::{
        Failure,
        exception::{self, Throwable},
    },
};

/// One attempt: where it reads, and where a failure goes.
pub(crate) struct Payments {
    group: &'static str,
    topics: &'static [&'static str],
    next: &'static str,
    /// How long a failed record waits in `next`.
    backoff: Millis,
    /// The card types that the service knows before [`crate::Fix`].
    cards: &'static [&'static str],
}

const NAME: &str = "payments";
const TOPIC: &str = "payments";
const CARDS: [&str; 3] = ["AMEX", "MASTERCARD", "VISA"];

impl Payments {
    pub(crate) const FIRST_ATTEMPT: Self =
        Self { group: NAME, topics: &["orders"], next: "orders-retry-1000", backoff: 1_000, cards: &CARDS };
    pub(crate) const SECOND_ATTEMPT: Self = Self {
        group: "payments-retry-1000",
        topics: &["orders-retry-1000"],
        next: "orders-retry-5000",
        backoff: 5_000,
        cards: &CARDS,
    };
    pub(crate) const THIRD_ATTEMPT: Self = Self {
        group: "payments-retry-5000",
        topics: &["orders-retry-5000"],
        next: "orders-dlt",
        backoff: 0,
        cards: &CARDS,
    };

    fn failure(&self, script: &Script, order: &Order, record: &Delivered, at: Millis) -> Option<Throwable> {
        let known = self.cards.contains(&order.card.kind) || script.fix.is_deployed();
        if !known {
            // Jackson names the column after the value it stumbles over.
            let needle = order.card.kind.as_bytes();
            let column = record.payload.windows(needle.len()).position(|window| window == needle).unwrap_or(0);
            return Some(exception::unreadable_card(order.card.kind, column + needle.len() + 1, at));
        }
        let first = self.group == Self::FIRST_ATTEMPT.group;
        (first && order.fate == Fate::GatewayTimeout).then(|| exception::gateway_timeout(at))
    }
}

impl Service for Payments {
    fn group(&self) -> &'static str {
        self.group
    }

    fn topics(&self) -> &'static [&'static str] {
        self.topics
    }

    fn react(&self, script: &Script, record: &Delivered, at: Millis) -> Vec<Record> {
        let Some(cause) = Received::read(record).filter(|event| event.name == "OrderPlaced") else { return vec![] };
        let order = script.order(cause.order);
        let at = at + script.takes(cause.order, self.group, 80..320);
        if let Some(thrown) = self.failure(script, &order, record, at) {
            // The header names the main listener's group, whichever attempt failed.
            let failure = Failure { record, group: NAME, thrown: &thrown, at };
            return vec![failure.to_next_topic(self.next, script.scaled(self.backoff))];
        }
        vec![authorised(script, &cause, &order, at)]
    }
}

fn authorised(script: &Script, cause: &Received, order: &Order, at: Millis) -> Record {
    let mut random = draw(script.seed, order.number, "payment");
    let body = json!({
        "paymentId": format!("PAY-{}", &uuid(&mut random)[..13]),
        "orderId": order.id(),
        "customerId": order.customer.id,
        "occurredAt": rfc3339(at),
        "amount": { "value": euros(order.total()), "currency": "EUR" },
        "card": { "type": order.card.kind, "last4": order.card.last4 },
        "provider": {
            "name": "northpay",
            "reference": uuid(&mut random),
            "authorisationCode": uuid(&mut random)[..6].to_uppercase(),
            "threeDSecure": order.total() > 5_000,
        },
        "status": "AUTHORISED",
    });
    let name = "PaymentAuthorised";
    script.answer(cause, name, Made { name, service: NAME, at, body }).plain(TOPIC)
}
