//! Rules for Rust files: a header, a bounded length, no second way to write a module, and words that mean unfinished or
//! unsafe work. Panics outside tests are clippy's part: `layers` sees to it that every crate takes the lints, this
//! module that none of them is switched off.

use std::path::{Component, Path};

use super::{Finding, syntax};

/// The longest a file may be before its tests.
const LINES: usize = 600;

/// The one place where foreign functions are called.
const FOREIGN: [&str; 2] = ["collector/kafka/src/ffi.rs", "collector/kafka/src/ffi"];

/// Makes a wait in a test legal, on its line or the one before, where a condition cannot be waited for.
const WAIT: &str = "tidy: wait";

/// Macros that stand for work to do; clippy knows some of them, and only where they are compiled.
const UNFINISHED: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "#[ignore"];

pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let views = syntax::views(text);
    let code: Vec<&str> = views.code.lines().collect();
    let comments: Vec<&str> = views.comments.lines().collect();
    let tests_from = tests_from(path, &code);
    let mut findings = whole(path, text, tests_from);
    for (index, line) in code.iter().enumerate() {
        let comment = comments.get(index).copied().unwrap_or_default();
        let in_tests = index >= tests_from;
        let excused = [index.checked_sub(1), Some(index)].into_iter().flatten().any(|at| comments[at].contains(WAIT));
        let messages =
            [unfinished(line, comment), unchecked(path, line), suppressed(line), waiting(line, in_tests && !excused)];
        findings.extend(messages.into_iter().flatten().map(|message| Finding::new(path, index + 1, message)));
    }
    findings
}

/// The line from which a file is tests: the first for a file of tests only, past the end for one without.
fn tests_from(path: &Path, code: &[&str]) -> usize {
    let mut parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    // Crates stand two folders deep.
    let only_tests = path.starts_with("tests/e2e") || path.ends_with("tests.rs") || parts.nth(2) == Some("tests");
    if only_tests {
        return 0;
    }
    code.iter().position(|line| line.trim_start().starts_with("#[cfg(test)]")).unwrap_or(code.len())
}

fn whole(path: &Path, text: &str, tests_from: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !text.starts_with("//!") {
        findings.push(Finding::new(
            path,
            1,
            "open with `//!`: what the module owns, and what it leaves to which neighbour",
        ));
    }
    if path.file_name().is_some_and(|name| name == "mod.rs") {
        findings.push(Finding::new(path, 0, "name a module's file after the module: foo.rs beside foo/"));
    }
    let lines = if tests_from == 0 { text.lines().count() } else { tests_from };
    if lines > LINES {
        findings.push(Finding::new(
            path,
            0,
            format!("{lines} lines before its tests; {LINES} is the limit, 250 the custom"),
        ));
    }
    findings
}

fn unfinished(code: &str, comment: &str) -> Option<String> {
    let word = ["TODO", "FIXME", "XXX"].into_iter().find(|word| comment.contains(word));
    let call = UNFINISHED.into_iter().find(|call| code.contains(call));
    word.or(call).map(|what| format!("`{what}`: finish it, or open an issue"))
}

fn unchecked(path: &Path, code: &str) -> Option<String> {
    let allowed = FOREIGN.iter().any(|place| path.starts_with(place));
    let is_unsafe = code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
    (is_unsafe && !allowed).then(|| format!("`unsafe` belongs in {}", FOREIGN[0]))
}

fn suppressed(code: &str) -> Option<String> {
    let attribute = code.contains("#[allow(") || code.contains("#![allow(");
    attribute.then(|| "`allow` outlives its reason: use `expect` with one".to_owned())
}

fn waiting(code: &str, in_tests: bool) -> Option<String> {
    let waits = in_tests
        && code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '(').any(|word| word.starts_with("sleep("));
    waits.then(|| format!("`sleep(` in a test: wait for a condition, or say why not with `// {WAIT}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "//! Header.\n";

    fn messages(path: &str, body: &str) -> Vec<String> {
        let findings = check(Path::new(path), &format!("{HEADER}{body}"));
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_clean_file_has_no_findings() {
        assert_eq!(messages("query/api/src/lib.rs", "fn f() {}\n"), Vec::<String>::new());
    }

    #[test]
    fn a_file_needs_a_header() {
        let findings = check(Path::new("a/b/src/lib.rs"), "use std::fs;\n");
        assert_eq!(findings.len(), 1);
        assert!(findings[0].to_string().starts_with("a/b/src/lib.rs:1: open with `//!`"), "{}", findings[0]);
    }

    #[test]
    fn foreign_calls_have_one_place() {
        let body = "unsafe { f() }\n";
        assert_eq!(messages("a/b/src/c.rs", body), ["a/b/src/c.rs:2: `unsafe` belongs in collector/kafka/src/ffi.rs"]);
        assert_eq!(messages("collector/kafka/src/ffi.rs", body), Vec::<String>::new());
        assert_eq!(messages("a/b/src/c.rs", "#![deny(unsafe_code)]\n"), Vec::<String>::new());
    }

    #[test]
    fn tests_wait_for_conditions() {
        let wait = "#[cfg(test)]\nfn f() { thread::sleep(a); }\n";
        assert_eq!(messages("a/b/src/c.rs", wait).len(), 1);
        let excused = "#[cfg(test)]\n// tidy: wait, the broker tells nobody\nfn f() { thread::sleep(a); }\n";
        assert_eq!(messages("a/b/src/c.rs", excused), Vec::<String>::new());
        assert_eq!(messages("a/b/src/c.rs", "fn f() { thread::sleep(a); }\n"), Vec::<String>::new());
        for path in ["tests/e2e/src/c.rs", "a/b/tests/c.rs", "a/b/src/c/tests.rs"] {
            assert_eq!(messages(path, "fn f() { sleep(a); }\n").len(), 1, "{path}");
        }
        assert_eq!(messages("tests/shop/src/c.rs", "fn f() { sleep(a); }\n"), Vec::<String>::new());
    }

    #[test]
    fn length_counts_up_to_the_tests() {
        let long = "fn f() {}\n".repeat(LINES);
        assert_eq!(messages("a/b/src/c.rs", &long).len(), 1);
        let tested = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(messages("a/b/src/c.rs", &tested), Vec::<String>::new());
    }

    #[test]
    fn unfinished_work_and_suppressed_warnings_are_found() {
        for body in ["// TODO: later\n", "fn f() { todo!() }\n", "#[allow(dead_code)]\n", "#[ignore]\n"] {
            assert_eq!(messages("a/b/src/c.rs", body).len(), 1, "{body}");
        }
        assert_eq!(messages("a/b/src/mod.rs", "").len(), 1);
    }
}
