//! Regular expressions, by the `regex` crate: a search takes time proportional to text and expression, never more.
//!
//! Shapes of answers are those of the interpreter's library, whose definitions (`test`, `match`, `capture`, `scan`,
//! `split`, `sub`, ...) stand on these three.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jaq_core::native::{Filter, Fun, bome, run};
use jaq_core::{Bind, Cv, RunPtr};
use regex::{Captures, Regex, RegexBuilder};

use super::Program;
use crate::meter;
use crate::value::{Error, Val, ValR};

/// Bytes of a compiled expression, and of a text that is searched: their product bounds one search, which cannot be
/// stopped. `\w`, which knows all of Unicode, takes about 20 KiB.
const EXPRESSION: usize = 256 << 10;
const TEXT: usize = 256 << 10;
/// Expressions kept.
const KEPT: usize = 64;
/// To read one, in steps.
const READING: usize = 2_000;
/// A step, in nanoseconds: time is counted where the work is not ours.
const STEP: u128 = 50;

/// Expressions that were read, by text and flags: the same ones meet every event.
#[derive(Debug, Default)]
pub(crate) struct Regexes(Mutex<HashMap<(String, String), Arc<Regex>>>);

pub(super) fn funs() -> impl Iterator<Item = Fun<Program>> {
    let two = || [Bind::Var(()), Bind::Var(())].into();
    let all: [Filter<RunPtr<Program>>; 3] = [
        ("matches", two(), |cv| bome(search(cv, false, true))),
        ("split_matches", two(), |cv| bome(search(cv, true, true))),
        ("split_", two(), |cv| bome(search(cv, true, false))),
    ];
    all.into_iter().map(run::<Program>)
}

/// What stands between matches, the matches, or both in turn.
fn search(mut cv: Cv<'_, Program>, between: bool, matches: bool) -> ValR {
    let (flags, expression) = (cv.0.pop_var(), cv.0.pop_var());
    let (flags, text) = (flags.text()?, cv.1.text()?);
    if text.len() > TEXT {
        let told = format_args!("a text of {} bytes is too long to be searched by an expression", text.len());
        return Err(Error::str(told));
    }
    let regex = cv.0.data().regexes.get(expression.text()?, flags)?;
    let (global, skip_empty) = (flags.contains('g'), flags.contains('n'));
    let (mut out, mut end) = (Vec::new(), 0);
    let mut letters = Letters { text, at: 0, letters: 0 };
    let mut found = regex.captures_iter(text);
    while let Some(captures) = timed(|| found.next()) {
        let Some(whole) = captures.get(0) else { continue };
        if skip_empty && whole.is_empty() {
            continue;
        }
        if between {
            out.push(Val::str(&text[end..whole.start()]));
            end = whole.end();
        }
        if matches {
            out.push(groups(&regex, &captures, &mut letters));
        }
        if !global {
            break;
        }
    }
    if between {
        out.push(Val::str(&text[end..]));
    }
    Ok(Val::arr(out))
}

fn timed<T>(work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let done = work();
    meter::steps(usize::try_from(begin.elapsed().as_nanos() / STEP).unwrap_or(usize::MAX).max(1));
    done
}

/// One object for the whole match and for each group that took part.
fn groups(regex: &Regex, captures: &Captures<'_>, letters: &mut Letters<'_>) -> Val {
    let begin = captures.get(0).map_or(0, |whole| whole.start());
    let before = letters.before(begin);
    let named = captures.iter().zip(regex.capture_names());
    Val::arr(named.filter_map(|(group, name)| {
        let group = group?;
        // Groups stand within the match.
        let offset = before + letters.text.get(begin..group.start()).unwrap_or_default().chars().count();
        let facts = [
            ("offset", Val::from(offset)),
            ("length", Val::from(group.as_str().chars().count())),
            ("string", Val::str(group.as_str())),
        ];
        let name = name.map(|name| ("name", Val::str(name)));
        Some(Val::obj(facts.into_iter().chain(name).map(|(fact, value)| (fact.as_bytes().into(), value))))
    }))
}

/// Counts letters up to places that come one after the other.
struct Letters<'t> {
    text: &'t str,
    at: usize,
    letters: usize,
}

impl Letters<'_> {
    fn before(&mut self, at: usize) -> usize {
        self.letters += self.text.get(self.at..at).unwrap_or_default().chars().count();
        self.at = at;
        self.letters
    }
}

impl Regexes {
    fn get(&self, expression: &str, flags: &str) -> ValR<Arc<Regex>> {
        let key = (expression.to_owned(), flags.to_owned());
        if let Some(known) = self.lock().get(&key) {
            return Ok(Arc::clone(known));
        }
        meter::steps(READING);
        let regex = Arc::new(timed(|| read(expression, flags)).map_err(Error::str)?);
        let mut kept = self.lock();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, Arc::clone(&regex));
        Ok(regex)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Arc<Regex>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(expression: &str, flags: &str) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(expression);
    builder.size_limit(EXPRESSION).dfa_size_limit(EXPRESSION);
    for flag in flags.chars() {
        match flag {
            'g' | 'n' => &mut builder,
            'i' => builder.case_insensitive(true),
            'm' => builder.multi_line(true),
            's' => builder.dot_matches_new_line(true),
            'p' => builder.multi_line(true).dot_matches_new_line(true),
            'l' => builder.swap_greed(true),
            'x' => builder.ignore_whitespace(true),
            other => return Err(format!("`{other}` is no flag of an expression; there are g, n, i, m, s, p, l and x")),
        };
    }
    builder.build().map_err(|error| error.to_string())
}
