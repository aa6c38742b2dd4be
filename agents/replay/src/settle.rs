//! Items that may be on the target: they were about to be sent, and no confirmation was written down.
//!
//! It is looked: each carries its replay and its number in a header. What is found is confirmed. What is not found is
//! sent again, but only once nothing can arrive late any more: a request of a process that was killed may still be in
//! the broker's hands. What cannot be looked at any more is uncertain, and nobody sends it again unasked.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use tapline_adapter::{AdapterError, Ended, OffsetRange, RawRecord, ReadLimits, RecordSink};

use crate::error::ReplayError;
use crate::headers::item_of;
use crate::journal::Floors;
use crate::run::Job;

const LIMITS: ReadLimits = ReadLimits { wait: Duration::from_secs(300), bytes: 8 << 30 };

/// Between two looks whether somebody wants it to stop.
const BREATH: Duration = Duration::from_millis(20);

/// A partition of a target: index of its stand, and number.
type Place = (u32, i32);

/// Finds out about every item that may be on the target. Blocks until all is known, or `stop` says so.
///
/// Whoever calls has no publisher any more: from its begin on nothing is sent, and what was sent may arrive for
/// `options.settle`.
pub(crate) fn settle(job: &Job, stop: &dyn Fn() -> bool) -> Result<(), ReplayError> {
    let begun = Instant::now();
    loop {
        let (doubtful, floors) = job.live.doubtful();
        if doubtful.is_empty() {
            return Ok(());
        }
        // Asked before looking: what arrives while it is looked would be missed.
        let late = begun.elapsed() >= job.options.settle;
        let mut found = Found::default();
        let looked = look(job, &doubtful, &floors, &mut found);
        // What was found is known, whatever else could not be looked at.
        let here = doubtful.iter().filter_map(|item| Some((*item, *found.here.get(item)?)));
        job.live.confirmed(here.collect())?;
        for (item, why) in &found.unknowable {
            job.live.uncertain(*item, why)?;
        }
        looked?;
        if late {
            let known = |item: &u32| found.here.contains_key(item) || found.unknowable.contains_key(item);
            return job.live.back(doubtful.into_iter().filter(|item| !known(item)).collect());
        }
        while begun.elapsed() < job.options.settle {
            if stop() {
                return Ok(());
            }
            std::thread::sleep(BREATH);
        }
    }
}

/// What was found out about items.
#[derive(Debug, Default)]
struct Found {
    /// Offsets by item.
    here: HashMap<u32, i64>,
    /// Why nobody can know.
    unknowable: HashMap<u32, String>,
}

fn look(job: &Job, doubtful: &[u32], floors: &Floors, found: &mut Found) -> Result<(), ReplayError> {
    let items = &job.live.items;
    let mut places = BTreeMap::<Place, Vec<u32>>::new();
    for number in doubtful {
        let item = &items.items[*number as usize];
        places.entry((item.to, item.to_partition)).or_default().push(*number);
    }
    let stands: HashSet<u32> = places.keys().map(|(stand, _)| *stand).collect();
    for stand in stands {
        let of = places.iter().filter(|((at, _), _)| *at == stand).map(|((_, partition), items)| (*partition, items));
        look_at(job, stand, &of.collect::<Vec<_>>(), floors, found)?;
    }
    Ok(())
}

fn look_at(
    job: &Job,
    stand: u32,
    partitions: &[(i32, &Vec<u32>)],
    floors: &Floors,
    found: &mut Found,
) -> Result<(), ReplayError> {
    let target = &job.live.items.stands[stand as usize];
    let source = job.source(&target.source)?;
    let name = &target.destination;
    let gone = |found: &mut Found, items: &[u32], what: String| {
        let why = format!("no answer came when it was sent, and {what}: whether it was there cannot be seen");
        found.unknowable.extend(items.iter().map(|item| (*item, why.clone())));
    };
    let facts = match source.destination(name) {
        Ok(facts) => facts,
        Err(AdapterError::UnknownDestination { .. }) => {
            for (_, items) in partitions {
                gone(found, items, format!("`{name}` is not there any more"));
            }
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let planned = job.identities.get(&stand).and_then(Option::as_ref);
    let anew = planned.zip(facts.id.as_ref()).is_some_and(|(planned, now)| planned != now);
    let mut ranges = Vec::new();
    for (partition, items) in partitions {
        let floor = floors.get(&(stand, *partition)).copied().unwrap_or(0);
        match facts.partitions.iter().find(|known| known.partition == *partition).map(|known| known.end) {
            _ if anew => gone(found, items, format!("`{name}` was deleted and made anew since")),
            None => gone(found, items, format!("`{name}` has no partition {partition} any more")),
            Some(None) => {
                let what = format!("no broker leads partition {partition} of `{name}`; resume once one does");
                return Err(ReplayError::Nothing(what));
            }
            Some(Some(end)) if end < floor => {
                gone(found, items, format!("partition {partition} of `{name}` is shorter than it was"));
            }
            Some(Some(end)) if end == floor => {}
            Some(Some(end)) => ranges.push(range(job, stand, *partition, floor, end)),
        }
    }
    let mut sink = Seen { token: &job.token, items: &mut found.here };
    let reads = source.read(&ranges, LIMITS, &mut sink)?;
    for (range, read) in ranges.iter().zip(reads) {
        let waiting = partitions.iter().find(|(partition, _)| *partition == range.partition);
        let missing = waiting.into_iter().flat_map(|(_, items)| items.iter());
        let missing: Vec<u32> = missing.filter(|item| !found.here.contains_key(item)).copied().collect();
        let partition = range.partition;
        match read.ended {
            Ended::Whole => {}
            Ended::Expired(start) => {
                gone(found, &missing, format!("partition {partition} of `{name}` begins at offset {start} by now"));
            }
            Ended::Replaced => gone(found, &missing, format!("`{name}` was deleted and made anew since")),
            Ended::Cut => {
                let text = "looking for events that may have been sent took too long; resume to look again";
                return Err(ReplayError::Nothing(text.to_owned()));
            }
            Ended::Failed(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn range(job: &Job, stand: u32, partition: i32, from: i64, to: i64) -> OffsetRange {
    let target = &job.live.items.stands[stand as usize];
    OffsetRange {
        destination: target.destination.clone(),
        destination_id: job.identities.get(&stand).cloned().flatten(),
        incarnation: target.incarnation,
        partition,
        from,
        to,
    }
}

/// Takes the items of a replay out of what stands on its target.
struct Seen<'a> {
    token: &'a str,
    items: &'a mut HashMap<u32, i64>,
}

impl RecordSink for Seen<'_> {
    fn record(&mut self, record: &RawRecord<'_>) {
        if let (Some(item), Some(offset)) = (item_of(record.headers, self.token), record.offset) {
            // The first one: a later one is a copy that somebody else made.
            self.items.entry(item).or_insert(offset);
        }
    }
}
