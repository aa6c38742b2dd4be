//! What members name and the chain does not hold, and why it may be missing.

use std::collections::BTreeSet;

use tapline_api::{Missing, MissingReason};
use tapline_archive::{GapKind, PartitionLedger};
use tapline_model::{Address, id, short_type};

use crate::book::RowAt;
use crate::row::{Role, Row};
use crate::state::State;
use crate::story::Story;
use crate::wording;

/// Causes and origins listed; further ones are counted.
const LISTED: usize = 50;
/// A cause named this soon (microseconds) after the first archived row probably stood before it.
const BEGINNING: i64 = 60_000_000;

/// A reason, with what a sentence adds to it.
type Why = (MissingReason, &'static str);

/// Everything that is missing, what was never read last.
pub(crate) fn missing(story: &Story<'_>, state: &State) -> Vec<Missing> {
    let mut missing = Vec::new();
    if story.is_whole_story() {
        missing.extend(causes(story));
        missing.extend(origins(story));
    }
    if missing.len() > LISTED {
        let more = missing.len() - LISTED;
        missing.truncate(LISTED);
        let what = format!("{} that members name", wording::counted(more, "more event"));
        missing.push(Missing { what, reason: MissingReason::NotSeen, named_by: None });
    }
    if let State::Stuck(wait) = state {
        let of = wait.step.service.as_ref().map_or_else(String::new, |service| format!(" of `{service}`"));
        let what = format!("`{}`{of} has not come", short_type(&wait.step.kind));
        missing.push(Missing { what, reason: MissingReason::NotSeen, named_by: None });
    }
    if story.walk.truncated {
        let what = format!("members beyond the first {}", wording::count(story.graph.order.len()));
        missing.push(Missing { what, reason: MissingReason::Budget, named_by: None });
    }
    missing.extend(story.book.unread.iter().map(|file| Missing {
        what: format!("rows of a data file that cannot be read: {file}"),
        reason: MissingReason::Gap,
        named_by: None,
    }));
    missing
}

fn causes(story: &Story<'_>) -> Vec<Missing> {
    let held: BTreeSet<&str> = story.members().filter_map(|row| row.id(Role::Message)).collect();
    let mut named = BTreeSet::new();
    let mut missing = Vec::new();
    for row in story.members().filter(|row| !row.is_copy()) {
        let Some(cause) = row.id(Role::Causation).filter(|cause| !held.contains(cause) && !id::is_weak(cause)) else {
            continue;
        };
        if named.insert(cause) {
            let (reason, more) = why_cause(story, row);
            let what = format!("message `{cause}`, which `{}` declares as its cause{more}", row.short_type());
            missing.push(Missing { what, reason, named_by: Some(row.text.to_string()) });
        }
    }
    missing
}

/// Nobody says where a cause stood, so only the beginning of the archive can explain it.
fn why_cause(story: &Story<'_>, row: &Row) -> Why {
    let begins = story.book.view().times().map(|(first, _)| first);
    match begins {
        _ if story.walk.truncated => (MissingReason::Budget, ""),
        _ if !story.book.unread.is_empty() => (MissingReason::Gap, ""),
        Some(begins) if row.at().saturating_sub(begins) < BEGINNING => {
            (MissingReason::NotSeen, ", probably from before reading began")
        }
        _ => (MissingReason::NotSeen, ""),
    }
}

fn origins(story: &Story<'_>) -> Vec<Missing> {
    let held: BTreeSet<&str> = story.members().map(|row| &*row.text).collect();
    let mut named = BTreeSet::new();
    let mut missing = Vec::new();
    let copies = |row: &RowAt| Some((*row, story.book.origin(*row)?));
    for (row, origin) in story.graph.order.iter().filter_map(copies) {
        let text = origin.to_string();
        if held.contains(text.as_str()) || !named.insert(text) {
            continue;
        }
        let (place, copy) = (place(&origin), &story.row(row).address.destination);
        let cut = story.walk.truncated;
        let (reason, more) = if cut { (MissingReason::Budget, "") } else { why_origin(story, &origin) };
        missing.push(Missing {
            what: format!("the event at {place}, which `{copy}` names as its origin{more}"),
            reason,
            named_by: Some(story.row(row).text.to_string()),
        });
    }
    missing
}

fn place(address: &Address) -> String {
    let partition = address.partition.map_or_else(|| "-".to_owned(), |partition| partition.to_string());
    format!("`{}`/{partition}/{}", address.destination, address.position)
}

fn why_origin(story: &Story<'_>, origin: &Address) -> Why {
    let source = story.ledger.sources.get(&origin.source);
    let mut lives = source.into_iter().flat_map(|source| &source.destinations);
    let life = lives.find(|life| life.name == origin.destination && life.incarnation == origin.incarnation);
    let partition = life.zip(origin.partition).and_then(|(life, number)| life.partitions.get(&number));
    match (partition, origin.position.parse::<i64>()) {
        (Some(partition), Ok(offset)) => why_offset(partition, offset),
        _ => (MissingReason::NotSeen, ""),
    }
}

/// The first offset that was ever asked for: every later one is a row, a hole, or still to be read.
fn begun(partition: &PartitionLedger) -> i64 {
    let listed: i64 = partition.gaps.iter().map(|gap| gap.to - gap.from).sum();
    let unread = partition.backfill.map_or(0, |(next, end)| end - next);
    let counted = partition.rows.saturating_add(partition.single_holes);
    let passed = i64::try_from(counted).unwrap_or(i64::MAX).saturating_add(listed + unread + partition.unlisted);
    partition.next.saturating_sub(passed)
}

/// What the positions of a partition say about an offset that is not archived.
fn why_offset(partition: &PartitionLedger, offset: i64) -> Why {
    if let Some(gap) = partition.gaps.iter().find(|gap| (gap.from..gap.to).contains(&offset)) {
        let reason = match gap.kind {
            GapKind::Expired => MissingReason::Expired,
            GapKind::Erased => MissingReason::Erased,
            GapKind::Excluded | GapKind::NotDelivered => MissingReason::Gap,
        };
        return (reason, "");
    }
    let unread = partition.backfill.is_some_and(|(next, end)| (next..end).contains(&offset));
    match offset {
        _ if offset >= partition.next || unread => (MissingReason::NotSeen, ""),
        _ if offset < begun(partition) => (MissingReason::NotSeen, ", from before reading began"),
        // Read past and not archived: a hole of one offset, or one that is not listed any more.
        _ => (MissingReason::Gap, ""),
    }
}
