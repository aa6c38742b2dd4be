//! Programs and payloads that are made to do harm end soon, with an error, and leave nothing behind.

use std::time::{Duration, Instant};

use tapline_transform::{Event, Transform, TransformError};

use crate::apply;

/// An unoptimised build on a busy machine; alone and optimised each takes a fraction of a second.
const SOON: Duration = Duration::from_secs(60);

fn ends(program: &str, payload: &str) -> Result<(), TransformError> {
    let begin = Instant::now();
    let ended = apply(program, payload).map(drop);
    let shown: String = program.chars().take(60).collect();
    println!(
        "{:>7.3} s  {shown}  {}",
        begin.elapsed().as_secs_f64(),
        ended.as_ref().err().map_or("done".into(), ToString::to_string)
    );
    assert!(begin.elapsed() < SOON, "{shown} took {:?}", begin.elapsed());
    ended
}

fn is_too_much(program: &str) {
    let ended = ends(program, "[1]");
    assert!(matches!(ended, Err(TransformError::TooMuch(_))), "{program}: {ended:?}");
}

#[test]
fn loops_without_end() {
    for program in [
        "def f: f; f",
        "def f: f, f; f",
        "def f: f | f; f",
        "def f: ., (f | .); [f]",
        "def f: def g: f; g; f",
        "def f($x): f($x + 1); f(0)",
        "def f(g): f(g | g); f(.)",
        "[repeat(1)]",
        "last(repeat(1))",
        "repeat(empty)",
        "[repeat(empty)]",
        "until(false; .)",
        "[while(true; . )]",
        "[recurse(.)]",
        "[recurse([.])]",
        "[range(0; 1; 0)]",
        "[range(1e12)]",
        "[range(infinite)]",
        "last(range(1e15))",
        "first(range(1e15) | select(false))",
        "isempty(range(1e15) | empty)",
        "[limit(1e15; range(1e15))]",
        "[skip(1e15; range(1e15))]",
        "reduce range(1e15) as $i (0; . + 1)",
        "reduce range(1e15) as $i (0; empty)",
        "[foreach range(1e15) as $i (0; . + 1)]",
        "[foreach range(1e15) as $i (0; . + 1; empty)]",
        "label $f | def g: g; g",
        "def f: try f catch f; f",
        "def f: (f?) // f; f",
        "path(def f: f; f)",
        "path(repeat(.))",
        "(repeat(.)) = 1",
        "(def f: f; f) |= 1",
        "all(range(1e15); true)",
        "any(range(1e15); false)",
        "[range(3e5)] | [., .] | [combinations]",
        "[.[] as $x | range(1e5) as $a | range(1e5) as $b | range(1e5) as $c | $a]",
        "[range(2000)] | map([range(2000)]) | length",
        "[splits(\"a\"; range(1e15))]",
    ] {
        let ended = ends(program, "[1]");
        assert!(ended.is_err(), "{program}");
    }
}

#[test]
fn memory() {
    for program in [
        r#""a" * 1e9"#,
        r#""a" * 1e300"#,
        r#"("a" * 1e6) * 1e6"#,
        r#"reduce range(100) as $i ("a"; . + .)"#,
        r#"reduce range(100) as $i ([1]; . + .)"#,
        r#"[limit(1e9; repeat("a" * 1e6 + "b"))]"#,
        r#"[range(1e9)] | sort"#,
        r#"reduce range(1e9) as $i ({}; .["\($i)"] = $i)"#,
        r#"reduce range(1e9) as $i (""; . + "x")"#,
        r#"reduce range(60) as $i (1; [., .]) | tojson"#,
        r#"reduce range(60) as $i (1; [., .]) | tostring | length"#,
        r#"reduce range(60) as $i (1; [., .]) as $x | $x == $x"#,
        r#"reduce range(60) as $i (1; [., .]) | flatten"#,
        r#"reduce range(60) as $i (1; {a: ., b: .}) | [..] | length"#,
        r#"reduce range(60) as $i (1; [., .]) | . - .[0]"#,
        r#"reduce range(60) as $i (1; [., .]) | walk(.)"#,
        r#"reduce range(60) as $i (1; [., .]) | [paths]"#,
        r#".payload = reduce range(60) as $i (1; [., .])"#,
        r#"("a" * 1e6) as $s | [range(1e6) | $s | ascii_upcase]"#,
        r#"("a," * 1e6) | split(",") | length"#,
        r#"("a" * 1e7) | explode | length"#,
        r#"("a" * 1e6) as $s | [range(1e6) | $s | @base64] | length"#,
        r#"reduce range(1e6) as $i ([]; . as $x | . + [$i] | ., $x | length as $l | $x + [$i])"#,
        r#"[range(1e9)] | implode"#,
        r#"[range(1e4)] as $a | reduce $a[] as $i ($a; .[$i] |= ($a))  | tojson"#,
        r#"reduce range(1e6) as $i ([range(1e4)]; . as $x | .[0] = $x[1] | [., $x][0])"#,
    ] {
        assert!(ends(program, "[1]").is_err(), "{program}");
    }
}

