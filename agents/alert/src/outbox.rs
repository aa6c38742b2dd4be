//! Messages that wait to be sent, channel by channel, in the order in which they were decided.
//!
//! They are written down before anybody here sees them, so that a process that is killed sends them after its next start.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rand::Rng;
use serde_json::Value;
use tapline_model::time;
use tapline_state::{MessageRecord, MessageState, State};

use crate::channel::NotTaken;

/// Pauses after each attempt, seconds; the last one again and again.
const PAUSES: [i64; 9] = [5, 10, 30, 60, 120, 300, 600, 1_200, 1_800];

/// Microseconds until nobody wants to know any more.
const LONGEST: i64 = 3 * 86_400 * 1_000_000;

/// Messages that wait for one channel; the oldest are given up.
const MOST: usize = 1_000;

/// How a channel does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// When it took a message last, microseconds.
    pub(crate) taken_at: Option<i64>,
    /// What it answered last when it took none.
    pub(crate) problem: Option<String>,
    pub(crate) waiting: usize,
    /// Messages it never took.
    pub(crate) given_up: u32,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<MessageRecord>,
    taken_at: Option<i64>,
    problem: Option<String>,
    given_up: u32,
}

#[derive(Debug, Default)]
struct Inner {
    queues: BTreeMap<String, Queue>,
    /// Told or given up, and not written down as such.
    unsaved: Vec<MessageRecord>,
    stopped: bool,
}

/// What a courier does next.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    Send(MessageRecord),
    /// Nothing came for as long as it waits.
    Idle,
    Stop,
}

