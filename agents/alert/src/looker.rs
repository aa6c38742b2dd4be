//! The thread that looks at all rules again and again, and writes down what follows before anybody is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_model::time;
use tapline_state::MessageRecord;

use crate::alerts::{Asked, Inner};
use crate::muting::mute;
use crate::observer::Observer;
use crate::question::{Answer, ask};
use crate::rule::{Ask, Rule};
use crate::windows::Windows;

/// Queries are asked no more often: each reads the archive.
const QUERIES: Duration = Duration::from_secs(60);

/// Looks are written down at least so often, so that a restart knows how long nobody looked.
const WRITTEN: i64 = 60_000_000;

/// What was over so long ago is forgotten, microseconds.
const KEPT: i64 = 90 * 86_400 * 1_000_000;

/// Of the processor's time this thread takes no more than one part in so many: rules that take long are asked less often.
const SHARE: u32 = 4;

pub(crate) fn start(inner: &Arc<Inner>, observer: Arc<dyn Observer>) -> std::io::Result<()> {
    let inner = Arc::clone(inner);
    std::thread::Builder::new().name("alert-rules".to_owned()).spawn(move || {
        let mut looker =
            Looker { inner, observer, windows: Windows::default(), queried: HashMap::new(), written_at: 0 };
        looker.run();
    })?;
    Ok(())
}

struct Looker {
    inner: Arc<Inner>,
    observer: Arc<dyn Observer>,
    windows: Windows,
    /// By the rule's name.
    queried: HashMap<String, Queried>,
    /// When a look was written down last, microseconds.
    written_at: i64,
}

/// When a query was asked last, and what it answered.
struct Queried {
    ask: Ask,
    asked: Instant,
    answer: Answer,
}

impl Looker {
    fn run(&mut self) {
        loop {
            let started = Instant::now();
            // A bug in one look must not end all others.
            if catch_unwind(AssertUnwindSafe(|| self.look(time::now()))).is_err() {
                tracing::error!("a look at the rules of alerts failed, which is a bug: the lines above say where");
            }
            let took = started.elapsed();
            if self.waits(self.inner.interval.saturating_sub(took).max(took * (SHARE - 1))) {
                return;
            }
        }
    }

    /// Waits for the next look, and whether there is none.
    fn waits(&self, wait: Duration) -> bool {
        let mut wanted = self.inner.turn.inner.lock();
        if !wanted.stop && !wanted.look {
            self.inner.turn.changed.wait_for(&mut wanted, wait);
        }
        wanted.look = false;
        wanted.stop
    }

    fn look(&mut self, at: i64) {
        let rules = self.inner.rules();
        let asked: Vec<&Rule> = rules.asked().collect();
        let answers = self.answers(&asked, at);
        let messages = self.decide(&asked, &answers, at);
        self.write(messages, at);
        let noted = answers.iter().map(|(rule, answer)| (rule.name.clone(), noted(answer, at)));
        *self.inner.asked.lock() = noted.collect();
    }

    /// What each rule found; queries answer as they did when their time has not come.
    fn answers<'r>(&mut self, rules: &[&'r Rule], at: i64) -> Vec<(&'r Rule, Answer)> {
        let (queries, expressions): (Vec<&Rule>, Vec<&Rule>) =
            rules.iter().partition(|rule| matches!(rule.ask, Ask::Sql(_)));
        let mut answers = ask(&expressions, self.observer.as_ref(), &mut self.windows, at);
        self.queried.retain(|name, _| queries.iter().any(|rule| rule.name == *name));
        for rule in queries {
            let fresh =
                self.queried.get(&rule.name).filter(|known| known.asked.elapsed() < QUERIES && known.ask == rule.ask);
            let answer = match fresh {
                Some(known) => known.answer.clone(),
                None => {
                    let answer = ask(&[rule], self.observer.as_ref(), &mut Windows::default(), at).remove(0).1;
                    let known = Queried { ask: rule.ask.clone(), asked: Instant::now(), answer: answer.clone() };
                    self.queried.insert(rule.name.clone(), known);
                    answer
                }
            };
            answers.push((rule, answer));
        }
        answers
    }

    fn decide(&self, rules: &[&Rule], answers: &[(&Rule, Answer)], at: i64) -> Vec<MessageRecord> {
        let explain = |labels: &tapline_api::Labels| self.observer.explain(labels);
        let silences = self.inner.silences.lock().clone();
        let by_name: BTreeMap<String, &Rule> = rules.iter().map(|rule| (rule.name.clone(), *rule)).collect();
        let mut board = self.inner.board.lock();
        for (rule, answer) in answers {
            board.look(rule, answer, at, &explain);
        }
        board.retain(&by_name.keys().map(String::as_str).collect::<BTreeSet<_>>(), at);
        mute(&mut board, &silences, &self.inner.inhibitions, at);
        self.inner.telling.lock().messages(&mut board, &by_name, &self.inner.channels, at)
    }

    /// First what was decided, then who is told. On a full disk people are told all the same: that it is full, for one.
    fn write(&mut self, messages: Vec<MessageRecord>, at: i64) {
        let mut changes = self.inner.board.lock().changes(at);
        changes.messages.clone_from(&messages);
        let is_empty = changes.alerts.is_empty() && changes.forgotten.is_empty() && messages.is_empty();
        if !is_empty || at - self.written_at >= WRITTEN {
            let written = self.inner.state.save_alerts(&changes).and_then(|()| {
                let hour = |at: i64| at.div_euclid(3_600_000_000);
                if hour(at) == hour(self.written_at) { Ok(()) } else { self.inner.state.forget_alerts(at - KEPT) }
            });
            match written {
                Ok(()) => {
                    self.inner.board.lock().saved();
                    self.written_at = at;
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "alerts are told without being kept");
                }
            }
        }
        self.inner.outbox.add(messages);
        self.inner.outbox.save();
    }
}

fn noted(answer: &Answer, at: i64) -> Asked {
    Asked { at, took: answer.took, problem: answer.problem.clone() }
}
