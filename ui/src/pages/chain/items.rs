//! What a timeline shows, before it is laid out: an item for each member, each step and each thing that is missing, with
//! its lane, its name and its causal rank.

use tapline_api::{Kind, Member, Missing, MissingReason};

use super::{
    lanes::{Lane, LaneKind, Part},
    steps::{Between, Step},
    story::Story,
};
use crate::format::{address, id::last_words as short, number, sentence};

/// Characters of a name that have room beside what tells it from others of its name.
const NAME: usize = 18;

/// Something with a row, or a share of one.
pub(super) struct Item {
    /// What it is.
    pub(super) part: Part,
    /// Where it belongs.
    pub(super) lane: Lane,
    /// Its name.
    pub(super) name: String,
    /// The name as it is shown.
    pub(super) short: String,
    /// What tells it from others of its name.
    pub(super) note: String,
    /// What looks the same may be gathered.
    pub(super) look: &'static str,
    /// Microseconds.
    pub(super) at: i64,
    /// Causal order.
    pub(super) rank: usize,
}

/// Everything that a chain shows.
pub(super) fn items<'a>(story: &'a Story, between: &'a Between) -> impl Iterator<Item = Item> + 'a {
    let members = story.members().iter().enumerate().map(|(index, member)| member_item(story, index, member));
    let steps = between.steps.iter().enumerate().map(|(index, step)| step_item(story, index, step));
    // Rows beyond a limit or in a file that cannot be read have no place in time: the notes say so beneath.
    let placed = |missing: &Missing| missing.named_by.is_some() || missing.reason == MissingReason::NotSeen;
    let missing = story.chain.missing.iter().enumerate().filter(move |(_, missing)| placed(missing));
    let missing = missing.map(|(index, missing)| Item {
        part: Part::Missing(index),
        lane: Lane { kind: LaneKind::Missing, name: "missing".to_owned(), source: String::new() },
        name: first_name(&missing.what),
        short: short(&first_name(&missing.what), NAME).to_owned(),
        note: super::words::reason(missing.reason).to_owned(),
        look: "missing",
        at: story.end,
        rank: usize::MAX,
    });
    members.chain(steps).chain(missing)
}

fn member_item(story: &Story, index: usize, member: &Member) -> Item {
    let (kind, name) = match member.kind {
        Kind::Event => (LaneKind::Destination, member.destination.clone()),
        _ => (LaneKind::Service, member.service.clone().unwrap_or_else(|| member.source.clone())),
    };
    let source = if kind == LaneKind::Destination { member.source.clone() } else { String::new() };
    let look = match member {
        _ if member.dead_letter.is_some() => "dead",
        _ if story.is_replayed(index) => "replayed",
        _ if member.retry.is_some() => "retry",
        _ => "event",
    };
    Item {
        part: Part::Member(index),
        lane: Lane { kind, name, source },
        name: type_of(member),
        short: short(&type_of(member), NAME).to_owned(),
        note: place(member),
        look,
        at: story.at[index],
        rank: 2 * index + 1,
    }
}

fn step_item(story: &Story, index: usize, step: &Step) -> Item {
    let cause = step.cause.map(|cause| type_of(&story.members()[cause]));
    let effect = step.effects.first().copied();
    let (does, what) = match (cause, step.sure) {
        (Some(cause), _) if step.failed.is_some() => ("gives up", cause),
        (Some(cause), true) => ("handles", cause),
        (Some(cause), false) => ("after", cause),
        (None, _) => ("writes", effect.map(|effect| type_of(&story.members()[effect])).unwrap_or_default()),
    };
    let note = match step.failed {
        Some(Some(attempts)) => number::count(u64::from(attempts.unsigned_abs()), "try", "tries"),
        Some(None) => "in vain".to_owned(),
        None => String::new(),
    };
    Item {
        part: Part::Step(index),
        lane: Lane { kind: LaneKind::Service, name: step.service.clone(), source: String::new() },
        name: format!("{does} {what}"),
        short: format!("{does} {}", short(&what, NAME)),
        note,
        look: if step.failed.is_some() { "failed" } else { "step" },
        at: step.from,
        rank: effect.map_or(0, |effect| 2 * effect),
    }
}

/// The type as it is shown.
pub(crate) fn type_of(member: &Member) -> String {
    member.event_type.as_deref().map_or_else(|| "without type".to_owned(), sentence::tame)
}

/// `4 · 412,117`.
pub(crate) fn place(member: &Member) -> String {
    let position = address::position(&member.position);
    match (member.kind, member.partition) {
        (Kind::Event, Some(partition)) => format!("{partition} · {position}"),
        (Kind::Event, None) => position,
        _ => String::new(),
    }
}

/// The first name of a sentence, which is what it is about.
fn first_name(text: &str) -> String {
    let name = sentence::pieces(text).into_iter().find_map(|piece| match piece {
        sentence::Piece::Name(name) => Some(name),
        sentence::Piece::Words(_) => None,
    });
    name.unwrap_or_else(|| sentence::plain(text))
}

/// Whether an item holds a text in lower case.
pub(super) fn holds(story: &Story, between: &Between, item: &Item, find: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(find);
    if has(&item.name) || has(&item.note) || has(&item.lane.name) {
        return true;
    }
    match item.part {
        Part::Member(index) => member_holds(&story.members()[index], find),
        Part::Step(index) => {
            between.steps[index].effects.iter().any(|effect| member_holds(&story.members()[*effect], find))
        }
        Part::Missing(index) => has(&story.chain.missing[index].what),
    }
}

/// Whether a member's words or identifiers hold a text in lower case.
pub(crate) fn member_holds(member: &Member, find: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(find);
    let dead = member.dead_letter.as_ref();
    has(&member.destination)
        || has(&member.position)
        || [&member.event_type, &member.service].into_iter().flatten().any(|text| has(text))
        || member.ids.iter().any(|id| has(&format!("{}={}", id.name, id.value)))
        || dead.is_some_and(|dead| {
            [&dead.root_cause, &dead.message, &dead.consumer_group].into_iter().flatten().any(|text| has(text))
        })
}
