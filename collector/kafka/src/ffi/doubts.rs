//! Partitions of which librdkafka's word "not persisted" cannot be relied on.
//!
//! A leader that loses its office answers NOT_LEADER_OR_FOLLOWER also to what it has already appended and was still
//! replicating (Kafka's `DelayedProduce`). librdkafka takes that for "not written" (`rd_kafka_handle_Produce_error`) and
//! sends it again, which the broker recognises by its sequence number; but a record that is given up before that is
//! reported as not persisted, though it may stand there. That such an answer came is said only in the log
//! (`rd_kafka_toppar_leader_unavailable`). A test with the embedded broker fails if a newer librdkafka uses other words.

use std::collections::BTreeSet;

use parking_lot::Mutex;

/// What a producer's log told of refused batches.
#[derive(Debug, Default)]
pub(crate) struct Doubts(Mutex<BTreeSet<(String, i32)>>);

impl Doubts {
    /// Whether a broker ever refused a batch of this partition in a way that may follow after it was appended.
    pub(crate) fn about(&self, topic: &str, partition: i32) -> bool {
        let doubts = self.0.lock();
        !doubts.is_empty() && doubts.contains(&(topic.to_owned(), partition))
    }

    pub(super) fn hear(&self, line: &str) {
        if let Some((topic, partition)) = refused(line) {
            self.0.lock().insert((topic.to_owned(), partition));
        }
    }
}

/// Topic and partition, if a line of the log tells that a broker, not the client, refused a batch.
fn refused(line: &str) -> Option<(&str, i32)> {
    let (place, reason) = line.split_once(": broker unavailable: ")?;
    reason.strip_prefix("produce: Broker: ")?;
    let (topic, partition) = place.strip_suffix(']')?.rsplit_once(" [")?;
    // A thread's name stands before it.
    let topic = topic.rsplit(' ').next()?;
    Some((topic, partition.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_a_broker_is_told_from_a_lost_connection() {
        let doubts = Doubts::default();
        doubts.hear("[thrd:127.0.0.1:1/1]: a.b [3]: broker unavailable: produce: Local: Broker transport failure");
        doubts.hear("[thrd:127.0.0.1:1/1]: a.b [4]: broker unavailable: fetch: Broker: Not leader for partition");
        assert!(!doubts.about("a.b", 3) && !doubts.about("a.b", 4));
        doubts.hear("[thrd:127.0.0.1:1/1]: a.b [3]: broker unavailable: produce: Broker: Not leader for partition");
        assert!(doubts.about("a.b", 3) && !doubts.about("a.b", 4) && !doubts.about("b", 3));
    }
}
