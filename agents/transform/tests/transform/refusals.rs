//! What cannot be done is told with what to do.

use tapline_transform::{Event, Transform, TransformError};

use crate::{apply, refusal};

#[test]
fn syntax_errors_have_a_place() {
    for (program, told) in [
        ("", "line 1, column 1: an expression is expected there, not its end"),
        (".payload |", "line 1, column 11: an expression is expected there, not its end"),
        (".payload\n  = = 1", "line 2, column 5: an expression is expected there, not `=`"),
        (".payload[", "line 1, column 10: a closing bracket is expected there, not its end"),
        ("if . then 1", "line 1, column 12: `else` or `end` is expected there, not its end"),
        (".é", "line 1, column 2"),
        (". )", "line 1, column 3"),
        ("\"\\x\"", "a string escape sequence is expected there"),
    ] {
        let refused = refusal(program, "{}");
        assert!(refused.contains(told), "{program}: {refused}");
        assert!(Transform::parse(program).is_err_and(|error| error.is_of_the_program()), "{program}");
    }
}

#[test]
fn unknown_names_have_a_place_and_advice() {
    for (program, told) in [
        (".payload |\n mpa(.)", "`mpa/1` at line 2, column 2 is not known; correct the name"),
        ("$x", "`$x` at line 1, column 1 is not known"),
        ("now", "does the same whenever it runs"),
        ("env", "sees nothing but the event"),
        ("$ENV.HOME", "sees nothing but the event"),
        ("input", "sees nothing but the event"),
        ("[inputs]", "sees nothing but the event"),
        ("debug", "use `error(..)`"),
        ("halt", "use `error(..)`"),
        ("halt(1)", "`halt/1`"),
        ("\"a\" | halt_error", "use `error(..)`"),
        ("stderr", "use `error(..)`"),
        ("localtime", "cannot ask for the time"),
        ("break $out", "`$out`"),
    ] {
        let refused = refusal(program, "{}");
        assert!(refused.contains(told), "{program}: {refused}");
    }
}

#[test]
fn no_file_is_read() {
    for program in [
        r#"import "a" as a; ."#,
        r#"include "/etc/passwd"; ."#,
        r#"import "secrets" as $s; $s"#,
        r#"import "a" as a {"search": "/etc"}; a::f"#,
    ] {
        assert!(matches!(Transform::parse(program), Err(TransformError::Import)), "{program}");
    }
}

#[test]
fn a_program_has_one_result_and_that_is_an_event() {
    for (program, told) in [
        ("empty", "no result"),
        (r#"select(.key == "other")"#, "if .. then .. else . end"),
        ("., .", "more than one result"),
        (".payload.items[]", "more than one result"),
        (".payload", r#"is no event but {"items": [1, 2]}"#),
        (".payload.items", "is no event but [1, 2]"),
        (".playload = 1", r#"has a part "playload""#),
        ("{payload}", "lacks `key`"),
        ("del(.headers)", "lacks `headers`"),
        (".key = 5", "use tostring or tojson; it is 5"),
        (".headers = {}", "an array of [name, value]"),
        (r#".headers += ["x"]"#, "an array of [name, value]"),
        (".headers += [[1, 2]]", "with text as names"),
        (r#".headers += [["n", 2]]"#, "use tostring or tojson; it is 2"),
        (r#".key = {base64: "%"}"#, "`key` of the program's result is not base64"),
        (".payload.a = nan", "NaN, which JSON cannot hold"),
        (".payload.a = 1 / 0", "division by zero"),
        (r#".payload.a = ("/w==" | @base64d)"#, "not UTF-8"),
    ] {
        let refused = refusal(program, r#"{"items":[1,2]}"#);
        assert!(refused.contains(told), "{program}: {refused}");
    }
}

#[test]
fn errors_of_the_program_are_told_in_its_words() {
    for (program, told) in [
        (r#"error("no card: \(.key)")"#, "the program fails: no card: ORD-1"),
        ("error({a: 1})", r#"the program fails: {"a": 1}"#),
        ("error(null)", "the program fails: null"),
        (".payload.items.x", r#"cannot index [1, 2] with "x""#),
        (".payload.items | tonumber", "cannot"),
        (".payload[0] = 1", "cannot index"),
        (".payload.items[-7] = 1", "index -7 is out of bounds of 2 elements"),
        (r#"., error("late")"#, "late"),
        (r#".payload.items | implode | test("(")"#, "regex parse error"),
        (r#""a" | test("a"; "q")"#, "`q` is no flag"),
        (r#""{" | fromjson"#, "is no JSON from byte 1 on"),
    ] {
        let refused = refusal(program, r#"{"items":[1,2]}"#);
        assert!(refused.contains(told), "{program}: {refused}");
    }
}

#[test]
fn an_event_that_fails_does_not_spoil_the_next() {
    let transform = Transform::parse(r#"if .payload.bad then error("bad") else .payload.ok = true end"#).unwrap();
    for _ in 0..3 {
        assert!(transform.apply(Event { payload: Some(b"{\"bad\":1}"), ..Event::default() }).is_err());
        assert!(transform.apply(Event { payload: Some(b"{}"), ..Event::default() }).is_ok());
    }
    assert!(apply(".", "{}").is_ok());
}
