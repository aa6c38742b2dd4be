//! Stable colours: a name gets the next slot of the palette when it is first seen and keeps it for as long as this
//! browser remembers. The palette itself is styles/tokens.css.

use std::{cell::RefCell, collections::HashMap};

use leptos::prelude::*;

use super::settings::{recall, remember};

/// Slots in the order they are given out: neighbours in this order are the furthest apart.
const ORDER: [u8; 10] = [1, 5, 4, 3, 2, 10, 7, 6, 9, 8];
const REMEMBERED: usize = 60;

/// Which slot a name has.
#[derive(Default)]
struct Slots {
    names: Vec<String>,
    slots: HashMap<String, u8>,
}

impl Slots {
    fn of(&mut self, name: &str) -> u8 {
        if let Some(slot) = self.slots.get(name) {
            return *slot;
        }
        let slot = ORDER[self.names.len() % ORDER.len()];
        self.names.push(name.to_owned());
        self.slots.insert(name.to_owned(), slot);
        slot
    }
}

impl Slots {
    /// The class of a name: `c1` to `c10`. A name that is empty or stands for the rest is grey.
    fn class(&mut self, name: &str) -> &'static str {
        if name.is_empty() || name == "…" { CLASSES[0] } else { CLASSES[usize::from(self.of(name))] }
    }
}

const CLASSES: [&str; 11] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10"];

/// The class of the n-th of several names that mean nothing outside one chart.
pub(crate) fn nth(number: usize) -> &'static str {
    CLASSES[usize::from(ORDER[number % ORDER.len()])]
}

/// Colours of services, and, borrowed, of event types and destinations.
#[derive(Clone, Copy)]
pub(crate) struct Hues {
    services: StoredValue<RefCell<Slots>, LocalStorage>,
    kinds: StoredValue<RefCell<Slots>, LocalStorage>,
}

/// The colours, from anywhere below [`provide_hues`].
pub(crate) fn use_hues() -> Hues {
    expect_context()
}

/// Makes [`use_hues`] answer.
pub(crate) fn provide_hues() {
    let mut services = Slots::default();
    for name in recall("hues").unwrap_or_default().lines().take(REMEMBERED) {
        services.of(name);
    }
    let kept = |slots| StoredValue::new_local(RefCell::new(slots));
    provide_context(Hues { services: kept(services), kinds: kept(Slots::default()) });
}

impl Hues {
    /// The class that carries a service's colour.
    pub(crate) fn class(self, service: &str) -> &'static str {
        self.services.with_value(|slots| {
            let mut slots = slots.borrow_mut();
            let known = slots.names.len();
            let class = slots.class(service);
            if slots.names.len() > known && known < REMEMBERED {
                remember("hues", &slots.names.join("\n"));
            }
            class
        })
    }

    /// The class that carries the colour of an event type or a destination: the same in the chart and in the list
    /// beneath it, for as long as the page is open.
    pub(crate) fn kind(self, name: &str) -> &'static str {
        self.kinds.with_value(|slots| slots.borrow_mut().class(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_slot_and_ten_names_have_ten_slots() {
        let mut slots = Slots::default();
        let given: Vec<u8> = (0..10).map(|n| slots.of(&format!("service-{n}"))).collect();
        let mut sorted = given.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (1..=10).collect::<Vec<_>>());
        assert_eq!(slots.of("service-3"), given[3]);
        assert_eq!(slots.of("service-10"), given[0]);
    }
}
