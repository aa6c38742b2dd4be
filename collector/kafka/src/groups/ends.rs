//! Where partitions begin and end: asked in few requests as long as all is well, and without waiting again and again for
//! those that cannot be told, since one of them in a request keeps librdkafka from telling the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_adapter::PartitionEnds;

use super::ANSWER;
use crate::ffi::{Client, LISTED_AT_ONCE, OffsetSpec, Topic};

/// A topic that is not told is looked up again after this.
const AGAIN: Duration = Duration::from_secs(60);

/// Topics that are looked up in one pass.
const LOOKED_UP: usize = 20;

/// Once a pass has taken so long no more is asked: what is left is asked by the next.
const ENOUGH: Duration = Duration::from_secs(20);

/// In this order, or a commit between two of them would look as if it were held back by a transaction.
const SPECS: [OffsetSpec; 3] = [OffsetSpec::Earliest, OffsetSpec::End, OffsetSpec::Latest];

pub(super) type Ends = BTreeMap<(String, i32), PartitionEnds>;

/// What is remembered of partitions that were not told.
#[derive(Default)]
pub(super) struct AskEnds {
    /// Not asked with the others until they are told.
    doubtful: BTreeSet<(String, i32)>,
    /// When topics of these were looked up.
    looked_up: BTreeMap<String, Instant>,
    /// The topic that was looked up last: the next are those behind it.
    last: String,
    /// Where the next pass begins, when this one took too long.
    begin: Option<(String, i32)>,
}

impl AskEnds {
    /// As far as they are told.
    pub(super) fn ask(&mut self, client: &Arc<Client>, of: &[(String, i32)]) -> Ends {
        let until = Instant::now() + ENOUGH;
        let (doubtful, mut usual): (Vec<_>, Vec<_>) =
            of.iter().cloned().partition(|place| self.doubtful.contains(place));
        if let Some(begin) = self.begin.take() {
            let at = usual.partition_point(|place| *place < begin);
            usual.rotate_left(at);
        }
        let mut asked = ask(client, &usual, until);
        self.begin = asked.left.take();
        let mut unknown = asked.untold;
        unknown.extend(doubtful);
        let led = self.look_up(client, &unknown);
        if !led.is_empty() {
            let again = ask(client, &led, Instant::now() + ENOUGH);
            asked.ends.extend(again.ends);
        }
        self.doubtful = unknown.into_iter().filter(|place| !asked.ends.contains_key(place)).collect();
        asked.ends
    }

    /// Those of these that have a leader now. librdkafka goes by what it heard of a topic for a quarter of an hour:
    /// partitions that were added since, and topics made anew, it does not ask for.
    fn look_up(&mut self, client: &Arc<Client>, unknown: &[(String, i32)]) -> Vec<(String, i32)> {
        let topics: BTreeSet<&String> = unknown.iter().map(|(topic, _)| topic).collect();
        self.looked_up.retain(|topic, at| topics.contains(topic) && at.elapsed() < AGAIN);
        let mut due: Vec<&String> = topics.into_iter().filter(|topic| !self.looked_up.contains_key(*topic)).collect();
        let behind = due.partition_point(|topic| **topic <= self.last);
        due.rotate_left(behind);
        due.truncate(LOOKED_UP);
        let mut led = BTreeSet::new();
        for topic in due {
            self.last.clone_from(topic);
            self.looked_up.insert(topic.clone(), Instant::now());
            // What is heard goes into the client's memory.
            let told = Topic::new(client, topic).and_then(|handle| client.metadata_of(&handle, ANSWER).ok());
            let partitions = told.into_iter().flat_map(|told| told.topics).flat_map(|told| told.partitions);
            led.extend(partitions.filter(|(_, led)| *led).map(|(partition, _)| (topic.clone(), partition)));
        }
        unknown.iter().filter(|place| led.contains(place)).cloned().collect()
    }
}

#[derive(Default)]
struct Asked {
    ends: Ends,
    /// Asked for, and not told.
    untold: Vec<(String, i32)>,
    /// The first that was not asked for any more.
    left: Option<(String, i32)>,
}

fn ask(client: &Arc<Client>, of: &[(String, i32)], until: Instant) -> Asked {
    let mut asked = Asked::default();
    for some in of.chunks(LISTED_AT_ONCE) {
        if Instant::now() > until {
            asked.left = some.first().cloned();
            break;
        }
        let ends = ask_some(client, some);
        asked.untold.extend(some.iter().filter(|place| !ends.contains_key(*place)).cloned());
        asked.ends.extend(ends);
    }
    asked
}

/// Those whose end is told.
fn ask_some(client: &Arc<Client>, some: &[(String, i32)]) -> Ends {
    let mut ends = Ends::new();
    for spec in SPECS {
        let Ok(told) = client.list_offsets(some, spec, ANSWER) else { break };
        for (place, offset) in told {
            let it = ends.entry(place).or_default();
            match spec {
                OffsetSpec::Earliest => it.start = offset,
                OffsetSpec::End => it.end = offset,
                OffsetSpec::Latest | OffsetSpec::At(_) => it.stable = offset.min(it.end),
            }
        }
    }
    ends.retain(|_, it| it.end.is_some());
    ends
}
