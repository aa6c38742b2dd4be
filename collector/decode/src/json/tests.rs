//! The scanner against a slow, obvious reference.

use bumpalo::Bump;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::*;

/// Writes down every scalar with the names around it.
#[derive(Default)]
struct Everything(Vec<String>);

impl Everything {
    fn add(&mut self, path: &Path<'_, '_, ()>, value: &str) {
        let mut owners: Vec<&str> = path.owners().collect();
        owners.reverse();
        let array = if path.in_array() { "[]" } else { "" };
        self.0.push(format!("{}/{}{array}={value}", owners.join("/"), path.name));
    }
}

impl<'a> Sink<'a> for Everything {
    type Interest = ();

    fn field(&mut self, _name: &'a str, _depth: usize) -> Option<()> {
        Some(())
    }

    fn text(&mut self, path: &Path<'_, 'a, ()>, (): (), value: &'a str) {
        self.add(path, value);
    }

    fn integer(&mut self, path: &Path<'_, 'a, ()>, (): (), digits: &'a str) {
        self.add(path, digits);
    }
}

fn scanned(text: &str, max_depth: usize) -> (Scanned, Vec<String>) {
    scanned_after(&mut ExpectedNames::default(), text, max_depth)
}

fn scanned_after(expected: &mut ExpectedNames<()>, text: &str, max_depth: usize) -> (Scanned, Vec<String>) {
    let arena = Bump::new();
    let text = arena.alloc_str(text);
    let mut found = Everything::default();
    let scanned = scan(&arena, text, max_depth, expected, &mut found);
    (scanned, found.0)
}

fn is_json(text: &str) -> bool {
    scanned(text, 32).0.fault.is_none()
}

/// The same list by walking a parsed value.
fn walk(value: &Value, owners: &[&str], name: Option<&str>, array: bool, found: &mut Vec<String>) {
    let mut scalar = |text: &str| {
        if let Some(name) = name {
            found.push(format!("{}/{name}{}={text}", owners.join("/"), if array { "[]" } else { "" }));
        }
    };
    match value {
        Value::String(text) => scalar(text),
        Value::Number(number) if !number.is_f64() => scalar(&number.to_string()),
        Value::Array(elements) => elements.iter().for_each(|element| walk(element, owners, name, true, found)),
        Value::Object(fields) => {
            let owners: Vec<&str> = owners.iter().copied().chain(name).collect();
            fields.iter().for_each(|(name, value)| walk(value, &owners, Some(name), false, found));
        }
        _ => {}
    }
}

fn json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("\\PC{0,6}|[a-z\\\\\"\n]{0,4}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn texts_that_are_json() {
    for text in [
        "{}",
        " [ ] ",
        "0",
        "-0",
        "1.5e-7",
        "\"\\u00e9\"",
        "\"\\ud800\"",
        "[[],{},[{}]]",
        "null",
        "{\"\":{\"a\":[true,false]}}\r\n",
        "1e999",
        "123456789012345678901234567890",
    ] {
        assert!(is_json(text), "{text}");
    }
}

#[test]
fn texts_that_are_not() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "]",
        "}",
        "[1,]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "[1 2]",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "-",
        "nul",
        "nulll",
        "True",
        "\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "\"\\",
        "[}",
        "{]",
        "{}{}",
        "// a",
        "\u{feff}{}",
        "[1]x",
        "'a'",
        "\u{b}1",
    ] {
        assert!(!is_json(text), "{text}");
    }
}

#[test]
fn faults_are_placed() {
    let fault = |text| scanned(text, 32).0.fault.unwrap();
    assert_eq!(fault("{\"a\" 1}"), Fault { at: 5, expected: "a colon", ended: false });
    assert_eq!(fault("[1, 2"), Fault { at: 5, expected: "a comma or a closing bracket", ended: true });
    assert_eq!(fault("[tru"), Fault { at: 4, expected: "true", ended: true });
    assert_eq!(fault("[trx]"), Fault { at: 3, expected: "true", ended: false });
    assert_eq!(fault("[-"), Fault { at: 2, expected: "a digit", ended: true });
    assert_eq!(fault("\"ab"), Fault { at: 3, expected: "a closing quote", ended: true });
}

#[test]
fn arrays_stand_for_their_elements() {
    let text = r#"{"a":{"lines":[{"id":1},[{"id":2}],"x"],"b":3},"c":"4"}"#;
    let expected = ["a/lines/id=1", "a/lines/id=2", "a/lines[]=x", "a/b=3", "/c=4"];
    assert_eq!(scanned(text, 32).1, expected);
}

