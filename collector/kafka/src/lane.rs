//! One lane's connection: a client of its own, so that its fetches never wait for the other lane's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::ffi::{Client, ClientEvent, ErrorCode, Message, Queue, Topic, TopicKey};

/// Topics are numbered by [`crate::places::Places`].
pub(crate) struct LaneReader {
    topics: HashMap<usize, Topic>,
    numbers: HashMap<String, usize>,
    keys: HashMap<TopicKey, usize>,
    queue: Queue,
    client: Arc<Client>,
}

impl LaneReader {
    pub(crate) fn new(client: Arc<Client>) -> Option<Self> {
        let queue = Queue::new(&client)?;
        Some(Self { topics: HashMap::new(), numbers: HashMap::new(), keys: HashMap::new(), queue, client })
    }

    /// Reads a partition from `offset` on, instead of where it was read before.
    pub(crate) fn start(&mut self, number: usize, name: &str, partition: i32, offset: i64) -> Result<(), ErrorCode> {
        if !self.topics.contains_key(&number) {
            // Null only for a name that no topic can have.
            let topic = Topic::new(&self.client, name).ok_or(ErrorCode::UNKNOWN_TOPIC)?;
            self.topics.insert(number, topic);
            self.numbers.insert(name.to_owned(), number);
        }
        self.topics[&number].start(partition, offset, &self.queue)
    }

    pub(crate) fn stop(&self, number: usize, partition: i32) {
        if let Some(topic) = self.topics.get(&number) {
            topic.stop(partition);
        }
    }

    /// Hands at most `max` messages to `take` with their topic's number, waiting at most `wait` for the first.
    pub(crate) fn receive(&mut self, wait: Duration, max: usize, take: &mut dyn FnMut(usize, &Message<'_>)) -> usize {
        let Self { queue, numbers, keys, .. } = self;
        // Messages come in runs of one topic.
        let mut last = None;
        queue.receive(wait, max, &mut |message| {
            let key = message.topic();
            let number = match last {
                Some((known, number)) if known == key => Some(number),
                _ => number_of(numbers, keys, &message),
            };
            if let Some(number) = number {
                last = Some((key, number));
                take(number, &message);
            }
        })
    }

    /// Empties what the client reports by itself; used where nobody else listens.
    pub(crate) fn discard_events(&self) {
        while let Some(event) = self.client.next_event(Duration::ZERO) {
            if let ClientEvent::Error { text, .. } = event {
                tracing::debug!(error = text, "backfill client");
            }
        }
    }
}

fn number_of(
    numbers: &HashMap<String, usize>,
    keys: &mut HashMap<TopicKey, usize>,
    message: &Message<'_>,
) -> Option<usize> {
    if let Some(number) = keys.get(&message.topic()) {
        return Some(*number);
    }
    let number = *numbers.get(message.topic_name())?;
    keys.insert(message.topic(), number);
    Some(number)
}
