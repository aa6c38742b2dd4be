//! For any program and any event: no panic, and what a program does not touch keeps its bytes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tapline_model::Header;
use tapline_transform::{Changed, Event, Transform, TransformError};

/// JSON as people write it, with everything that reading it would lose.
fn json() -> impl Strategy<Value = String> {
    let space = || "[ \n\t]{0,2}";
    let string = || {
        let part = prop_oneof!["[a-zé]{0,4}", "\\\\[\"\\\\/bfnrt]", "\\\\u[0-9a-fD][0-9a-f]{3}", "\\\\ud83d\\\\ude00"];
        vec(part, 0..3).prop_map(|parts| format!("\"{}\"", parts.concat()))
    };
    let number = || "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
    let leaf = prop_oneof![Just("null".to_owned()), Just("true".to_owned()), number().boxed(), string().boxed()];
    let value = leaf.prop_recursive(4, 40, 5, move |inner| {
        let spaced = (space(), inner, space()).prop_map(|(a, inner, b)| format!("{a}{inner}{b}"));
        let member =
            (space(), string(), space(), spaced.clone()).prop_map(|(a, key, b, value)| format!("{a}{key}{b}:{value}"));
        prop_oneof![
            vec(spaced, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    });
    (space(), value, space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"))
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![json().prop_map(String::into_bytes), vec(any::<u8>(), 0..40), ".{0,20}".prop_map(String::into_bytes)]
}

/// Key, headers, payload.
type Owned = (Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>, Option<Vec<u8>>);

fn event() -> impl Strategy<Value = Owned> {
    (option::of(bytes()), vec((".{0,8}", option::of(bytes())), 0..4), option::of(bytes()))
}

fn apply(transform: &Transform, (key, headers, payload): &Owned) -> Result<Changed, TransformError> {
    let headers: Vec<Header<'_>> =
        headers.iter().map(|(name, value)| Header { name, value: value.as_deref() }).collect();
    transform.apply(Event { key: key.as_deref(), headers: &headers, payload: payload.as_deref() })
}

/// Programs that say nothing new, in different words.
const SAME: [&str; 7] = [
    ".",
    "..|=.",
    ". + {}",
    "to_entries | from_entries",
    "{headers, payload, key}",
    "tojson | fromjson",
    "[.] | map(.) | first",
];

/// Pieces that make programs more often than letters do.
const PIECES: &str = r#". .payload .key .headers [] [0] | |= = += , ( ) [ ] { } : 1 -1.5e3 "a" "\(.)" + * / % - // ? .. $x
    ␣as␣$x| reduce␣ foreach␣ if␣ ␣then␣ ␣else␣ ␣end␣ def␣f: f ; try␣ ␣catch␣ map( select( del( path( range( first( limit(1;
    sort keys add length tojson fromjson test( gsub( @base64 @base64d error empty label␣$x| break␣$x tonumber explode
    implode ltrimstr( todate fromdate set_header( del_header( walk( transpose splits( indices( min_by( group_by( unique
    flatten recurse env input"#;

fn program() -> impl Strategy<Value = String> {
    let pieces: Vec<String> = PIECES.split_whitespace().map(|piece| piece.replace('␣', " ")).collect();
    prop_oneof![
        4 => vec(prop::sample::select(pieces), 0..14).prop_map(|pieces| pieces.concat()),
        1 => ".{0,30}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_not_changed_keeps_its_bytes(event in event(), same in prop::sample::select(&SAME[..])) {
        let transform = Transform::parse(same).unwrap();
        prop_assert_eq!(apply(&transform, &event).unwrap(), Changed::default());
    }

    #[test]
    fn a_change_is_what_is_read_again_and_nothing_else(json in json(), name in "[a-d]{1}") {
        let before = format!("{{\"b\":1,\"first\":{json},\"c\": 2.50}}");
        let payload = |program: &str, text: &str| {
            let event = (None, Vec::new(), Some(text.as_bytes().to_vec()));
            let changed = apply(&Transform::parse(program).unwrap(), &event).unwrap();
            changed.payload.map(|payload| String::from_utf8(payload.unwrap()).unwrap())
        };
        let put = payload(&format!(".payload.{name} = [\"new\"]"), &before).unwrap();
        prop_assert!(put.contains(json.trim()), "{put} lost {json}");
        let held = payload(&format!("if .payload.{name} == [\"new\"] then . else error(\"lost\") end"), &put);
        prop_assert_eq!(held, None);
        let taken = payload(&format!("del(.payload.{name})"), &put).unwrap();
        prop_assert!(taken.contains(json.trim()), "{taken} lost {json}");
        // What is patched into a text is what a writer without a text would write, once both are read.
        for program in ["[.payload.first]", ".payload.first | [., {x: .}]", ".payload | [.b, .first]"] {
            let patched = payload(&format!(".payload = ({program})"), &before).unwrap();
            let check = format!("if .payload == ({}) then . else error(\"differs\") end", "$old");
            let check = check.replace("$old", &format!("({before:?} | fromjson) as $p | {{payload: $p}} | {program}"));
            let ok = !before.contains("\\u") && !before.contains('é');
            if ok { prop_assert_eq!(payload(&check, &patched), None, "{} {}", program, patched); }
        }
    }

    #[test]
    fn no_program_and_no_event_makes_it_panic(program in program(), event in event()) {
        if let Ok(transform) = Transform::parse(&program) {
            let ended = apply(&transform, &event);
            prop_assert!(!matches!(ended, Err(TransformError::Internal)), "{program}");
        }
    }

    #[test]
    fn elements_that_are_moved_arrive(items in vec(json(), 0..8), from in 0_usize..8, to in 0_usize..8) {
        let before = format!("[{}]", items.join(","));
        let program = format!(
            ".payload as $old | .payload |= (del(.[{from}]) | .[:{to}] + [\"x\"] + .[{to}:]) \
             | if (.payload - [\"x\"]) == ($old | del(.[{from}]) | . - [\"x\"]) then . else error(\"lost\") end"
        );
        let transform = Transform::parse(&program).unwrap();
        let changed = apply(&transform, &(None, Vec::new(), Some(before.into_bytes()))).unwrap();
        let after = String::from_utf8(changed.payload.unwrap().unwrap()).unwrap();
        let mut kept: Vec<&str> = items.iter().map(|item| item.trim()).collect();
        if from < kept.len() { kept.remove(from); }
        for item in kept.iter().filter(|item| item.len() < 4) {
            prop_assert!(after.contains(item), "{after} lost {item}");
        }
    }
}
