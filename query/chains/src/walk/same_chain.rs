//! The property that everything rests on: a chain is the same from each of its IDs, and it is the whole of its order
//! and nothing of another.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::world::{Event, MS, S, World, event, places, world_of};

/// What a random shop is like.
#[derive(Debug, Clone)]
struct Shop {
    seed: u64,
    orders: u64,
    customers: u64,
    /// Payments and parcels are keyed by their own id instead of the order's.
    own_keys: bool,
    /// Events carry a correlation id.
    correlated: bool,
    /// Events declare their cause.
    caused: bool,
    /// One in so many events has lost its trace; 0 loses none.
    lost: u64,
    /// One service writes the same trace into everything.
    stale_trace: bool,
    /// Order numbers of five digits.
    weak: bool,
    files: (usize, usize),
}

fn shop() -> impl Strategy<Value = Shop> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (any::<u64>(), 2..7u64, 1..4u64, flags, 0..5u64, (0..40usize, 0..60usize)).prop_map(
        |(seed, orders, customers, (own_keys, correlated, caused, stale_trace, weak), lost, files)| Shop {
            seed,
            orders,
            customers,
            own_keys,
            correlated,
            caused,
            lost,
            // Without any other declared link a trace of two events may as well be right.
            stale_trace: stale_trace && correlated,
            weak,
            files,
        },
    )
}

/// A small generator of numbers, so that a world is a function of its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides.max(1)
    }
}

const STEPS: [(&str, &str, &str); 10] = [
    ("orders", "OrderPlaced", "storefront"),
    ("payments", "PaymentAuthorised", "payments"),
    ("inventory", "StockReserved", "inventory"),
    ("notifications", "CustomerNotified", "notifications"),
    ("shipping", "ParcelPacked", "shipping"),
    ("shipping", "ParcelDispatched", "shipping"),
    ("notifications", "DispatchNotified", "notifications"),
    ("payments", "PaymentCaptured", "payments"),
    ("shipping", "ParcelDelivered", "shipping"),
    ("orders", "OrderCompleted", "storefront"),
];

impl Shop {
    /// All events in order of time, each with the number of its order.
    fn events(&self) -> Vec<(u64, Event)> {
        let mut dice = Dice(self.seed);
        let mut all: Vec<(u64, Event)> = Vec::new();
        for order in 0..self.orders {
            let events = self.order(order, &mut dice);
            all.extend(events.into_iter().map(|event| (order, event)));
        }
        all.sort_by_key(|(_, event)| event.time);
        // Offsets are known only now, and dead letters name them.
        let mut next = BTreeMap::new();
        let mut placed = BTreeMap::new();
        for (order, event) in &mut all {
            let offset = next.entry(event.destination.clone()).or_insert(0);
            event.offset = Some(*offset);
            *offset += 1;
            if event.dead.is_none() && event.retry.is_none() {
                placed.entry((*order, event.message.clone())).or_insert((event.destination.clone(), event.offset));
            }
        }
        for (order, event) in &mut all {
            let (destination, offset) = &placed[&(*order, event.message.clone())];
            let origin = (destination.clone(), 0, offset.unwrap());
            if let Some(dead) = &mut event.dead {
                dead.origin = Some(origin.clone());
            }
            if let Some(retry) = &mut event.retry {
                retry.origin = origin;
            }
        }
        all
    }

    fn order(&self, order: u64, dice: &mut Dice) -> Vec<Event> {
        let id = if self.weak { format!("{}", 12_000 + order) } else { format!("ORD-8412{order:04}") };
        let customer = format!("C-40{:04}", dice.roll(self.customers));
        let (driver, depot) = (format!("DRV-{:04}", dice.roll(2)), format!("RTM-{:04}", dice.roll(2)));
        let length = 5 + dice.roll(6) as usize;
        let begun = order as i64 * 700 * MS + dice.roll(400) as i64 * MS;
        let (mut events, mut cause) = (Vec::new(), None::<String>);
        for (step, (destination, kind, service)) in STEPS.iter().take(length).enumerate() {
            let message = format!("msg-{order:03}-{step:03}-{:04}", dice.roll(10_000));
            let time = begun + step as i64 * S + dice.roll(300) as i64 * MS;
            let key = match *destination {
                "payments" if self.own_keys => format!("PAY-{order:06}"),
                "shipping" if self.own_keys => format!("SHP-{order:06}"),
                _ => id.clone(),
            };
            let mut made = event(&format!("{destination} {kind} {service}"), time)
                .with(&format!("key={key} message={message} orderId={id}"));
            match *kind {
                "OrderPlaced" => {
                    made = made.with(&format!("customerId={customer} currencyId=EURO-1 sku=LMP-0312"));
                    if dice.roll(2) == 0 {
                        made = made.with(&format!("sku=BLB-E27W depotId={depot}"));
                    }
                }
                "StockReserved" => made = made.with(&format!("sku=LMP-0312 depotId={depot}")),
                "PaymentAuthorised" | "CustomerNotified" => made = made.with(&format!("customerId={customer}")),
                "ParcelDispatched" | "ParcelDelivered" => made = made.with(&format!("driverId={driver}")),
                _ => {}
            }
            if self.correlated {
                made = made.with(&format!("correlation=corr-{order:06}"));
            }
            if let Some(cause) = cause.filter(|_| self.caused) {
                made = made.with(&format!("cause={cause}"));
            }
            if self.lost == 0 || dice.roll(self.lost + 1) > 0 {
                let stale = self.stale_trace && *service == "shipping";
                made = made.with(&if stale { "trace=feed00".into() } else { format!("trace=abc{order:06}") });
            }
            cause = Some(message);
            self.failures(&mut events, &made, dice);
            events.push(made);
        }
        events
    }