#[test]
fn a_name_is_asked_about_once_and_again_at_another_depth() {
    struct Asked(Vec<(String, usize)>);
    impl<'a> Sink<'a> for Asked {
        type Interest = ();
        fn field(&mut self, name: &'a str, depth: usize) -> Option<()> {
            self.0.push((name.to_owned(), depth));
            None
        }
        fn text(&mut self, _path: &Path<'_, 'a, ()>, (): (), _value: &'a str) {}
        fn integer(&mut self, _path: &Path<'_, 'a, ()>, (): (), _digits: &'a str) {}
    }
    let (mut expected, mut asked, arena) = (ExpectedNames::default(), Asked(Vec::new()), Bump::new());
    let end = "\"the window of a comparison does not reach over the end\"";
    for text in [
        format!("{{\"id\":1,\"b\":{end}}}"),
        format!("{{\"id\":2,\"b\":{end}}}"),
        format!("[{{\"id\":3,\"b\":{end}}}]"),
    ] {
        let text = arena.alloc_str(&text);
        assert_eq!(scan(&arena, text, 32, &mut expected, &mut asked).fault, None);
    }
    let expected = [("id", 1), ("b", 1), ("id", 2), ("b", 2)];
    assert_eq!(asked.0, expected.map(|(name, depth)| (name.to_owned(), depth)));
}

#[test]
fn what_is_nested_too_deep_is_checked_and_not_searched() {
    let text = r#"{"a":{"b":[{"c":1}],"d":2},"e":3}"#;
    let (result, found) = scanned(text, 2);
    assert_eq!((result.fault, result.too_deep), (None, true));
    assert_eq!(found, ["a/d=2", "/e=3"]);
    assert!(scanned(r#"{"a":{"b":[{"c":1]],"d":2},"e":3}"#, 2).0.fault.is_some());
}

#[test]
fn a_hundred_thousand_levels_end_well() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
        let result = scanned(&deep, 32).0;
        assert_eq!((result.fault, result.too_deep), (None, true));
        assert!(scanned(&open.repeat(100_000), 32).0.fault.is_some_and(|fault| fault.ended));
    }
}

proptest! {
    #[test]
    fn scalars_are_those_of_serde_json(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let (result, found) = scanned(&text, 32);
        prop_assert_eq!(result, Scanned { fault: None, too_deep: false });
        let mut expected = Vec::new();
        walk(&value, &[], None, false, &mut expected);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn damaged_texts_pass_only_with_serde_json(value in json(), at in any::<prop::sample::Index>(),
                                               with in "[\\[\\]{}\",:0-9eE.+\\\\tfnu \n-]{0,3}", cut in 0..3usize) {
        let mut text: Vec<char> = serde_json::to_string(&value).unwrap().chars().collect();
        let from = at.index(text.len());
        let to = (from + cut).min(text.len());
        text.splice(from..to, with.chars());
        let text: String = text.into_iter().collect();
        prop_assert_eq!(is_json(&text), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn what_was_expected_changes_nothing(values in proptest::collection::vec(json(), 1..4), depth in 1..8usize,
                                         order in proptest::collection::vec((any::<prop::sample::Index>(),
                                             any::<prop::sample::Index>(), "[\\[\\]{}\",:0a\\\\]{0,2}"), 1..12)) {
        let mut expected = ExpectedNames::default();
        for (value, at, with) in order {
            let mut text = serde_json::to_string(value.get(&values)).unwrap();
            let at = text.floor_char_boundary(at.index(text.len()));
            for text in [text.clone(), { text.insert_str(at, &with); text }] {
                prop_assert_eq!(scanned_after(&mut expected, &text, depth), scanned(&text, depth), "{}", text);
            }
        }
    }

    #[test]
    fn any_text_passes_only_with_serde_json(text in "[\\[\\]{}\",:0-9eE.+\\\\truefalsn \n-]{0,12}|\\PC{0,20}") {
        prop_assert_eq!(is_json(&text), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn any_part_of_a_text_only_ends_too_early(value in json(), at in any::<prop::sample::Index>()) {
        let text = serde_json::to_string(&value).unwrap();
        let cut = text.floor_char_boundary(at.index(text.len()));
        if let Some(fault) = scanned(&text[..cut], 32).0.fault {
            prop_assert!(fault.ended, "{:?} in {}", fault, &text[..cut]);
        }
    }
}
