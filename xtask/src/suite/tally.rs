//! What tests said: their output is shown as it comes, and its summary lines are added up.

use std::{
    io::{BufRead, BufReader},
    ops::AddAssign,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::process;

/// Numbers of tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) ignored: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

/// Runs a program of tests, or cargo running several. One that fails without telling of a failed test, by a crash for
/// example, counts as one failure.
pub(super) fn of(command: &mut Command) -> Result<Tally> {
    let line = process::line(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let stdout = child.stdout.take().context("standard output is piped")?;
    let mut total = Tally::default();
    for text in BufReader::new(stdout).split(b'\n') {
        let text = text?;
        let text = String::from_utf8_lossy(&text);
        println!("{text}");
        if let Some(summary) = summary(&text) {
            total += summary;
        }
    }
    let status = child.wait()?;
    if !status.success() && total.failed == 0 {
        println!("`{line}` ended with {status}");
        total.failed = 1;
    }
    Ok(total)
}

/// `test result: ok. 17 passed; 0 failed; 1 ignored; 0 measured; ...`
fn summary(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let count = |word: &str| {
        let part = counts.split(';').map(str::trim).find(|part| part.ends_with(word))?;
        part.split(' ').next()?.parse().ok()
    };
    Some(Tally { passed: count(" passed")?, failed: count(" failed")?, ignored: count(" ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Tally {
        of(Command::new("sh").args(["-c", text])).unwrap()
    }

    #[test]
    fn summaries_are_added_up() {
        let line = |result: &str, counts: &str| {
            format!("echo 'test result: {result}. {counts} ignored; 0 measured; 0 filtered out; finished in 0.02s';")
        };
        let text = line("ok", "17 passed; 0 failed; 1") + &line("FAILED", "2 passed; 3 failed; 0") + "exit 101";
        assert_eq!(script(&text), Tally { passed: 19, failed: 3, ignored: 1 });
    }

    #[test]
    fn a_crash_without_a_summary_is_one_failure() {
        assert_eq!(script("echo 'running 3 tests'; kill -9 $$"), Tally { failed: 1, ..Tally::default() });
        assert_eq!(script("exit 0"), Tally::default());
    }

    #[test]
    fn other_lines_are_no_summaries() {
        for line in ["", "test a ... ok", "test result: ", "test result: ok. many passed; 0 failed; 0 ignored"] {
            assert_eq!(summary(line), None, "{line}");
        }
    }
}
