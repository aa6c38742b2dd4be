//! Planning: from events that were chosen to items with places, and to what somebody has to know before they are sent.
//!
//! Nothing here writes to a broker. What was planned is examined once more when it starts ([`examine`]).

pub(crate) mod count;
mod destination;
pub(crate) mod examine;
mod guards;
mod newer;
pub(crate) mod pointers;
pub(crate) mod rows;
pub(crate) mod targets;

use std::collections::{HashMap, HashSet};

use tapline_api::{Level, PlanWarning, ReplayRequest, Timestamps};
use tapline_archive::{Hit, View};
use tapline_model::time;

use crate::error::ReplayError;
use crate::item::{Item, Items, Numbers, Stand};
use crate::options::{ReplayOptions, Sources};
use crate::read::Archives;
use pointers::{Life, Lives};
use rows::{Body, Draft};
use targets::{Chosen, Described, Place, Target};

/// Addresses that stand behind a warning, at most.
pub(crate) const SHOWN: usize = 100;

/// Events that somebody chose.
#[derive(Debug, Default)]
pub struct Selected {
    /// Where they stand in `view`.
    pub hits: Vec<Hit>,
    /// In words.
    pub chosen_by: String,
    /// The query that chooses them, where there is one.
    pub sql: Option<String>,
    /// The cause whose dead letters they are.
    pub fingerprint: Option<String>,
    /// How many were asked for and are not in the archive.
    pub missing: usize,
}

/// What a plan is made of.
pub(crate) struct Planning<'a> {
    pub(crate) archives: &'a Archives,
    pub(crate) sources: &'a Sources,
    pub(crate) options: &'a ReplayOptions,
    pub(crate) stop: &'a dyn Fn() -> bool,
}

/// Events that became items.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) items: Items,
    pub(crate) targets: Vec<Target>,
    /// What has to be known of the choice itself.
    pub(crate) warnings: Vec<PlanWarning>,
    /// How partitions were chosen.
    pub(crate) partitioner: String,
}

