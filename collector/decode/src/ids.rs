//! Identifiers without a column of their own: what is taken for one, under which name, and how many are kept.
//!
//! Compared and normalised as `storage/model` says, so that the index and the chains find what is found here.

mod name;
mod rules;
mod value;

pub(crate) use name::{Kind, classify};
pub(crate) use rules::CompiledIdRules;
use rules::Verdict;
pub(crate) use value::column;

use bumpalo::Bump;
use bumpalo::collections::Vec;
use tapline_model::{IdPair, id};

use crate::encoding;

/// A value as it stands in a payload or header.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scalar<'a> {
    /// Unescaped.
    Text(&'a str),
    /// Decimal digits, maybe behind a minus.
    Integer(&'a str),
}

/// The identifiers of one record, in the order found, each once.
pub(crate) struct IdSet<'a> {
    arena: &'a Bump,
    pairs: Vec<'a, IdPair<'a>>,
    max: usize,
    dropped: i32,
    rules: &'a CompiledIdRules,
    /// Values that stand in a column of their own.
    columns: Vec<'a, &'a str>,
}

impl<'a> IdSet<'a> {
    pub(crate) fn new(arena: &'a Bump, rules: &'a CompiledIdRules, max: usize) -> Self {
        let columns = Vec::with_capacity_in(9, arena);
        Self { arena, pairs: Vec::with_capacity_in(max.min(16), arena), max, dropped: 0, rules, columns }
    }

    /// Adds a scalar if its name or a rule makes it an identifier and its value looks like one. `owner` is the field
    /// that holds the enclosing object.
    pub(crate) fn offer(&mut self, kind: Option<Kind>, owner: Option<&'a str>, name: &'a str, scalar: Scalar<'a>) {
        let kind = match self.rules.verdict(owner, name) {
            Some(Verdict::Exclude) => return,
            Some(Verdict::Add) => Kind { strong: true, bare: false, plural: false },
            None => match kind {
                Some(kind) => kind,
                None => return,
            },
        };
        let value = match scalar {
            Scalar::Text(text) => value::text(self.arena, kind.strong, text),
            Scalar::Integer(digits) => value::digits(kind.strong, digits),
        };
        if let Some(value) = value {
            self.push(self.name(kind, owner, name), value);
        }
    }

    fn name(&self, kind: Kind, owner: Option<&'a str>, name: &'a str) -> &'a str {
        let name = if kind.plural { name.get(..name.len() - 1).unwrap_or(name) } else { name };
        let name = match owner.filter(|_| kind.bare) {
            Some(owner) if owner.len() + name.len() < MAX_NAME => encoding::joined(self.arena, [owner, ".", name]),
            Some(owner) => owner,
            None => name,
        };
        self.rules.renamed(name)
    }

    /// Whether the enclosing object's name matters for a field.
    pub(crate) fn needs_owner(&self, kind: Option<Kind>) -> bool {
        kind.is_some_and(|kind| kind.bare) || !self.rules.is_empty()
    }

    /// Whether a rule may make an identifier of a field whose name does not look like one.
    pub(crate) fn may_add(&self) -> bool {
        self.rules.may_add()
    }

    /// Takes note of a value that stands in a column: it is not listed once more under a name that says no more than
    /// the column's. Under a name of its own it is: who asks for `orderId` must find the order whose id is also the
    /// correlation id, or the key.
    pub(crate) fn in_column(&mut self, value: Option<&'a str>) {
        let Some(value) = value else { return };
        if !id::is_weak(value) && !self.columns.contains(&value) {
            self.columns.push(value);
            self.pairs.retain(|pair| pair.value != value || !is_envelope(pair.name));
        }
    }

    /// Adds an identifier; `value` is normalised.
    pub(crate) fn push(&mut self, name: &'a str, value: &'a str) {
        let value = trace_value(self.arena, name, value);
        let known = |pair: &IdPair<'_>| pair.value == value && (pair.name == name || same_name(pair.name, name));
        if !is_writable(name) || (self.columns.contains(&value) && is_envelope(name)) || self.pairs.iter().any(known) {
            return;
        }
        if self.pairs.len() < self.max {
            self.pairs.push(IdPair { name, value });
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// The identifiers kept and how many were not.
    pub(crate) fn finish(self) -> (&'a [IdPair<'a>], i32) {
        (self.pairs.into_bump_slice(), self.dropped)
    }
}

/// A trace id is padded wherever it is found, so that a payload's joins a header's.
#[inline]
fn trace_value<'a>(arena: &'a Bump, name: &str, value: &'a str) -> &'a str {
    if !matches!(value.len(), 16 | 32) || !(same_name(name, "traceId") || same_name(name, "x-trace-id")) {
        return value;
    }
    crate::trace::trace_id(arena, value).unwrap_or(value)
}

