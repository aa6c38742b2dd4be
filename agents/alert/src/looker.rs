//! The thread that looks at all rules again and again, and writes down what follows before anybody is told.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_model::time;
use tapline_state::MessageRecord;

use crate::alerts::{Asked, Inner};
use crate::muting::mute;
use crate::observer::Observer;
use crate::querier::{self, Queried};
use crate::question::{Answer, ask};
use crate::rule::{Ask, Rule};
use crate::windows::Windows;

/// Looks are written down at least so often, so that a restart knows how long nobody looked.
const WRITTEN: i64 = 60_000_000;

/// What was over so long ago is forgotten, microseconds.
const KEPT: i64 = 90 * 86_400 * 1_000_000;

/// Of the processor's time this thread takes no more than one part in so many: rules that take long are asked less often.
const SHARE: u32 = 4;

pub(crate) fn start(inner: &Arc<Inner>, observer: Arc<dyn Observer>) -> std::io::Result<()> {
    let (inner, queried) = (Arc::clone(inner), querier::start(inner, Arc::clone(&observer))?);
    std::thread::Builder::new().name("alert-rules".to_owned()).spawn(move || {
        let mut looker =
            Looker { inner, observer, windows: Windows::default(), queried, written_at: 0, unwritten: Vec::new() };
        looker.run();
    })?;
    Ok(())
}

struct Looker {
    inner: Arc<Inner>,
    observer: Arc<dyn Observer>,
    windows: Windows,
    queried: Queried,
    /// When a look was written down last, microseconds.
    written_at: i64,
    /// Messages that were decided and could not be written down.
    unwritten: Vec<MessageRecord>,
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
        // What was asked while everything ended is not to be believed.
        if self.inner.turn.inner.lock().stop {
            return;
        }
        let messages = self.decide(&asked, &answers, at);
        self.write(messages, at);
        let noted = answers.iter().map(|(rule, answer)| (rule.name.clone(), noted(answer, at)));
        *self.inner.asked.lock() = noted.collect();
    }

    /// What each rule found; queries answer as they did when they were asked last.
    fn answers<'r>(&mut self, rules: &[&'r Rule], at: i64) -> Vec<(&'r Rule, Answer)> {
        let (queries, expressions): (Vec<&Rule>, Vec<&Rule>) =
            rules.iter().partition(|rule| matches!(rule.ask, Ask::Sql(_)));
        let mut answers = ask(&expressions, self.observer.as_ref(), &mut self.windows, at);
        answers.extend(queries.into_iter().map(|rule| (rule, self.queried.answer(rule))));
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
        // What cannot be asked is not over.
        let there = self.inner.rules();
        let there = there.0.iter().filter(|(_, entry)| entry.written.enabled).map(|(name, _)| name.as_str());
        board.retain(&there.collect::<BTreeSet<_>>(), at);
        mute(&mut board, &silences, &self.inner.inhibitions, at);
        self.inner.telling.lock().messages(&mut board, &by_name, &self.inner.channels, at)
    }

    /// First what was decided, then who is told. On a full disk people are told all the same: that it is full, for one.
    fn write(&mut self, messages: Vec<MessageRecord>, at: i64) {
        let mut changes = self.inner.board.lock().changes(at);
        // Those that could not be written down before, unless they were sent meanwhile.
        self.unwritten.retain(|message| self.inner.outbox.waits(message));
        changes.messages = self.unwritten.iter().chain(&messages).cloned().collect();
        let is_empty = changes.alerts.is_empty() && changes.forgotten.is_empty() && messages.is_empty();
        if !is_empty || at - self.written_at >= WRITTEN {
            let written = self.inner.state.save_alerts(&changes).and_then(|()| {
                let hour = |at: i64| at.div_euclid(3_600_000_000);
                if hour(at) == hour(self.written_at) { Ok(()) } else { self.inner.state.forget_alerts(at - KEPT) }
            });
            match written {
                Ok(()) => {
                    self.inner.board.lock().saved();
                    self.unwritten.clear();
                    self.written_at = at;
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "alerts are told without being kept");
                    self.unwritten.extend(messages.iter().cloned());
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