#[test]
fn processor_time_in_one_function() {
    for program in [
        r#"("a" * 1e6) as $s | [range(1e6) | $s | startswith($s)]"#,
        r#"("a" * 1e6) as $s | [range(1e6) | $s == ($s + "")]"#,
        r#"("a" * 1e6) as $s | [range(1e6) | $s | length]"#,
        r#"("a" * 1e6) as $s | [range(1e6) | $s | ascii_downcase]"#,
        r#"("a" * 1e6) as $s | [range(1e6) | $s | .[500000:]]"#,
        r#"(("a" * 1e6) + "b") as $s | ("a" * 5e5 + "c") as $p | [range(1e4) | $s | contains($p)]"#,
        r#"("a" * 1e6) as $s | [range(1e6) | $s | indices("aa")]"#,
        r#"("a" * 1e6) as $s | [range(1e6) | $s | fromjson?]"#,
        r#"[range(1e5)] as $a | [range(1e5) | $a | sort]"#,
        r#"[range(1e5)] as $a | [range(1e5) | $a | reverse]"#,
        r#"[range(1e5)] as $a | [range(1e5) | $a | contains([-1])]"#,
        r#"[range(1e5)] as $a | [range(1e5) | $a | index(-1)]"#,
        r#"[range(1e5)] as $a | [range(1e5) | $a - $a]"#,
        r#"[range(1e5)] as $a | [range(1e5) | $a | .[1:]]"#,
        r#"reduce range(1e5) as $i ([range(1e5)]; del(.[0]))"#,
        r#"reduce range(1e5) as $i ([range(1e5)] | map({("\(.)"): .}) | add; del(.["\($i)"]))"#,
        r#"[range(1e5) | {("\(.)"): .}] | add as $o | [range(1e5) | $o | keys]"#,
        r#"[range(1e6) as $i | "x" | test("\($i)")]"#,
        r#"reduce range(1e9) as $i (10; . * .)"#,
    ] {
        assert!(ends(program, "[1]").is_err(), "{program}");
    }
}

