//! The thread that asks the rules that are queries, one after the other: a slow one delays other queries, and nothing else.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tapline_model::time;

use crate::alerts::Inner;
use crate::observer::Observer;
use crate::question::{Answer, ask};
use crate::rule::{Ask, Rule};
use crate::windows::Windows;

/// Each is asked no more often: it reads the archive.
const AGAIN: Duration = Duration::from_secs(60);

/// Between two looks at what is to be asked.
const PAUSE: Duration = Duration::from_secs(1);

/// What queries answered last, by the name of their rule.
#[derive(Clone, Default)]
pub(crate) struct Queried(Arc<Mutex<HashMap<String, Known>>>);

#[derive(Clone)]
struct Known {
    ask: Ask,
    asked: Instant,
    answer: Answer,
}

impl Queried {
    /// What a query answered last; that nobody knows, before the first time.
    pub(crate) fn answer(&self, rule: &Rule) -> Answer {
        let known = self.0.lock().get(&rule.name).filter(|known| known.ask == rule.ask).cloned();
        let unasked = || Answer { held: Some("it was not asked yet".to_owned()), ..Answer::default() };
        known.map_or_else(unasked, |known| known.answer)
    }

    fn is_due(&self, rule: &Rule) -> bool {
        let known = self.0.lock();
        known.get(&rule.name).is_none_or(|known| known.ask != rule.ask || known.asked.elapsed() >= AGAIN)
    }

    fn put(&self, rule: &Rule, answer: Answer) {
        let known = Known { ask: rule.ask.clone(), asked: Instant::now(), answer };
        self.0.lock().insert(rule.name.clone(), known);
    }
}

pub(crate) fn start(inner: &Arc<Inner>, observer: Arc<dyn Observer>) -> std::io::Result<Queried> {
    let (inner, queried) = (Arc::clone(inner), Queried::default());
    let answers = queried.clone();
    std::thread::Builder::new().name("alert-queries".to_owned()).spawn(move || {
        while !inner.turn.is_over(PAUSE) {
            // A bug in one query must not end all others.
            if catch_unwind(AssertUnwindSafe(|| look(&inner, observer.as_ref(), &answers))).is_err() {
                tracing::error!("a query of an alert failed, which is a bug: the lines above say where");
            }
        }
    })?;
    Ok(queried)
}

fn look(inner: &Inner, observer: &dyn Observer, answers: &Queried) {
    let rules = inner.rules();
    let queries: Vec<&Rule> = rules.asked().filter(|rule| matches!(rule.ask, Ask::Sql(_))).collect();
    answers.0.lock().retain(|name, _| queries.iter().any(|rule| rule.name == *name));
    for rule in queries.into_iter().filter(|rule| answers.is_due(rule)) {
        if inner.turn.is_over(Duration::ZERO) {
            return;
        }
        let asked = ask(&[rule], observer, &mut Windows::default(), time::now()).into_iter().next();
        answers.put(rule, asked.map(|(_, answer)| answer).unwrap_or_default());
        inner.look_now();
    }
}