/// All messages of one node.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: State,
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl Outbox {
    /// With what was decided before and not sent.
    pub(crate) fn new(state: State, channels: &[String]) -> Result<Self, tapline_state::StateError> {
        let mut inner = Inner::default();
        let week = time::now() - 7 * 86_400 * 1_000_000;
        for name in channels {
            inner.queues.insert(name.clone(), Queue::default());
        }
        for facts in state.channel_facts(week)? {
            if let Some(queue) = inner.queues.get_mut(&facts.channel) {
                (queue.taken_at, queue.given_up) = (facts.taken_at, facts.given_up);
            }
        }
        for message in state.waiting_messages()? {
            match inner.queues.get_mut(&message.channel) {
                Some(queue) => queue.waiting.push_back(message),
                None => inner.unsaved.push(given_up(message, "its channel is not configured any more")),
            }
        }
        Ok(Self { state, inner: Mutex::new(inner), changed: Condvar::new() })
    }

    /// Takes what was decided and written down.
    pub(crate) fn add(&self, messages: Vec<MessageRecord>) {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        for message in messages {
            let Some(queue) = inner.queues.get_mut(&message.channel) else { continue };
            queue.waiting.push_back(message);
            if queue.waiting.len() > MOST {
                // The first may be on its way.
                let oldest = queue.waiting.remove(1).map(|it| given_up(it, "too many messages wait"));
                queue.given_up += 1;
                inner.unsaved.extend(oldest);
            }
        }
        self.changed.notify_all();
    }

    /// Waits for a channel's next message, so long at most.
    pub(crate) fn next(&self, channel: &str, patience: Duration) -> Next {
        // By a clock that nobody sets: renewals must go on.
        let until = Instant::now() + patience;
        let mut inner = self.inner.lock();
        loop {
            if inner.stopped {
                return Next::Stop;
            }
            let now = time::now();
            let first = inner.queues.get(channel).and_then(|queue| queue.waiting.front());
            match first {
                Some(message) if message.due_at <= now => return Next::Send(message.clone()),
                _ if Instant::now() >= until => return Next::Idle,
                first => {
                    let due = first.map_or(patience, |message| {
                        Duration::from_micros(u64::try_from(message.due_at - now).unwrap_or(0))
                    });
                    let wait = due.min(until.saturating_duration_since(Instant::now()));
                    self.changed.wait_for(&mut inner, wait);
                }
            }
        }
    }

    /// How the sending of a channel's first message went.
    pub(crate) fn sent(&self, message: MessageRecord, outcome: Result<String, NotTaken>, now: i64) {
        let channel = message.channel.clone();
        let message = after(message, outcome, now, rand::rng().random_range(0.8..1.2));
        let mut inner = self.inner.lock();
        if let Some(queue) = inner.queues.get_mut(&channel) {
            queue.problem.clone_from(&message.answer);
            let place = queue.waiting.iter().position(|waiting| waiting.id == message.id);
            match (message.state, place) {
                (MessageState::Waiting, Some(place)) => queue.waiting[place] = message.clone(),
                (_, Some(place)) => drop(queue.waiting.remove(place)),
                (_, None) => {}
            }
            match message.state {
                MessageState::Waiting => {}
                MessageState::Taken => queue.taken_at = Some(now),
                MessageState::GivenUp => queue.given_up += 1,
            }
        }
        inner.unsaved.push(message);
        drop(inner);
        self.save();
    }

    /// How a renewal of what fires went, which is not written down.
    pub(crate) fn renewed(&self, channel: &str, outcome: Result<String, NotTaken>, now: i64) {
        if let Some(queue) = self.inner.lock().queues.get_mut(channel) {
            match outcome {
                Ok(_) => (queue.taken_at, queue.problem) = (Some(now), None),
                Err(fault) => queue.problem = Some(fault.answer),
            }
        }
    }

    /// Writes down how messages went; what fails is tried again the next time.
    pub(crate) fn save(&self) {
        let unsaved = std::mem::take(&mut self.inner.lock().unsaved);
        for (at, message) in unsaved.iter().enumerate() {
            if let Err(error) = self.state.save_message(message) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what was told of alerts is written down later"
                );
                // Before what came meanwhile, or an older state would be written over a newer one.
                self.inner.lock().unsaved.splice(..0, unsaved[at..].iter().cloned());
                return;
            }
        }
    }

    /// Whether a message is still to be sent.
    pub(crate) fn waits(&self, message: &MessageRecord) -> bool {
        let inner = self.inner.lock();
        inner.queues.get(&message.channel).is_some_and(|queue| queue.waiting.iter().any(|it| it.id == message.id))
    }

    pub(crate) fn health(&self, channel: &str) -> Health {
        let inner = self.inner.lock();
        let Some(queue) = inner.queues.get(channel) else { return Health::default() };
        Health {
            taken_at: queue.taken_at,
            problem: queue.problem.clone(),
            waiting: queue.waiting.len(),
            given_up: queue.given_up,
        }
    }

    pub(crate) fn stop(&self) {
        self.inner.lock().stopped = true;
        self.changed.notify_all();
    }
}

fn given_up(message: MessageRecord, why: &str) -> MessageRecord {
    let (answer, done_at) = (Some(why.to_owned()), Some(time::now()));
    MessageRecord { state: MessageState::GivenUp, answer, done_at, ..message }
}