#[test]
fn expressions() {
    for program in [
        r#"("a" * 250000) | test("(a*)*(a*)*(a*)*b")"#,
        r#"("a" * 250000) | test("(x+x+)+y")"#,
        r#"("a" * 250000) | [match("(.*)(.*)(.*)(.*)(.*)[^a]"; "g")]"#,
        r#"("a" * 250000) | test("(a?){50}(a?){50}a{50}$")"#,
        r#"("é" * 120000) | test("(\\w{1,20}){1,3}!")"#,
        r#"("a" * 250000) | gsub(".*[^A-Z]|[A-Z]"; "x")"#,
        r#"("A" * 250000) | gsub(".*[^A-Z]|[A-Z]"; "x")"#,
        r#"("a" * 250000) | [scan("a")] | length"#,
        r#""a" | test("a{1000}{1000}{1000}")"#,
        r#""a" | test("(" * 5000)"#,
        r#""a" | test("\\w{5000}")"#,
        r#"("a" * 1e6) | test("a")"#,
        r#"[range(1e5) | "x" | test("\(.)|" + "a?" * 500)]"#,
        r#"("a" * 200000) | gsub("";"-") | length"#,
    ] {
        drop(ends(&format!(".payload |= ({program})"), "[1]"));
    }
    assert!(ends(r#"("a" * 1e6) | test("a")"#, "1").is_err_and(|error| error.to_string().contains("too long")));
}

#[test]
fn depth() {
    for program in [
        "def f: 1 + f; f",
        "def f: [f]; f",
        "def f: {a: f}; f",
        "def f: (f | .) + 1; f",
        "def f: first(f); f",
        "def f: limit(1; f); f",
        "def f: .[f]; f",
        "def f: reduce f as $x (0; .); f",
        "def f: if f then . else . end; f",
        "def f($n): if $n == 0 then range(1e9) else try f($n - 1) catch . end; [f(1000)]",
        "def f($n): if $n == 0 then range(1e9) else label $x | f($n - 1) end; [f(2000)]",
        "def f: 1, (try f catch .); [f]",
        "reduce range(100) as $i ([range(1e3)]; [.]) | [range(1e5) as $i | ..] | length",
        "def f(g): f(def h: g | g; h); f(.)",
        "def a(f): f|f; def b(f): a(a(f)); def c(f): b(b(f)); def d(f): c(c(f)); def e(f): d(d(f)); e(e(e(.)))",
        "reduce range(1e6) as $i (0; [.])",
        "reduce range(1e6) as $i (0; {a: .})",
        "reduce range(1e6) as $i (null; {a: .})",
        ".a as $x | reduce range(1e6) as $i (.; [.])",
        "path(reduce range(1e7) as $i (null; .a))",
        "null | path(reduce range(1e7) as $i (.; .a)) | length",
        "null | [path(def f: .a | ., f; limit(100000; f))] | length",
        "null | (reduce range(1e6) as $i (.; .a)) = 1",
        "null | getpath([range(1e6)])",
        "null | setpath([range(1e5) | \"a\"]; 1)",
        "[limit(1e6; repeat([]))] | path(reduce .[] as $i (.; .[0:]))",
        "null | reduce range(1e5) as $i (.; .[[\"a\"]]?)",
        "(\"[\" * 1e5) + (\"]\" * 1e5) | fromjson",
    ] {
        assert!(ends(program, "{}").is_err(), "{program}");
    }
    is_too_much("def f: 1 + f; f");
    is_too_much("reduce range(1e6) as $i (0; [.])");
}

#[test]
fn texts_of_programs() {
    let long = |piece: &str, end: &str| {
        let times = 8_192 / (piece.len() + end.len());
        piece.repeat(times) + &end.repeat(times)
    };
    let programs = [
        long("(", ")"),
        long("[", "]"),
        long("{a:", "}"),
        long("(", ""),
        long("[", ""),
        long("-", ""),
        long("\"\\(", ")\""),
        long("try ", ""),
        long("if ", ""),
        long("if . then ", " else . end"),
        long("def f: ", ""),
        long("def f: .; ", ""),
        long(".a", ""),
        long(".[0]", ""),
        long(".|", ""),
        long(".,", ""),
        long("1+", ""),
        long(". as $x|", ""),
        long("label $x|", ""),
        long("reduce ", ""),
        long("first(", ")"),
        long(".[", "]"),
        long("?", ""),
        long("..", ""),
        long(".=", ""),
        long("//", ""),
        long("$__loc__", ""),
        long("@", ""),
        long("\\", ""),
        long("#", ""),
        long("é", ""),
        long("map(", ".)"),
        long("[[[[{(\"\\(", ""),
        long(". as [", ""),
        long(". as {a:", ""),
        long("not|", ""),
    ];
    for program in programs {
        let begin = Instant::now();
        let ended = [program.clone(), format!("{program}."), format!("{program}.;."), format!(".payload|={program}.")]
            .map(|program| Transform::parse(&program).map(|program| program.apply(Event::default())));
        let shown: String = program.chars().take(20).collect();
        println!("{:>7.3} s  {shown}  {:?}", begin.elapsed().as_secs_f64(), ended.map(|ended| ended.is_ok()));
        assert!(begin.elapsed() < SOON, "{shown}");
    }
    let too_long = Transform::parse(&".".repeat(8_193));
    assert!(matches!(too_long, Err(TransformError::TooLong { length: 8_193, .. })));
}

#[test]
fn payloads() {
    let deep = |open: &str, close: &str, times: usize| open.repeat(times) + &close.repeat(times);
    let payloads = [
        deep("[", "]", 100_000),
        deep("[", "", 1_000_000),
        deep("{\"a\":", "}", 100_000),
        "1".repeat(1_000_000),
        format!("0.{}", "1".repeat(1_000_000)),
        format!("1e{}", "9".repeat(1_000_000)),
        format!("\"{}\"", "\\u0000".repeat(100_000)),
        format!("[{}0]", "0,".repeat(500_000)),
        format!("{{{}\"z\":0}}", (0..100_000).map(|n| format!("\"k{n}\":{n},")).collect::<String>()),
        format!("{{{}\"z\":0}}", "\"a\":1,".repeat(100_000)),
    ];
    let programs =
        [".", "..|=.", ".payload|=(tojson|fromjson)", ".payload.x=1", ".payload|=(.+1)?", ".payload|=sort_by(.)?"];
    for program in programs {
        let transform = Transform::parse(program).unwrap();
        for payload in &payloads {
            let begin = Instant::now();
            let ended = transform.apply(Event { payload: Some(payload.as_bytes()), ..Event::default() });
            assert!(begin.elapsed() < SOON, "{program}");
            assert!(!matches!(ended, Err(TransformError::Internal)), "{program}");
            if program == "." {
                assert!(ended.unwrap().is_nothing());
            }
        }
    }
}
