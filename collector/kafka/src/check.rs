//! `tapline check`: tries the connection and reads one partition of each topic, without keeping anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_adapter::{Check, Remedy, TapOptions, Trouble};

use crate::ffi::{Client, ErrorCode, TopicMetadata};
use crate::filter::{Filter, Verdict};
use crate::lane::LaneReader;
use crate::outage::Outage;
use crate::plan::Life;
use crate::source::Cluster;
use crate::standing::{nothing, unseen};

const CONNECT: Duration = Duration::from_secs(5);
/// For all topics together.
const READ: Duration = Duration::from_secs(8);
/// More topics than these are not tried one by one.
const TRIED: usize = 200;
/// Enough to hold one answer while nothing is kept.
const QUEUE_BYTES: usize = 4 << 20;
/// Where librdkafka looks up the end.
const END: i64 = -1;

pub(crate) fn check(cluster: &Cluster, options: &TapOptions) -> Vec<Check> {
    let opened = Filter::new(&cluster.name, options).and_then(|filter| Ok((filter, cluster.client(QUEUE_BYTES)?)));
    let (filter, client) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let remedy = Remedy { sentence: error.to_string(), command: None, trouble: Trouble::Configuration };
            return vec![Check { what: "the client's properties".to_owned(), outcome: Err(remedy) }];
        }
    };
    let all = match connect(cluster, &client) {
        Ok(all) => all,
        Err(remedy) => return vec![Check { what: format!("connect to {}", cluster.brokers), outcome: Err(remedy) }],
    };
    let topics: Vec<&TopicMetadata> = all.iter().filter(|topic| filter.verdict(&topic.name) == Verdict::Read).collect();
    let id = client.cluster_id(Duration::ZERO).unwrap_or_else(|| "without an id".to_owned());
    let found = format!("cluster {id}, {} topics can be seen, {} are to be read", all.len(), topics.len());
    let mut checks = vec![Check { what: format!("connect to {}", cluster.brokers), outcome: Ok(found) }];
    checks.extend(seen(cluster, &filter, &all));
    checks.extend(find(cluster, &filter, all.len(), &topics));
    checks.extend(read(cluster, &client, &topics));
    checks
}

fn connect(cluster: &Cluster, client: &Client) -> Result<Vec<TopicMetadata>, Remedy> {
    client.metadata(CONNECT).map(|metadata| metadata.topics).map_err(|code| {
        let sentence = Outage::of(client, code).sentence(cluster);
        Remedy { sentence, command: None, trouble: Trouble::Connection }
    })
}

/// Topics named without a wildcard must be there.
fn seen<'a>(cluster: &'a Cluster, filter: &'a Filter, all: &'a [TopicMetadata]) -> impl Iterator<Item = Check> + 'a {
    let names: BTreeSet<&str> = all.iter().map(|topic| topic.name.as_str()).collect();
    let missing = filter.named().iter().filter(move |name| !names.contains(name.as_str()));
    missing
        .map(|topic| failed(&format!("describe topic `{topic}`"), unseen(cluster, topic), Some(cluster.grant(topic))))
}

/// Nothing to read is a fault; a pattern that waits for its first topic beside others is told.
fn find(cluster: &Cluster, filter: &Filter, seen: usize, read: &[&TopicMetadata]) -> Vec<Check> {
    if let Some(found) = filter.nothing(seen, read.len()) {
        return vec![failed("find topics", nothing(cluster, &found), Some(cluster.grant_beginning(&found.prefixes)))];
    }
    let idle = filter.idle(read.iter().map(|topic| topic.name.as_str()));
    idle.map(|pattern| {
        let grant = cluster.grant_beginning(std::slice::from_ref(&pattern.prefix));
        let told = format!(
            "none is to be read; if one should be, the right to describe it may be missing: `{grant}` grants it"
        );
        Check { what: format!("find topics by `{}`", pattern.text), outcome: Ok(told) }
    })
    .collect()
}

fn read(cluster: &Cluster, client: &Arc<Client>, topics: &[&TopicMetadata]) -> Vec<Check> {
    let tried = &topics[..topics.len().min(TRIED)];
    let outcomes = try_reading(client, tried);
    let mut checks = Vec::new();
    let mut readable = 0;
    for (number, topic) in tried.iter().enumerate() {
        let what = format!("read topic `{}`", topic.name);
        match outcomes.get(&number) {
            Some(None) => readable += 1,
            Some(Some((ErrorCode::TOPIC_DENIED, _))) => {
                let sentence = format!("the right to read topic `{}` is missing", topic.name);
                checks.push(failed(&what, sentence, Some(cluster.grant(&topic.name))));
            }
            Some(Some((_, text))) => checks.push(failed(&what, text.clone(), None)),
            None => {
                let sentence = format!("no answer within {} s: look at the leaders of its partitions", READ.as_secs());
                checks.push(failed(&what, sentence, None));
            }
        }
    }
    if readable > 0 {
        let of =
            if topics.len() > TRIED { format!(" ({} were not tried)", topics.len() - TRIED) } else { String::new() };
        checks.insert(0, Check { what: "read topics".to_owned(), outcome: Ok(format!("{readable} can be read{of}")) });
    }
    checks
}

/// By topic: read, or refused with a reason. Absent: no answer in time.
fn try_reading(client: &Arc<Client>, topics: &[&TopicMetadata]) -> BTreeMap<usize, Option<(ErrorCode, String)>> {
    let mut outcomes = BTreeMap::new();
    let Some(mut lane) = LaneReader::new(Arc::clone(client)) else { return outcomes };
    for (number, topic) in topics.iter().enumerate() {
        let partition = topic.partitions.iter().find(|(_, led)| *led).map(|(partition, _)| *partition);
        if let Some(partition) = partition
            && let Err(code) = lane.start(number, &topic.name, &Life::default(), partition, END)
        {
            outcomes.insert(number, Some((code, code.to_string())));
        }
    }
    let deadline = Instant::now() + READ;
    while outcomes.len() < topics.len() && Instant::now() < deadline {
        lane.receive(Duration::from_millis(100), 100, &mut |number, message| {
            let outcome = match message.error() {
                // An empty answer at the end is as good as a record: both need the right to read.
                None | Some(ErrorCode::END_OF_PARTITION) => None,
                Some(code) if code.is_passing() => return,
                Some(code) => Some((code, message.error_text())),
            };
            outcomes.insert(number, outcome);
        });
    }
    outcomes
}

fn failed(what: &str, sentence: String, command: Option<String>) -> Check {
    Check { what: what.to_owned(), outcome: Err(Remedy { sentence, command, trouble: Trouble::Other }) }
}
