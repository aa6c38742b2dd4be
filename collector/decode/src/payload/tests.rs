//! What is found in payloads, against a slow, obvious reference.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value};
use tapline_model::id::{normal_name, normal_value};

use super::WRAPPERS;
use crate::ids;
use crate::{Decoder, Rules};

/// Identifiers by normal name and value, as a decoder finds them in a payload alone.
fn found(text: &str) -> BTreeSet<(String, String)> {
    let mut decoder = Decoder::new(Rules::default());
    let record = record(text.as_bytes());
    let meaning = decoder.decode(&record);
    assert_eq!((meaning.format, meaning.ids_dropped), ("json", 0), "{text}");
    let pairs = meaning.ids.iter().map(|id| (normal_name(id.name).into_owned(), id.value.to_owned()));
    let set: BTreeSet<_> = pairs.collect();
    assert_eq!(set.len(), meaning.ids.len(), "twice in {text}");
    set
}

fn record(payload: &[u8]) -> tapline_adapter::RawRecord<'_> {
    tapline_adapter::RawRecord {
        destination: "orders",
        partition: None,
        offset: None,
        position: None,
        incarnation: 1,
        leader_epoch: None,
        timestamp: None,
        timestamp_outside: None,
        timestamp_kind: None,
        key: None,
        payload: Some(payload),
        headers: &[],
        repaired_names: 0,
    }
}

/// The same by a plain walk over a parsed value, written for clearness.
fn expected(value: &Value) -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    walk(value, &[], None, false, &mut pairs);
    pairs
}

fn walk(value: &Value, owners: &[&str], name: Option<&str>, array: bool, pairs: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| walk(element, owners, name, true, pairs)),
        Value::Object(fields) => {
            let owners: Vec<&str> = owners.iter().copied().chain(name).collect();
            fields.iter().for_each(|(name, value)| walk(value, &owners, Some(name), false, pairs));
        }
        Value::String(text) => pairs.extend(identifier(owners, name, array, text, false)),
        Value::Number(number) if !number.is_f64() => {
            pairs.extend(identifier(owners, name, array, &number.to_string(), true));
        }
        _ => {}
    }
}

fn identifier(owners: &[&str], name: Option<&str>, array: bool, value: &str, number: bool) -> Option<(String, String)> {
    let name = name?;
    let kind = ids::classify(name)?;
    let short = value.trim().is_empty() || (!kind.strong && value.trim().len() < 3);
    let digit = value.contains(|c: char| c.is_ascii_digit());
    let blank = value.trim().contains(' ');
    let nothing = ["null", "none", "nil", "undefined", "unknown", "n/a", "na", "-", "true", "false"];
    let placeholder = nothing.contains(&value.trim().to_lowercase().as_str());
    if short || placeholder || (kind.plural && !array) || !(number || digit || (kind.strong && !blank)) {
        return None;
    }
    if value.trim().contains(char::is_control) || name.contains(['=', '\n']) {
        return None;
    }
    let name = if kind.plural { &name[..name.len() - 1] } else { name };
    let owner = owners.iter().rev().find(|owner| !WRAPPERS.contains(owner));
    let name = match owner {
        Some(owner) if kind.bare => format!("{owner}.{name}"),
        _ => name.to_owned(),
    };
    if name.contains(['=', '\n']) {
        return None;
    }
    Some((normal_name(&name).into_owned(), normal_value(value).into_owned()))
}

fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "id",
        "_id",
        "orderId",
        "order_id",
        "customerID",
        "uuid",
        "ids",
        "paymentIds",
        "number",
        "orderNo",
        "invoice_number",
        "name",
        "paid",
        "valid",
        "data",
        "payload",
        "order",
        "lines",
        "customerRef",
        "trackingCode",
        "apiKey",
        "status",
        "é_id",
        "a\"Id",
        "b\nid",
        "c=id",
        "key",
        "keys",
        "amount",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => "\\PC{0,8}(Id|_no|Key)?"]
}

fn json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("ORD-1".to_owned()),
        Just("{0B1E5C4A-0000-4000-8000-00000000000F}".to_owned()),
        Just("N/A".to_owned()),
        Just("null".to_owned()),
        Just("new order".to_owned()),
        Just(" INV 7 ".to_owned()),
        "[a-zé\"\\\\/\n 0-9-]{0,10}",
    ];
    let scalar = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-5..20_000i64).prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => proptest::collection::btree_map(name(), inner, 0..6).prop_map(|map| Value::Object(Map::from_iter(map))),
        ]
    })
}

proptest! {
    #[test]
    fn identifiers_are_those_of_a_plain_walk(value in json()) {
        let text = value.to_string();
        prop_assert_eq!(found(&text), expected(&value), "{}", text);
    }
}

#[test]
fn paths_name_bare_ids() {
    let text = r#"{"id":"A1","order":{"id":"A2","lines":[{"id":"A3","sku":"S"},{"id":"A4"}],"data":{"id":"A5"}},
        "data":{"id":"A6","customer":{"id":17}},"tagIds":["T1",22],"paid":"P1","a":{"b":{"orderNumber":"N-100"}}}"#;
    let mut decoder = Decoder::new(Rules::default());
    let record = record(text.as_bytes());
    let meaning = decoder.decode(&record);
    let pairs: Vec<String> = meaning.ids.iter().map(|id| format!("{}={}", id.name, id.value)).collect();
    let expected = [
        "id=A1",
        "order.id=A2",
        "lines.id=A3",
        "lines.id=A4",
        "order.id=A5",
        "id=A6",
        "customer.id=17",
        "tagId=T1",
        "tagId=22",
        "orderNumber=N-100",
    ];
    assert_eq!(pairs, expected);
}

#[test]
fn numbers_with_fraction_or_exponent_are_no_identifiers() {
    let text =
        r#"{"aId":1.0e3,"bId":12.0,"cId":-7,"dId":-0,"eId":123456789012345678901234567890,"fId":true,"gId":null}"#;
    let expected = [("cid", "-7"), ("did", "0"), ("eid", "123456789012345678901234567890")];
    let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    assert_eq!(found(text), expected.collect());
}

#[test]
fn halves_of_surrogate_pairs_are_no_identifiers() {
    assert_eq!(found(r#"{"aId":"\ud800","bId":"\u0041-1"}"#), BTreeSet::from([("bid".into(), "A-1".into())]));
}