/// Ends of the names, as [`folded`], of what the columns hold. Frameworks put words of their own before them.
const ENVELOPE: [&str; 9] = [
    "eventid",
    "messageid",
    "msgid",
    "causationid",
    "initiatorid",
    "correlationid",
    "conversationid",
    "traceid",
    "spanid",
];

/// Whether a name says no more than that of a column.
fn is_envelope(name: &str) -> bool {
    // Longer than the longest that is known.
    let mut tail = [0; 16];
    let mut start = tail.len();
    for (at, byte) in (0..tail.len()).rev().zip(folded(name).rev()) {
        tail[at] = byte;
        start = at;
    }
    let tail = &tail[start..];
    ENVELOPE.iter().any(|known| tail.ends_with(known.as_bytes())) || matches!(tail, b"id" | b"ceid")
}

/// Names longer than this are data, not names.
const MAX_NAME: usize = 128;

/// An identifier is stored as `name=value` and split at the first `=`.
fn is_writable(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME && !name.bytes().any(|b| b == b'=' || b < b' ')
}

/// Equality under [`id::normal_name`] without writing the normal form where both names are ASCII.
fn same_name(left: &str, right: &str) -> bool {
    if !left.is_ascii() || !right.is_ascii() {
        return id::normal_name(left) == id::normal_name(right);
    }
    folded(left).eq(folded(right))
}

fn folded(name: &str) -> impl DoubleEndedIterator<Item = u8> {
    name.bytes().filter(|b| !matches!(b, b'_' | b'-' | b'.')).map(|b| b.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<'a>(arena: &'a Bump, rules: &'a CompiledIdRules, max: usize) -> IdSet<'a> {
        IdSet::new(arena, rules, max)
    }

    fn texts(set: IdSet<'_>) -> (std::vec::Vec<String>, i32) {
        let (pairs, dropped) = set.finish();
        (pairs.iter().map(|pair| format!("{}={}", pair.name, pair.value)).collect(), dropped)
    }

    #[test]
    fn duplicates_are_left_out_and_values_of_columns_unless_a_name_says_more() {
        let (arena, rules) = (Bump::new(), CompiledIdRules::default());
        let mut ids = set(&arena, &rules, 64);
        ids.in_column(Some("ORD-1"));
        ids.in_column(Some("17"));
        ids.push("orderId", "ORD-1");
        ids.push("orderNo", "17");
        ids.push("order_no", "17");
        ids.push("customerId", "17");
        ids.push("paymentId", "P-1");
        ids.push("X-Correlation-Id", "ORD-1");
        ids.push("eventId", "E-1");
        ids.in_column(Some("E-1"));
        ids.push("traceId", "80f198ee56343ba8");
        let expected = [
            "orderId=ORD-1",
            "orderNo=17",
            "customerId=17",
            "paymentId=P-1",
            "traceId=000000000000000080f198ee56343ba8",
        ];
        assert_eq!(texts(ids), (expected.map(str::to_owned).to_vec(), 0));
    }

    #[test]
    fn what_is_over_the_limit_is_counted() {
        let (arena, rules) = (Bump::new(), CompiledIdRules::default());
        let mut ids = set(&arena, &rules, 2);
        for value in ["A1", "A2", "A3", "A1", "A4"] {
            ids.push("id", value);
        }
        assert_eq!(texts(ids), (vec!["id=A1".into(), "id=A2".into()], 2));
    }

    #[test]
    fn names_that_could_not_be_split_again_are_refused() {
        let (arena, rules) = (Bump::new(), CompiledIdRules::default());
        let mut ids = set(&arena, &rules, 64);
        let long = "x".repeat(MAX_NAME + 1);
        for name in ["a=id", "", "a\nid", arena.alloc_str(&long)] {
            ids.push(name, "V1");
        }
        assert_eq!(texts(ids), (vec![], 0));
    }

    #[test]
    fn rules_add_rename_and_exclude() {
        let arena = Bump::new();
        let rules = CompiledIdRules::new(&crate::IdRules {
            add: vec!["sku".into(), "customer.email".into()],
            rename: vec![("order.id".into(), "order".into())],
            exclude: vec!["session_id".into()],
        });
        let mut ids = set(&arena, &rules, 64);
        let strong = classify("id");
        ids.offer(None, None, "sku", Scalar::Text("blue-shirt"));
        ids.offer(None, Some("customer"), "email", Scalar::Text("a@b.c"));
        ids.offer(None, Some("sender"), "email", Scalar::Text("x@y.z"));
        ids.offer(strong, Some("order"), "id", Scalar::Integer("17"));
        ids.offer(classify("sessionId"), None, "sessionId", Scalar::Text("S-1"));
        let expected = ["sku=blue-shirt", "email=a@b.c", "order=17"];
        assert_eq!(texts(ids), (expected.map(str::to_owned).to_vec(), 0));
    }
}