    /// Now and then a duplicate, or retries and a dead letter.
    fn failures(&self, events: &mut Vec<Event>, made: &Event, dice: &mut Dice) {
        let later = |event: &Event, destination: String, after: i64| Event {
            destination,
            time: event.time.map(|time| time + after),
            ..event.clone()
        };
        match dice.roll(12) {
            0 => events.push(later(made, made.destination.clone(), 40 * MS)),
            1 => {
                let topic = |suffix: &str| format!("{}-{suffix}", made.destination);
                for attempt in 2..4 {
                    let hop = later(made, topic(&format!("retry-{attempt}")), i64::from(attempt) * 100 * MS);
                    events.push(hop.retry(("", 0, 0), attempt));
                }
                let dead = later(made, topic("dlt"), 500 * MS);
                events.push(dead.dead(("", 0, 0), "payments", "InvalidFormatException", 3));
            }
            _ => {}
        }
    }

    fn world(&self) -> (World, Vec<(u64, Event)>) {
        let events = self.events();
        let (first, second) = (self.files.0.min(events.len()), self.files.1.min(events.len()));
        let plain: Vec<Event> = events.iter().map(|(_, event)| event.clone()).collect();
        (world_of(&plain, (first.min(second), first.max(second))), events)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_chain_is_its_order_from_each_of_its_ids(shop in shop()) {
        let (world, events) = shop.world();
        for order in 0..shop.orders {
            let of_order = events.iter().filter(|(number, _)| *number == order);
            let expected: BTreeSet<String> =
                of_order.map(|(_, event)| format!("{}/0/{}", event.destination, event.offset.unwrap())).collect();
            let first = expected.iter().next().unwrap();
            let whole = world.chain(&format!("shop/{first}"));
            prop_assert_eq!(&places(&whole), &expected, "order {} from {}", order, first);
            let hubs: BTreeSet<_> = whole.hubs.iter().map(|hub| &hub.id.value).collect();
            // Each value once, under the last of its names.
            let mut asked = BTreeMap::new();
            for member in &whole.members {
                // A weak key says nothing about whose number it is; the payload's field does.
                let ids = member.ids.iter().filter(|id| !(shop.weak && id.name == "key"));
                let told = ids.filter(|id| !hubs.contains(&id.value));
                asked.extend(told.map(|id| (id.value.clone(), format!("{}={}", id.name, id.value))));
            }
            let addresses = whole.members.iter().skip(1).step_by(5).map(|member| member.address.clone());
            for query in asked.into_values().chain(addresses) {
                let chain = world.chain(&query);
                prop_assert_eq!(places(&chain), expected.clone(), "order {} from {}", order, query);
                let known: BTreeSet<_> = chain.members.iter().map(|member| &member.address).collect();
                for edge in &chain.edges {
                    prop_assert!(known.contains(&edge.from) && known.contains(&edge.to) && edge.from != edge.to);
                }
            }
        }
    }

    #[test]
    fn members_stand_behind_their_causes(shop in shop()) {
        let (world, _) = shop.world();
        let chain = world.chain(if shop.weak { "12000" } else { "ORD-84120000" });
        let place = |address: &str| chain.members.iter().position(|member| member.address == address).unwrap();
        for edge in &chain.edges {
            prop_assert!(place(&edge.from) < place(&edge.to), "{:?}", edge);
        }
        // Each member is led to at most once by a guess; only declared edges may join that.
        for member in &chain.members {
            let guessed = chain.edges.iter().filter(|edge| edge.to == member.address && edge.confidence < 0.9).count();
            prop_assert!(guessed <= 1);
        }
    }
}
