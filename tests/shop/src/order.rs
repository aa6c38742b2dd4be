//! What one customer orders and what becomes of it: a pure function of seed and order number, so that a run can be
//! repeated and a test can ask what must have happened. The words it chooses from are in `catalogue`.

mod catalogue;

use rand::{Rng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::identity::{draw, order_id};

/// The card type that payments cannot read.
pub(crate) const UNREADABLE_CARD: &str = "CARTE_BANCAIRE";

/// The country that shipping does not know.
pub(crate) const UNKNOWN_COUNTRY: &str = "XK";

const CUSTOMERS: f64 = 400.0;

/// How an order ends. At most one thing goes wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    /// Nothing remarkable.
    Smooth,
    /// Its card type makes payments dead-letter it, after retries.
    UnreadableCard,
    /// The first attempt to charge it times out, the second succeeds.
    GatewayTimeout,
    /// Its country makes shipping dead-letter it.
    UnknownCountry,
    /// Shipping accepts it and nothing follows.
    NeverShipped,
    /// The customer is notified twice by the same message.
    NotifiedTwice,
    /// "Packed" arrives after "dispatched".
    PackedTooLate,
}

/// Parts of a thousand orders, in the order in which a roll of the dice meets them; the rest are smooth.
const FATES: [(Fate, u32); 6] = [
    (Fate::UnreadableCard, 20),
    (Fate::GatewayTimeout, 15),
    (Fate::UnknownCountry, 8),
    (Fate::NeverShipped, 10),
    (Fate::NotifiedTwice, 20),
    (Fate::PackedTooLate, 15),
];

/// Everything about an order that is decided before it is placed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) number: u64,
    pub(crate) fate: Fate,
    pub(crate) customer: Customer,
    pub(crate) lines: Vec<Line>,
    pub(crate) card: Card,
    pub(crate) channel: &'static str,
    /// Whom this checkout belongs to from end to end.
    pub(crate) correlation: String,
    /// How long after the order before it, as a multiple of the mean: 0.4 to 1.6.
    pub(crate) gap: f64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    street: String,
    city: &'static str,
    postal_code: String,
    pub(crate) country: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) sku: &'static str,
    name: &'static str,
    pub(crate) quantity: u32,
    cents: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) kind: &'static str,
    pub(crate) last4: String,
    expires: String,
}

impl Order {
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        let fate = fate(draw(seed, number, "fate").random_range(0..1000));
        let mut random = draw(seed, number, "order");
        Self {
            number,
            fate,
            customer: customer(seed, &mut random, fate),
            lines: lines(&mut random),
            card: card(&mut random, fate),
            channel: if random.random_bool(0.7) { "web" } else { "app" },
            correlation: crate::identity::uuid(&mut random),
            gap: random.random_range(0.4..1.6),
        }
    }

    pub(crate) fn id(&self) -> String {
        order_id(self.number)
    }

    /// What the customer pays, in cents.
    pub(crate) fn total(&self) -> u32 {
        self.goods() + self.postage()
    }

    fn goods(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity * line.cents).sum()
    }

    fn postage(&self) -> u32 {
        if self.goods() >= 5_000 { 0 } else { 490 }
    }

    /// The body of `OrderPlaced`.
    pub(crate) fn placed(&self, at: &str) -> Value {
        json!({
            "orderId": self.id(),
            "customerId": self.customer.id,
            "placedAt": at,
            "channel": self.channel,
            "currency": "EUR",
            "lines": self.lines.iter().map(Line::body).collect::<Vec<_>>(),
            "totals": {
                "items": euros(self.goods()),
                "shipping": euros(self.postage()),
                "total": euros(self.total()),
            },
            "payment": {
                "method": "card",
                "card": { "type": self.card.kind, "last4": self.card.last4, "expires": self.card.expires },
            },
            "shipTo": self.customer.address(),
        })
    }
}

impl Customer {
    pub(crate) fn address(&self) -> Value {
        json!({
            "name": self.name,
            "street": self.street,
            "postalCode": self.postal_code,
            "city": self.city,
            "country": self.country,
        })
    }
}

impl Line {
    fn body(&self) -> Value {
        json!({ "sku": self.sku, "name": self.name, "quantity": self.quantity, "unitPrice": euros(self.cents) })
    }
}

/// Cents as the decimal number that bodies carry.
pub(crate) fn euros(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}

