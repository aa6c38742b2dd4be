//! Identifiers that are a pure function of the seed and of what they identify: order ids, message ids, trace context.
//! A redelivered message is handled a second time and yields the same ids, as a careful service would make them.

use std::fmt;

use rand::{Rng, SeedableRng, rngs::StdRng};

/// Order ids count up from here.
const FIRST_ORDER: u64 = 84_127_000;

/// Randomness for one purpose of one order or customer, the same whenever it is asked for.
pub(crate) fn draw(seed: u64, number: u64, purpose: &str) -> StdRng {
    // FNV-1a: any hash does that stays the same from build to build.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_le_bytes().iter().chain(&number.to_le_bytes()).chain(purpose.as_bytes()) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    StdRng::seed_from_u64(hash)
}

/// `ORD-84127190`.
pub(crate) fn order_id(number: u64) -> String {
    format!("ORD-{}", FIRST_ORDER + number)
}

/// The number of the order with this id; `None` for ids that are not ours.
pub(crate) fn order_number(id: &str) -> Option<u64> {
    id.strip_prefix("ORD-")?.parse::<u64>().ok()?.checked_sub(FIRST_ORDER)
}

/// A version 4 UUID.
pub(crate) fn uuid(random: &mut impl Rng) -> String {
    uuid::Builder::from_random_bytes(random.random()).into_uuid().to_string()
}

/// W3C trace context: one span of one trace, sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trace {
    trace: u128,
    span: u64,
}

impl Trace {
    /// The first span of a new trace.
    pub(crate) fn begin(random: &mut impl Rng) -> Self {
        // All zeros would be invalid.
        Self { trace: random.random_range(1..=u128::MAX), span: random.random_range(1..=u64::MAX) }
    }

    /// Another span of the same trace.
    pub(crate) fn next(self, random: &mut impl Rng) -> Self {
        Self { span: random.random_range(1..=u64::MAX), ..self }
    }

    /// Reads a `traceparent` of version 00.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("00-")?.split('-');
        let (trace, span) = (parts.next()?, parts.next()?);
        if trace.len() != 32 || span.len() != 16 {
            return None;
        }
        Some(Self { trace: u128::from_str_radix(trace, 16).ok()?, span: u64::from_str_radix(span, 16).ok()? })
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace, self.span)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_order_is_found_by_its_id(number in 0..u64::MAX / 2) {
            prop_assert_eq!(order_number(&order_id(number)), Some(number));
        }

        #[test]
        fn the_same_purpose_draws_the_same(seed: u64, number: u64, purpose in "[a-z.]{1,20}") {
            prop_assert_eq!(uuid(&mut draw(seed, number, &purpose)), uuid(&mut draw(seed, number, &purpose)));
            prop_assert_ne!(uuid(&mut draw(seed, number, &purpose)), uuid(&mut draw(seed, number ^ 1, &purpose)));
        }

        #[test]
        fn trace_context_survives_a_header(seed: u64) {
            let first = Trace::begin(&mut draw(seed, 0, "first"));
            prop_assert_eq!(Trace::parse(&first.to_string()), Some(first));
            let second = first.next(&mut draw(seed, 0, "second"));
            prop_assert_eq!(first.to_string()[..36].to_owned(), second.to_string()[..36].to_owned());
            prop_assert_ne!(first, second);
        }
    }

    #[test]
    fn foreign_ids_are_no_orders_of_ours() {
        for id in ["", "ORD-", "ORD-1", "ORD-x", "84127190"] {
            assert_eq!(order_number(id), None, "{id}");
        }
        assert_eq!(order_id(190), "ORD-84127190");
    }

    #[test]
    fn malformed_trace_context_is_none() {
        for text in ["", "00-1-2-01", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-zz"] {
            assert_eq!(Trace::parse(text), None, "{text}");
        }
    }
}