/// A message after it was sent once. `jitter` keeps many from coming back at one moment.
fn after(mut message: MessageRecord, outcome: Result<String, NotTaken>, now: i64, jitter: f64) -> MessageRecord {
    message.attempts += 1;
    let fault = match outcome {
        Ok(_) => {
            (message.state, message.answer, message.done_at) = (MessageState::Taken, None, Some(now));
            message.told = Value::Array(Vec::new());
            return message;
        }
        Err(fault) => fault,
    };
    message.answer = Some(fault.answer);
    let step = usize::try_from(message.attempts - 1).unwrap_or(usize::MAX).min(PAUSES.len() - 1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "half an hour at most")]
    let pause = (PAUSES[step] as f64 * 1e6 * jitter) as i64;
    match fault.again {
        Some(asked) if now - message.made_at < LONGEST => {
            let asked = asked.map_or(0, |asked| i64::try_from(asked.as_micros()).unwrap_or(0));
            message.due_at = now + pause.max(asked);
        }
        _ => (message.state, message.done_at) = (MessageState::GivenUp, Some(now)),
    }
    message
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn later(after: Option<u64>) -> Result<String, NotTaken> {
        Err(NotTaken { answer: "503".to_owned(), again: Some(after.map(Duration::from_secs)) })
    }

    fn never() -> Result<String, NotTaken> {
        Err(NotTaken { answer: "400: bad".to_owned(), again: None })
    }

    fn message(id: &str, at: i64) -> MessageRecord {
        MessageRecord::new(id, "oncall", json!([]), at)
    }

    #[test]
    fn what_is_not_taken_is_sent_again_later_and_later_until_nobody_wants_to_know() {
        let mut due = Vec::new();
        let (mut it, mut now) = (message("m", 0), 0);
        while it.state == MessageState::Waiting {
            it = after(it, later(None), now, 1.0);
            due.push((it.due_at - now) / 1_000_000);
            now = it.due_at;
        }
        assert_eq!(due[..10], [5, 10, 30, 60, 120, 300, 600, 1_200, 1_800, 1_800]);
        assert_eq!((it.state, it.answer.as_deref()), (MessageState::GivenUp, Some("503")));
        assert!((LONGEST..LONGEST + 2_000_000_000).contains(&now));
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it_and_one_that_refuses_is_not_asked_again() {
        assert_eq!(after(message("m", 0), later(Some(120)), 0, 1.0).due_at, 120_000_000);
        assert_eq!(after(message("m", 0), later(Some(1)), 0, 1.0).due_at, 5_000_000);
        assert_eq!(after(message("m", 0), never(), 7, 1.0).state, MessageState::GivenUp);
        let taken = after(message("m", 0), Ok("ok".to_owned()), 7, 1.0);
        assert_eq!((taken.state, taken.done_at), (MessageState::Taken, Some(7)));
    }

    #[test]
    fn messages_of_a_process_that_was_killed_are_sent_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let channels = ["oncall".to_owned()];
        let now = time::now();
        let changes = tapline_state::AlertChanges {
            messages: vec![
                message("a", now - 2),
                message("b", now - 1),
                MessageRecord::new("c", "gone", json!([]), now),
            ],
            ..Default::default()
        };
        state.save_alerts(&changes).unwrap();
        let outbox = Outbox::new(state.clone(), &channels).unwrap();
        assert_eq!(outbox.health("oncall").waiting, 2);
        let Next::Send(first) = outbox.next("oncall", Duration::ZERO) else { panic!("nothing waits") };
        assert_eq!(first.id, "a");
        outbox.sent(first, Ok(String::new()), now);
        let Next::Send(second) = outbox.next("oncall", Duration::ZERO) else { panic!("nothing waits") };
        outbox.sent(second, later(None), now);
        assert_eq!(outbox.next("oncall", Duration::ZERO), Next::Idle, "it is not due yet");
        let health = outbox.health("oncall");
        assert_eq!((health.waiting, health.problem.as_deref(), health.taken_at), (1, Some("503"), Some(now)));
        drop(outbox);
        let waiting: Vec<(String, u32)> =
            state.waiting_messages().unwrap().into_iter().map(|it| (it.id, it.attempts)).collect();
        assert_eq!(waiting, [("b".to_owned(), 1)], "what went to a channel that is gone is given up");
    }

    #[test]
    fn a_flood_does_not_take_away_what_is_on_its_way() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(State::open(folder.path()).unwrap(), &["oncall".to_owned()]).unwrap();
        let now = time::now();
        outbox.add((0..MOST).map(|n| message(&format!("m{n}"), now - 1)).collect());
        let Next::Send(first) = outbox.next("oncall", Duration::ZERO) else { panic!("nothing waits") };
        outbox.add(vec![message("late", now)]);
        outbox.sent(first, Ok(String::new()), now);
        let health = outbox.health("oncall");
        assert_eq!((health.waiting, health.given_up), (MOST - 1, 1));
        let Next::Send(second) = outbox.next("oncall", Duration::ZERO) else { panic!("nothing waits") };
        assert_eq!(second.id, "m2", "the first was sent, the second was the oldest of those that wait");
    }
}