fn fate(mut roll: u32) -> Fate {
    for (fate, share) in FATES {
        if roll < share {
            return fate;
        }
        roll -= share;
    }
    Fate::Smooth
}

/// Few customers order often and most order rarely; each always lives at the same place.
fn customer(seed: u64, random: &mut impl Rng, fate: Fate) -> Customer {
    let skewed: f64 = random.random::<f64>() * random.random::<f64>();
    let number = (skewed * CUSTOMERS) as u64;
    let mut random = draw(seed, number, "customer");
    let (first, last) = (pick(&mut random, &catalogue::FIRST_NAMES), pick(&mut random, &catalogue::LAST_NAMES));
    let (city, country) = match fate {
        Fate::UnknownCountry => ("Prishtina", UNKNOWN_COUNTRY),
        _ => pick(&mut random, &catalogue::CITIES),
    };
    Customer {
        id: format!("C-{}", 40_718 + number * 13),
        name: format!("{first} {last}"),
        email: format!("{}.{}@example.com", first.to_lowercase(), last.to_lowercase()),
        street: format!("{} {}", pick(&mut random, &catalogue::STREETS), random.random_range(1..140)),
        city,
        postal_code: format!("{:05}", random.random_range(1_000..99_000)),
        country,
    }
}

fn lines(random: &mut impl Rng) -> Vec<Line> {
    let count = *[1, 1, 2, 2, 3, 4].choose(random).unwrap_or(&1);
    let products = catalogue::PRODUCTS.choose_multiple(random, count).copied().collect::<Vec<_>>();
    let line = |(sku, name, cents)| Line { sku, name, quantity: random.random_range(1..=3), cents };
    products.into_iter().map(line).collect()
}

fn card(random: &mut impl Rng, fate: Fate) -> Card {
    let kind = match fate {
        Fate::UnreadableCard => UNREADABLE_CARD,
        _ => pick(random, &["VISA", "VISA", "MASTERCARD", "MASTERCARD", "AMEX"]),
    };
    let last4 = format!("{:04}", random.random_range(0..10_000));
    Card { kind, last4, expires: format!("{:02}/{}", random.random_range(1..=12), random.random_range(27..=31)) }
}

/// One of a list that is never empty.
fn pick<T: Copy, const N: usize>(random: &mut impl Rng, from: &[T; N]) -> T {
    const { assert!(N > 0) }
    from[random.random_range(0..N)]
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_order_is_a_function_of_seed_and_number(seed: u64, number in 0..1_000_000_u64) {
            prop_assert_eq!(Order::of(seed, number), Order::of(seed, number));
        }

        #[test]
        fn bodies_are_of_a_realistic_size(seed: u64, number in 0..1_000_000_u64) {
            let body = Order::of(seed, number).placed("2026-11-21T03:12:44.123Z").to_string();
            prop_assert!((350..1_100).contains(&body.len()), "{} bytes", body.len());
        }

        #[test]
        fn what_fails_shows_in_the_order(seed: u64, number in 0..1_000_000_u64) {
            let order = Order::of(seed, number);
            prop_assert_eq!(order.card.kind == UNREADABLE_CARD, order.fate == Fate::UnreadableCard);
            prop_assert_eq!(order.customer.country == UNKNOWN_COUNTRY, order.fate == Fate::UnknownCountry);
        }
    }

    #[test]
    fn every_fate_has_its_share() {
        let mut counts: HashMap<Fate, u32> = HashMap::new();
        for roll in 0..1000 {
            *counts.entry(fate(roll)).or_default() += 1;
        }
        for (fate, share) in FATES {
            assert_eq!(counts[&fate], share, "{fate:?}");
        }
        assert_eq!(counts[&Fate::Smooth], 912);
    }

    #[test]
    fn seeds_differ() {
        let orders = |seed| (0..20).map(|number| Order::of(seed, number).customer.id).collect::<Vec<_>>();
        assert_ne!(orders(1), orders(2));
    }

    #[test]
    fn the_total_is_goods_and_postage() {
        let order = Order::of(7, 3);
        let body = order.placed("");
        let total = body["totals"]["items"].as_f64().unwrap() + body["totals"]["shipping"].as_f64().unwrap();
        assert!((body["totals"]["total"].as_f64().unwrap() - total).abs() < 0.001);
    }
}
