//! How a chain stands.

use tapline_api::ChainState;

use crate::book::RowAt;
use crate::row::{Role, Row};
use crate::shape::{Shape, Step};
use crate::story::Story;

/// A chain's state with what it follows from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    /// Its dead letters were not put back; the last of them.
    Failed(RowAt),
    /// They were; the last one put back.
    Replayed(RowAt),
    /// A step that chains of its shape take is overdue.
    Stuck(Wait),
    Running,
    Complete,
}

/// A step that has not come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wait {
    pub(crate) step: Step,
    /// Chains that the shape was learnt from.
    pub(crate) chains: usize,
    /// Since the newest member, microseconds.
    pub(crate) since: i64,
    /// Steps expected behind it.
    pub(crate) further: usize,
}

impl State {
    /// In the contract's words.
    pub(crate) fn word(&self) -> ChainState {
        match self {
            Self::Failed(_) => ChainState::Failed,
            Self::Replayed(_) => ChainState::Replayed,
            Self::Stuck(_) => ChainState::Stuck,
            Self::Running => ChainState::Running,
            Self::Complete => ChainState::Complete,
        }
    }

    /// Judges a chain. Failures come first, then what its shape says; without a shape silence means that it is over.
    pub(crate) fn of(story: &Story<'_>) -> Self {
        let dead: Vec<RowAt> = rows(story).filter(|row| story.row(*row).dead.is_some()).collect();
        if let Some(failed) = dead.iter().rfind(|dead| put_back(story, **dead).is_none()) {
            return Self::Failed(*failed);
        }
        let Some(last) = story.last() else { return Self::Complete };
        match story.shape().map(|shape| Progress::of(story, shape)) {
            Some(Progress::Whole) => {}
            Some(Progress::Overdue(wait)) => return Self::Stuck(wait),
            Some(Progress::Waiting) => return Self::Running,
            None if story.is_whole_story() && story.now - last < story.book.options.idle => return Self::Running,
            None => {}
        }
        dead.last().map_or(Self::Complete, |dead| Self::Replayed(*dead))
    }
}

fn rows<'s>(story: &'s Story<'_>) -> impl DoubleEndedIterator<Item = RowAt> + 's {
    story.graph.order.iter().copied()
}

/// The member that put a dead letter back: the same message later, not dead and not on a retry topic.
pub(crate) fn put_back(story: &Story<'_>, dead: RowAt) -> Option<RowAt> {
    let letter = story.row(dead);
    let same = |row: &Row| match (letter.id(Role::Message), row.id(Role::Message)) {
        (Some(message), other) => other == Some(message),
        // Without message ids only our own mark tells a replay from the next event of the same key.
        (None, _) => row.id(Role::Replay).is_some() && row.id(Role::Key) == letter.id(Role::Key),
    };
    rows(story).find(|row| {
        let row = story.row(*row);
        // What we put back keeps the time of the dead letter.
        let later = row.at() > letter.at() || (row.id(Role::Replay).is_some() && row.at() == letter.at());
        !row.is_copy() && later && same(row)
    })
}

/// How far a chain has come on its shape.
enum Progress {
    Whole,
    Waiting,
    Overdue(Wait),
}

impl Progress {
    fn of(story: &Story<'_>, shape: &Shape) -> Self {
        let came = |step: &&Step| story.members().any(|row| row.kind() == step.kind);
        let missing: Vec<&Step> = shape.steps.iter().filter(|step| !came(step)).collect();
        let (Some(next), Some(begun), Some(last)) = (missing.first(), story.begun(), story.last()) else {
            return Self::Whole;
        };
        if story.now - begun <= patience(next) {
            return Self::Waiting;
        }
        let wait =
            Wait { step: (*next).clone(), chains: shape.chains, since: story.now - last, further: missing.len() - 1 };
        Self::Overdue(wait)
    }
}

/// From the beginning to when a step is overdue: twice what the slowest hundredth takes, and ten seconds at least.
fn patience(step: &Step) -> i64 {
    step.p99.saturating_mul(2).max(step.p99.saturating_add(10_000_000))
}
