//! Changes that people make, and what is kept.

use tapline_model::Header;
use tapline_transform::{Event, Headers, Transform};

use crate::{HEADERS, apply, event, payload};

const ORDER: &str = r#"{ "id": 12345678901234567890, "price": 1.50, "rate": 1E+3,
  "name": "Zo\u00eb \/ Co",
  "card": {"type": "CARTE_BANCAIRE", "last4": "0042"}, "items": [ {"n": 1}, {"n": 2} ] }
"#;

#[test]
fn one_field_is_changed_and_every_other_byte_stays() {
    let changed = payload(r#".payload.card.type = "CREDIT""#, ORDER);
    assert_eq!(changed, ORDER.replace("CARTE_BANCAIRE", "CREDIT"));
}

#[test]
fn fields_are_added_renamed_and_deleted_in_place() {
    for (program, before, after) in [
        ("del(.payload.b)", r#"{"a": 1, "b": 2, "c": 3}"#, r#"{"a": 1, "c": 3}"#),
        ("del(.payload.a)", r#"{ "a": 1, "b": 2 }"#, r#"{ "b": 2 }"#),
        ("del(.payload.c)", "{\n  \"a\": 1,\n  \"c\": 3\n}", "{\n  \"a\": 1\n}"),
        (".payload.z = [1,{}]", "{\n  \"a\": 1\n}", "{\n  \"a\": 1,\n  \"z\": [1,{}]\n}"),
        (".payload.z = 1", "{}", r#"{"z":1}"#),
        (".payload |= (.new = .old | del(.old))", r#"{"old":1.0,"x":2}"#, r#"{"x":2,"new":1.0}"#),
        (".payload.a.b.c = true", r#"{"x":1}"#, r#"{"x":1,"a":{"b":{"c":true}}}"#),
        (".payload |= with_entries(.key |= ascii_downcase)", r#"{"A":1.50,"b":2}"#, r#"{"b":2,"a":1.50}"#),
        ("del(.payload[])", r#"{"a":1}"#, "{}"),
    ] {
        assert_eq!(payload(program, before), after, "{program}");
    }
}

#[test]
fn elements_are_added_changed_and_deleted_in_place() {
    for (program, before, after) in [
        (".payload[1] += 1", "[1.0, 2 ,3e0]", "[1.0, 3 ,3e0]"),
        ("del(.payload[0])", "[ 1.0, 2.0 , 3.0 ]", "[ 2.0 , 3.0 ]"),
        ("del(.payload[1])", "[1.0, 2.0, 3.0]", "[1.0, 3.0]"),
        ("del(.payload[-1])", "[1.0, 2.0, 3.0]", "[1.0, 2.0]"),
        (".payload += [4]", "[1.0, 2.0]", "[1.0, 2.0,4]"),
        (".payload |= map(select(. > 1))", "[1,2.50,1,3]", "[2.50,3]"),
        (".payload |= [.[] | .n]", r#"[{"n":1.0},{"n":2.0}]"#, "[1.0,2.0]"),
        (".payload[1:] = []", "[1.0,2,3]", "[1.0]"),
        (".payload |= sort", "[3,1.0,2]", "[1.0,2,3]"),
        ("del(.payload[7])", "[1.0]", ""),
        (".payload[3] = 1", "[1.0]", "[1.0,null,null,1]"),
        (".payload.a[1] = 1", "{}", r#"{"a":[null,1]}"#),
    ] {
        assert_eq!(payload(program, before), after, "{program}");
    }
}

#[test]
fn what_comes_out_as_it_was_is_untouched() {
    for program in [
        ".",
        ".payload.card.type |= .",
        ".payload.price *= 1",
        ".payload |= (to_entries | from_entries)",
        "walk(.)",
        ".payload |= (tojson | fromjson)",
        ".headers |= map(.)",
        "{payload, headers, key}",
        r#"if .payload.card.type == "OTHER" then .payload.card.type = "CREDIT" else . end"#,
    ] {
        assert!(apply(program, ORDER).unwrap().is_nothing(), "{program}");
    }
}

#[test]
fn numbers_of_any_size_are_kept_and_whole_ones_calculated_exactly() {
    let long = "9".repeat(80);
    for (program, before, after) in [
        (".payload.a = 2", format!(r#"{{"a":1,"b":{long}}}"#), format!(r#"{{"a":2,"b":{long}}}"#)),
        (".payload += 1", "12345678901234567890".to_owned(), "12345678901234567891".to_owned()),
        (".payload = 98765432109876543210987654321", "0".to_owned(), "98765432109876543210987654321".to_owned()),
        (".payload = -1.10", "0".to_owned(), "-1.10".to_owned()),
        (".payload /= 2", "10".to_owned(), "5".to_owned()),
        (
            ".payload |= map(select(. == 9007199254740993))",
            "[9007199254740992,9007199254740993]".to_owned(),
            "[9007199254740993]".to_owned(),
        ),
    ] {
        assert_eq!(payload(program, &before), after, "{program}");
    }
}

#[test]
fn fields_that_stand_there_twice_stay_if_they_are_not_changed() {
    let twice = r#"{"a":1,"b":0,"a":2}"#;
    assert_eq!(payload(".payload.b = 1", twice), r#"{"a":1,"b":1,"a":2}"#);
    assert_eq!(payload(".payload.a += 1", twice), r#"{"a":1,"b":0,"a":3}"#);
    assert_eq!(payload("del(.payload.a)", twice), r#"{"b":0}"#);
}

#[test]
fn json_stays_json_and_text_stays_text() {
    for (program, before, after) in [
        (".payload = \"a\\\"b\"", r#"{"a":1}"#, r#""a\"b""#),
        (".payload |= ascii_upcase", r#" "quoted" "#, r#" "QUOTED" "#),
        (".payload |= ascii_upcase", "plain text", "PLAIN TEXT"),
        (r#".payload = "x""#, "42", "x"),
        (".payload |= fromjson", r#""{\"a\":1}""#, r#"{"a":1}"#),
        (".payload |= {text: .}", "plain", r#"{"text":"plain"}"#),
        (".payload = null", r#"{"a":1}"#, "tombstone"),
        (r#".payload = {base64: ("raw" | @base64)}"#, r#"{"a":1}"#, "raw"),
        (".payload |= {base64: (.a | @base64)}", r#"{"a":"<x/>"}"#, "<x/>"),
    ] {
        assert_eq!(payload(program, before), after, "{program}");
    }
    // Not JSON: white space alone, two values, a comment, a trailing comma, NaN.
    for text in ["", " ", "1 2", "{} #", "[1,]", "NaN", "{a:1}", "'x'", "01", "\u{feff}{}", "\"\n\""] {
        assert_eq!(payload(r#".payload = (.payload | type)"#, text), "string", "{text:?}");
    }
}

#[test]
fn bytes_that_are_no_text_come_as_base64() {
    let headers = [Header { name: "bin", value: Some(&[0xff]) }];
    let binary = Event { key: Some(&[0xfe]), headers: &headers, payload: Some(&[0, 0xff]) };
    let program = r#"if [.key, .headers[0][1], .payload | .base64] == ["/g==", "/w==", "AP8="]
        then .key.base64 = "AA==" | .headers[0][1] = {base64: "AQ=="} | .payload |= (.base64 | @base64d) + "!"
        else error("\(.)") end"#;
    let changed = Transform::parse(program).unwrap().apply(binary).unwrap();
    assert_eq!(changed.key, Some(Some(vec![0])));
    assert_eq!(changed.headers, Some(vec![("bin".to_owned(), Some(vec![1]))]));
    assert_eq!(changed.payload, Some(Some(vec![0, 0xff, b'!'])));
}

#[test]
fn null_and_empty_differ() {
    let identity = Transform::parse(".").unwrap();
    let program = Transform::parse(r#"if .payload == null then .payload = "" else .payload = null end"#).unwrap();
    for (before, after) in [(None, Some(Vec::new())), (Some(b"".as_slice()), None)] {
        let event = Event { payload: before, ..Event::default() };
        assert!(identity.apply(event).unwrap().is_nothing());
        assert_eq!(program.apply(event).unwrap().payload, Some(after));
    }
    // The JSON text null is not changed by a program that does not touch it.
    assert!(apply(".payload |= .", "null").unwrap().is_nothing());
}

#[test]
fn headers_keep_order_and_duplicates() {
    let headers = |program: &str| -> Headers { apply(program, "{}").unwrap().headers.unwrap() };
    let pairs = |pairs: &[(&str, Option<&str>)]| -> Headers {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(|value| value.as_bytes().to_vec()))).collect()
    };
    let base = [("type", Some("OrderPlaced")), ("retry", Some("1")), ("retry", None)];
    assert_eq!(headers(r#".headers += [["new", "x"]]"#), pairs(&[base[0], base[1], base[2], ("new", Some("x"))]));
    assert_eq!(headers(r#".headers |= map(select(.[0] != "type"))"#), pairs(&base[1..]));
    assert_eq!(headers(r#"del_header("retry")"#), pairs(&base[..1]));
    assert_eq!(headers(r#"set_header("type"; header("retry"))"#)[0], ("type".to_owned(), Some(b"1".to_vec())));
    assert_eq!(headers(r#"set_header("new"; null)"#)[3], ("new".to_owned(), None));
    assert_eq!(headers(".headers |= reverse").len(), HEADERS.len());
    assert_eq!(apply(r#"del_header("none")"#, "{}").unwrap().headers, None);
}

#[test]
fn keys_are_text() {
    let key = |program: &str| apply(program, r#"{"id":7}"#).unwrap().key;
    assert_eq!(key(r#".key |= ltrimstr("ORD-")"#), Some(Some(b"1".to_vec())));
    assert_eq!(key(".key = (.payload.id | tostring)"), Some(Some(b"7".to_vec())));
    assert_eq!(key(".key = null"), Some(None));
    assert_eq!(key(r#".key = "ORD-1""#), None);
}

#[test]
fn functions_answer_as_in_jq() {
    for (program, answer) in [
        (r#""2026-11-22T08:00:00Z" | fromdate | . + 1 | todate"#, r#""2026-11-22T08:00:01Z""#),
        (r#""a,b" | split(",")"#, r#"["a","b"]"#),
        (r#""aXbX" | gsub("x"; "-"; "i")"#, r#""a-b-""#),
        (r#""Zoë-42" | capture("(?<name>\\w+)-(?<n>\\d+)")"#, r#"{"name":"Zoë","n":"42"}"#),
        (r#"[("aëa" | match("a"; "g").offset)]"#, "[0,2]"),
        (r#"["a1b22" | scan("\\d+")]"#, r#"["1","22"]"#),
        (r#""x" | test("^X$"; "i")"#, "true"),
        (r#""a b" | [splits(" +")]"#, r#"["a","b"]"#),
        (r#""x" * 3"#, r#""xxx""#),
        (r#"[1,2,3] | .[1:] + [add, length, (map(. * 2) | max)]"#, "[2,3,6,3,6]"),
        (r#"{"a":{"b":1}} * {"a":{"c":2}}"#, r#"{"a":{"b":1,"c":2}}"#),
        (r#"[{"k":2},{"k":1}] | sort_by(.k) | map(.k)"#, "[1,2]"),
        (r#"[3,1,1] | unique, group_by(.) | length"#, "2"),
        (r#""1.50" | tonumber"#, "1.50"),
        (r#""a/b c" | @uri"#, r#""a%2Fb%20c""#),
        (r#"[paths]"#, r#"[["a"],["a",0]]"#),
        (r#"getpath(["a",0])"#, "5"),
        (r#"[recurse | numbers]"#, "[5]"),
        (r#"def f: if . > 3 then . else . + 1 | f end; 0 | f"#, "4"),
        (r#"[limit(3; repeat(1))]"#, "[1,1,1]"),
        (r#"[range(0; 6; 2)] | [first, last, nth(1), any(. > 3), all(. > 3)]"#, "[0,4,2,true,false]"),
        (r#"reduce .a[] as $x (0; . + $x)"#, "5"),
        (r#"try error("x") catch ."#, r#""x""#),
        (r#".a as [$x] | {$x}"#, r#"{"x":5}"#),
        (r#"label $out | 1, break $out, 2"#, "1"),
        (r#""abcabc" | [indices("bc"), index("c"), rindex("a")]"#, "[[1,4],2,3]"),
        (r#"{"a":[1,{"b":2}]} | contains({"a":[{"b":2}]})"#, "true"),
        (r#"[nan] | sort | .[0] | isnan"#, "true"),
        (r#"[.[]?, (1 | .[]?)] | length"#, "1"),
        (r#"-1 | abs, (4 | sqrt), pow(2; 3) | select(. > 2)"#, "8"),
        (r#"@base64 "x\(.a)" "#, r#""xWzVd""#),
        (r#"[[1,2],[3]] | transpose | flatten"#, "[1,3,2,null]"),
        (r#"tojson | fromjson == {"a":[5]}"#, "true"),
        (r#"{"a":1} | has("a", "b")  | not | select(.)"#, "true"),
        (r#"[1,[2]] | tostring"#, r#""[1,[2]]""#),
        (r#"[splits("a";"b")?] | length"#, "0"),
        (r#"007"#, "7"),
    ] {
        let program = format!(".payload |= ({program})");
        assert_eq!(payload(&program, r#"{"a":[5]}"#).as_str(), answer, "{program}");
    }
}

#[test]
fn a_program_is_shared_among_threads() {
    let transform = Transform::parse(r#".payload.n |= (tostring | gsub("\\d"; "x"))"#).unwrap();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let transform = &transform;
            scope.spawn(move || {
                let text = format!(r#"{{"n":{n}}}"#);
                let changed = transform.apply(event(text.as_bytes())).unwrap();
                assert_eq!(changed.payload, Some(Some(br#"{"n":"x"}"#.to_vec())));
            });
        }
    });
}