impl Planning<'_> {
    /// Makes items of what was chosen, in the order of sending.
    pub(crate) fn choose(
        &self,
        view: &View,
        request: &ReplayRequest,
        selected: &Selected,
    ) -> Result<Drawn, ReplayError> {
        if selected.hits.len() > self.options.most_items {
            return Err(ReplayError::TooMany { items: selected.hits.len(), most: self.options.most_items });
        }
        let (lives, mut numbers) = (self.lives(), Numbers::default());
        let (mut drafts, without) = self.drafts(view, &selected.hits, &lives, &mut numbers)?;
        let stands = numbers.clone_stands();
        let words = numbers.clone_words();
        let mut left = LeftOut::default();
        left.missing(selected.missing);
        left.count("without_offset", without);
        self.leave_out(&mut drafts, request, &stands, &mut left)?;
        aim(&mut drafts, request, &lives, &stands, &words, &mut numbers, &mut left);
        if drafts.is_empty() {
            return Err(ReplayError::Nothing(left.nothing()));
        }
        let stands = numbers.clone_stands();
        let goals: HashSet<u32> = drafts.iter().map(|draft| draft.item.to).collect();
        let goals: Vec<(u32, Stand)> = goals.into_iter().map(|at| (at, stands[at as usize].clone())).collect();
        let described = targets::describe(self.sources, &goals)?;
        let chosen = partitions(view, &mut drafts, &described, &lives, &stands, &words)?;
        self.times(&mut drafts, request, &described);
        order(&mut drafts);
        let items: Vec<Item> = drafts.into_iter().map(|draft| draft.item).collect();
        let mut targets: Vec<Target> = described.into_iter().map(|described| described.target).collect();
        targets.sort_by_key(|target| target.stand);
        Ok(Drawn { items: numbers.finish(items), targets, warnings: left.warnings(), partitioner: chosen })
    }

    /// What was chosen, and how many of it cannot be told apart by offsets.
    fn drafts(
        &self,
        view: &View,
        hits: &[Hit],
        lives: &Lives,
        numbers: &mut Numbers,
    ) -> Result<(Vec<Draft>, usize), ReplayError> {
        let (mut drafts, without) = rows::read(view, hits, numbers, self.stop)?;
        pointers::resolve(view, &mut drafts, lives, numbers, self.stop)?;
        Ok((drafts, without))
    }

    /// Events as items that go nowhere.
    pub(crate) fn stay(&self, view: &View, hits: &[Hit]) -> Result<Items, ReplayError> {
        let mut numbers = Numbers::default();
        let (drafts, _) = self.drafts(view, hits, &self.lives(), &mut numbers)?;
        Ok(numbers.finish(drafts.into_iter().map(|draft| draft.item).collect()))
    }

    /// Drops what must not or cannot be sent.
    fn leave_out(
        &self,
        drafts: &mut Vec<Draft>,
        request: &ReplayRequest,
        stands: &[Stand],
        left: &mut LeftOut,
    ) -> Result<(), ReplayError> {
        let unwanted: HashSet<u64> =
            request.leave_out.iter().map(|text| Ok(parse(text)?.hash())).collect::<Result<_, ReplayError>>()?;
        drafts.retain(|draft| {
            let (address, hash) = address(stands, &draft.item);
            if unwanted.contains(&hash) {
                return false;
            }
            let why = match draft.body {
                Body::Cut => Some("cut"),
                Body::Pointer => Some("pointer"),
                Body::Whole if draft.item.attempt > self.options.attempts => Some("loop"),
                Body::Whole => None,
            };
            why.inspect(|why| left.add(why, address)).is_none()
        });
        Ok(())
    }

    /// The newest life of every destination, and its partitions.
    fn lives(&self) -> Lives {
        let mut lives = Lives::new();
        // One that was looked up before a tap came to it was counted then; the tap's count is the one that holds.
        let mut tapped = HashSet::<(String, String, String)>::new();
        for (archive, whole) in [(&self.archives.events, true), (&self.archives.originals, false)] {
            for (source, known) in archive.ledger().sources {
                for destination in known.destinations {
                    let identity = destination.id.clone().map(|id| (source.clone(), destination.name.clone(), id));
                    if identity.is_some_and(|identity| !tapped.insert(identity)) {
                        continue;
                    }
                    // Of what is only looked up few partitions are known.
                    let partitions = if whole { destination.partitions.len() } else { 0 };
                    let (incarnation, first) = (destination.incarnation, destination.first);
                    let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
                    let life = lives.entry((source.clone(), destination.name)).or_default();
                    if incarnation > life.incarnation {
                        *life = Life { incarnation, partitions, first };
                    }
                }
            }
        }
        lives
    }

    /// Which of them keep their own time: an event that is older than its target keeps would be gone at once.
    fn times(&self, drafts: &mut [Draft], request: &ReplayRequest, described: &[Described]) {
        let now = time::now();
        let oldest: HashMap<u32, i64> = described
            .iter()
            .filter_map(|known| Some((known.target.stand, now.saturating_sub(accepted(known)?))))
            .collect();
        for draft in drafts {
            let item = &mut draft.item;
            let expires = oldest.get(&item.to).is_some_and(|oldest| item.timestamp < *oldest);
            item.now = request.timestamps == Timestamps::Now || item.timestamp == i64::MIN || expires;
        }
    }
}

/// Says where each goes; those of which nobody knows are dropped.
fn aim(
    drafts: &mut Vec<Draft>,
    request: &ReplayRequest,
    lives: &Lives,
    stands: &[Stand],
    words: &[String],
    numbers: &mut Numbers,
    left: &mut LeftOut,
) {
    // Few pairs of place and origin for many events.
    let mut known = HashMap::<(u32, u32), Option<u32>>::new();
    drafts.retain_mut(|draft| {
        let pair = (draft.item.from, draft.origin.0);
        let to = known.entry(pair).or_insert_with(|| {
            let from = &stands[pair.0 as usize];
            let origin = words.get(pair.1 as usize).map(String::as_str).filter(|_| pair.1 > 0);
            let stand = targets::stand_of(draft, request.target.as_ref(), from, origin)?;
            Some(numbers.stand(&targets::in_its_life(stand, lives)))
        });
        match to {
            Some(to) => {
                draft.item.to = *to;
                true
            }
            None => {
                left.add("no_origin", address(stands, &draft.item).0);
                false
            }
        }
    });
}

