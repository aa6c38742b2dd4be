//! One lane's connection: a client of its own, so that its fetches never wait for the other lane's.
//!
//! A client is good for one life of a topic: in the next one librdkafka goes on at the old offset, and where the new
//! leader's epoch is lower than the old one's it never reads again. The lane hands on nothing of a topic whose client
//! has turned to another life; who owns it replaces it by a new one. Lives that a client saw and that were over before
//! they could be read are told; one that came and went unseen by client and discovery alike leaves no trace anywhere.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::ffi::{Client, ClientEvent, ErrorCode, Message, Queue, Topic, TopicKey};
use crate::plan::Life;

/// Topics are numbered by [`crate::places::Places`].
pub(crate) struct LaneReader {
    topics: HashMap<usize, (Topic, Life)>,
    numbers: HashMap<String, usize>,
    keys: HashMap<TopicKey, usize>,
    lives: Lives,
    queue: Queue,
    client: Arc<Client>,
}

/// What became known of topics' identities.
#[derive(Default)]
struct Lives {
    /// All that the client took a topic for, oldest first.
    ids: HashMap<String, Vec<String>>,
    strayed: BTreeSet<usize>,
}

impl LaneReader {
    pub(crate) fn new(client: Arc<Client>) -> Option<Self> {
        let queue = Queue::new(&client)?;
        let (topics, numbers, keys) = (HashMap::new(), HashMap::new(), HashMap::new());
        Some(Self { topics, numbers, keys, lives: Lives::default(), queue, client })
    }

    /// Reads a partition of this life from `offset` on, instead of where it was read before.
    pub(crate) fn start(
        &mut self,
        number: usize,
        name: &str,
        life: &Life,
        partition: i32,
        offset: i64,
    ) -> Result<(), ErrorCode> {
        if let Some((_, known)) = self.topics.get_mut(&number) {
            known.clone_from(life);
        } else {
            // Null only for a name that no topic can have.
            let topic = Topic::new(&self.client, name).ok_or(ErrorCode::UNKNOWN_TOPIC)?;
            self.topics.insert(number, (topic, life.clone()));
            self.numbers.insert(name.to_owned(), number);
        }
        self.lives.hear(&self.client, &self.numbers, &self.topics);
        self.lives.judge(number, name, life);
        self.topics[&number].0.start(partition, offset, &self.queue)
    }

    pub(crate) fn stop(&self, number: usize, partition: i32) {
        if let Some((topic, _)) = self.topics.get(&number) {
            topic.stop(partition);
        }
    }

    /// Whether this lane can read the topic in this life.
    pub(crate) fn fits(&self, number: usize, life: &Life) -> bool {
        !self.lives.strayed.contains(&number)
            && self.topics.get(&number).is_none_or(|(_, known)| known.incarnation == life.incarnation)
    }

    /// Topics of which nothing is handed on any more.
    pub(crate) fn strayed(&self) -> impl Iterator<Item = usize> {
        self.lives.strayed.iter().copied()
    }

    /// The identities that the client took a topic for, oldest first.
    pub(crate) fn ids(&self, name: &str) -> &[String] {
        self.lives.ids.get(name).map_or(&[], Vec::as_slice)
    }

    /// Hands at most `max` messages to `take` with their topic's number, waiting at most `wait` for the first.
    pub(crate) fn receive<'q>(&'q mut self, wait: Duration, max: usize, take: &mut dyn FnMut(usize, Message<'q>)) {
        let Self { topics, numbers, keys, lives, queue, client } = self;
        // Messages come in runs of one topic.
        let mut last = None;
        for message in queue.receive(wait, max) {
            // Told before the first message of another life can be here.
            lives.hear(client, numbers, topics);
            let key = message.topic();
            let number = match last {
                Some((known, number)) if known == key => Some(number),
                _ => number_of(numbers, keys, &message),
            };
            if let Some(number) = number {
                last = Some((key, number));
                if !lives.strayed.contains(&number) {
                    take(number, message);
                }
            }
        }
        lives.hear(client, numbers, topics);
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

impl Lives {
    fn hear(&mut self, client: &Client, numbers: &HashMap<String, usize>, topics: &HashMap<usize, (Topic, Life)>) {
        if !client.lives().told() {
            return;
        }
        for (name, id) in client.lives().take() {
            self.ids.entry(name.clone()).or_default().push(id);
            if let Some((number, (_, life))) = numbers.get(&name).and_then(|at| Some((*at, topics.get(at)?))) {
                self.judge(number, &name, life);
            }
        }
    }

    fn judge(&mut self, number: usize, name: &str, life: &Life) {
        if let Some(ids) = self.ids.get(name)
            && is_stray(ids, life)
        {
            self.strayed.insert(number);
        }
    }
}

/// Whether a client that took a topic for `ids` reads anything but `life`, or has old leaders in mind.
fn is_stray(ids: &[String], life: &Life) -> bool {
    ids.len() > 1 || ids.iter().any(|id| life.id.as_ref().is_some_and(|known| known != id))
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::EmbeddedBroker;

    /// What `ffi::lives` reads is a sentence of librdkafka's log: this fails when it has other words.
    #[test]
    fn a_lane_hears_which_life_its_client_reads() {
        let broker = EmbeddedBroker::start(&[("t", 1)]).unwrap();
        let brokers = broker.bootstrap_servers();
        let client = crate::settings::client("s", &brokers, &Default::default(), 1 << 20).unwrap();
        let mut lane = LaneReader::new(Arc::clone(&client)).unwrap();
        lane.start(7, "t", &Life { id: None, incarnation: 1 }, 0, 0).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while lane.ids("t").is_empty() && Instant::now() < deadline {
            lane.receive(Duration::from_millis(20), 10, &mut |_, _| {});
        }
        let wait = Duration::from_secs(5);
        let node = client.metadata(wait).unwrap().broker;
        let told = client.topic_ids(&["t"], node, wait).unwrap();
        assert_eq!(lane.ids("t"), [told["t"].clone()]);
        assert_eq!(lane.strayed().count(), 0);

        let other = Life { id: Some("other".to_owned()), incarnation: 1 };
        lane.start(7, "t", &other, 0, 0).unwrap();
        assert_eq!(lane.strayed().collect::<Vec<_>>(), [7]);
        assert!(!lane.fits(7, &other));
    }

    #[test]
    fn a_client_is_good_for_one_life_of_a_topic() {
        let life = |id: Option<&str>| Life { id: id.map(str::to_owned), incarnation: 1 };
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert!(!is_stray(&ids(&["a"]), &life(Some("a"))));
        assert!(!is_stray(&ids(&["a"]), &life(None)));
        assert!(is_stray(&ids(&["b"]), &life(Some("a"))));
        assert!(is_stray(&ids(&["a", "b"]), &life(Some("b"))));
        assert!(is_stray(&ids(&["a", "b"]), &life(None)));
    }
}