/// Chooses partitions; says how.
fn partitions(
    view: &View,
    drafts: &mut [Draft],
    described: &[Described],
    lives: &Lives,
    stands: &[Stand],
    words: &[String],
) -> Result<String, ReplayError> {
    // Where each failed or stood: source, destination, and how many partitions it has, as far as it was read.
    let place = |draft: &Draft| {
        let from = &stands[draft.item.from as usize];
        let destination = match draft.failed {
            true => words.get(draft.origin.0 as usize)?,
            false => &from.destination,
        };
        let partitions = lives.get(&(from.source.clone(), destination.clone())).map_or(0, |life| life.partitions);
        Some((&from.source, destination, partitions))
    };
    let mut by_target = HashMap::<u32, (i32, Chosen)>::new();
    let mut said = Vec::new();
    for known in described {
        let to = known.target.stand;
        let mut chosen = targets::chosen(view, &known.target.place())?;
        // Too little on the target: those who wrote to where the events stood will write here.
        let elsewhere =
            |it: &(&String, &String, i32)| (it.0, it.1) != (&known.target.source, &known.target.destination);
        let mut places = drafts.iter().filter(|draft| draft.item.to == to).filter_map(place).filter(elsewhere);
        if chosen == Chosen::Assumed
            && let Some((source, destination, partitions)) = places.next()
        {
            chosen = targets::chosen(view, &Place { source, destination, partitions })?;
        }
        by_target.insert(to, (known.target.partitions, chosen));
        if !said.contains(&chosen.words()) {
            said.push(chosen.words());
        }
    }
    let stood: Vec<Option<bool>> = drafts
        .iter()
        .map(|draft| {
            let (to, (source, destination, partitions)) = (&stands[draft.item.to as usize], place(draft)?);
            let (count, _) = by_target.get(&draft.item.to)?;
            (*destination == to.destination).then(|| *source == to.source || partitions == *count)
        })
        .collect();
    targets::assign(drafts, &by_target, &stood);
    Ok(said.join("; "))
}

/// How old an event may be that a target takes and keeps for a while, microseconds.
fn accepted(described: &Described) -> Option<i64> {
    let settings = described.facts.as_ref().ok()?.settings?;
    let kept = settings.retention.filter(|_| settings.deletes);
    let least = kept.into_iter().chain(settings.accepts_before).min()?;
    // What would be deleted within a tenth of the retention is as good as deleted.
    i64::try_from(least.as_micros()).ok().map(|micros| micros - micros / 10)
}

/// Puts events in the order of sending: as they happened, but within a partition as they stood there.
fn order(drafts: &mut [Draft]) {
    let place = |draft: &Draft| match (draft.failed, draft.origin) {
        (true, (origin, Some(partition), Some(offset))) => (draft.item.from, origin, partition, offset),
        _ => (draft.item.from, 0, draft.item.partition, draft.item.offset),
    };
    drafts.sort_unstable_by_key(place);
    let mut latest = (None, i64::MIN);
    for draft in drafts.iter_mut() {
        let (from, origin, partition, _) = place(draft);
        if latest.0 != Some((from, origin, partition)) {
            latest = (Some((from, origin, partition)), i64::MIN);
        }
        latest.1 = latest.1.max(draft.item.timestamp);
        draft.item.due = latest.1;
    }
    // Stable: of one time they stay as they are.
    drafts.sort_by_key(|draft| draft.item.due);
}

fn address(stands: &[Stand], item: &Item) -> (String, u64) {
    let stand = &stands[item.from as usize];
    let address = tapline_model::Address {
        source: stand.source.clone(),
        destination: stand.destination.clone(),
        incarnation: stand.incarnation,
        partition: Some(item.partition),
        position: item.offset.to_string(),
    };
    (address.to_string(), address.hash())
}

pub(crate) fn parse(text: &str) -> Result<tapline_model::Address, ReplayError> {
    tapline_model::Address::parse(text).map_err(|error| ReplayError::BadRequest(format!("`{text}`: {error}")))
}

/// Events that are not sent, by why.
#[derive(Debug, Default)]
struct LeftOut {
    by: Vec<(&'static str, usize, Vec<String>)>,
}

impl LeftOut {
    fn add(&mut self, why: &'static str, address: String) {
        let entry = self.entry(why);
        entry.1 += 1;
        if entry.2.len() < SHOWN {
            entry.2.push(address);
        }
    }

    fn count(&mut self, why: &'static str, count: usize) {
        if count > 0 {
            self.entry(why).1 += count;
        }
    }

    fn missing(&mut self, count: usize) {
        self.count("missing", count);
    }

    fn entry(&mut self, why: &'static str) -> &mut (&'static str, usize, Vec<String>) {
        let at = self.by.iter().position(|(known, ..)| *known == why);
        let at = at.unwrap_or_else(|| {
            self.by.push((why, 0, Vec::new()));
            self.by.len() - 1
        });
        &mut self.by[at]
    }

    fn warnings(self) -> Vec<PlanWarning> {
        self.by.into_iter().map(|(why, items, addresses)| left_out(why, items, addresses)).collect()
    }

    fn nothing(self) -> String {
        let why: Vec<String> = self.warnings().into_iter().map(|warning| warning.sentence).collect();
        if why.is_empty() {
            "no event was chosen; nothing waits to be put back".to_owned()
        } else {
            format!("nothing is left to be put back: {}", why.join("; "))
        }
    }
}

fn left_out(why: &'static str, items: usize, addresses: Vec<String>) -> PlanWarning {
    let (is, has) = if items == 1 { ("event is", "event has") } else { ("events are", "events have") };
    let (sentence, detail) = match why {
        "missing" => (
            format!("{items} {is} not in the archive and left out"),
            "They were chosen by an address that no row has, or stand in a damaged file.",
        ),
        "without_offset" => {
            (format!("{items} {has} no offset and left out"), "Only events of partitioned logs can be put back so far.")
        }
        "cut" => (
            format!("{items} {is} left out: the archive holds only the first part of them"),
            "They were over `payload_limit` of their source when they were read.",
        ),
        "pointer" => (
            format!(
                "{items} {is} left out: they only point to the event that failed, which neither the archive nor the \
                 broker has"
            ),
            "An event that no tap read is asked of the broker within a minute after its dead letter is seen. It was gone \
             then, may not be read, or `exclude` names its topic.",
        ),
        "loop" => (
            format!("{items} {is} left out: they were put back too often already"),
            "An event that keeps coming back needs a fix, not another replay; `replays.attempts` says how often is too often.",
        ),
        _ => (
            format!("{items} {is} left out: no header says where they failed"),
            "Name a target, or pin the pair of topics in `[sources.<name>.dead_letters]`.",
        ),
    };
    PlanWarning {
        kind: if why == "loop" { why.to_owned() } else { "left_out".to_owned() },
        level: Level::Warn,
        sentence,
        detail: Some(detail.to_owned()),
        items: items as u64,
        addresses,
        sql: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_out_is_told_with_its_reason() {
        let mut left = LeftOut::default();
        left.add("loop", "k/d/0/1".to_owned());
        left.add("loop", "k/d/0/2".to_owned());
        left.missing(1);
        let warnings = left.warnings();
        assert_eq!(warnings[0].sentence, "2 events are left out: they were put back too often already");
        assert_eq!((warnings[0].kind.as_str(), warnings[0].addresses.len()), ("loop", 2));
        assert_eq!(warnings[1].sentence, "1 event is not in the archive and left out");
        assert!(LeftOut::default().nothing().starts_with("no event was chosen"));
    }
}
