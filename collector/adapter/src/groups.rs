//! Who reads a broker besides us: consumer groups, how they stand and what they have committed.
//!
//! Owns the questions. Asking joins no group and creates nothing. What lag follows from the answers is for whoever
//! compares them with the ends of partitions.

use std::collections::BTreeMap;

use crate::error::{AdapterError, Remedy};

/// Which groups are asked for.
#[derive(Debug, Clone, Default)]
pub struct GroupOptions {
    /// Globs. Plain names are asked for even where groups cannot be listed.
    pub include: Vec<String>,
}

/// A consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub name: String,
    /// `None` where the broker does not say (Kafka before 3.8).
    pub kind: Option<GroupKind>,
    /// `None` where the broker does not say (Kafka before 2.6), or says what the client does not know, such as
    /// `Assigning` of a KIP-848 group.
    pub state: Option<GroupState>,
}

impl Group {
    /// Whether it may have members at the moment.
    pub fn may_be_active(&self) -> bool {
        !matches!(self.state, Some(GroupState::Empty | GroupState::Dead))
    }
}

/// By which protocol the members of a group share partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    /// By electing one of them.
    Classic,
    /// By the broker (KIP-848).
    Consumer,
}

/// How a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupState {
    /// Members are joining.
    PreparingRebalance,
    /// Members wait for their partitions.
    CompletingRebalance,
    /// Members read.
    Stable,
    /// Offsets without members.
    Empty,
    /// Going, or gone.
    Dead,
}

/// The groups of a broker, as far as they may be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupList {
    /// Those that match, by name.
    pub groups: Vec<Group>,
    /// Asked for by their plain names and hidden: the right to describe them is missing. Groups that only a pattern
    /// would match are hidden without a trace.
    pub hidden: Vec<String>,
    /// Asked for by their plain names and not there, or hidden without a trace.
    pub unseen: Vec<String>,
    /// Brokers that did not answer, and rights that are missing, each with what grants it.
    pub problems: Vec<Remedy>,
    /// Whether groups are missing because a broker did not answer.
    pub partial: bool,
    /// Whether the broker lists groups at all: where it does not, only those asked for by their plain names are there, and
    /// [`Groups::committed`] has to be told of which partitions.
    pub listed: bool,
}

/// A group in detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDetail {
    /// As in the list; newer.
    pub group: Group,
    /// In no order.
    pub members: Vec<GroupMember>,
}

/// A consumer that is a member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    /// Made by the broker, or the client's own where its membership is static.
    pub id: String,
    /// Chosen by the client.
    pub client: String,
    /// Where it connects from.
    pub host: String,
    /// Destination and partition of each that it was given to read.
    pub partitions: Vec<(String, i32)>,
}

/// Why a group could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupFault {
    /// The right to describe it, or its destinations, is missing.
    #[error("the right to describe the group is missing")]
    Denied,
    /// Passing, or without remedy, in the client's words.
    #[error("{0}")]
    Other(String),
}

/// Committed offsets by destination and partition: the next offset that a group reads. Partitions without one are absent.
pub type Committed = BTreeMap<(String, i32), i64>;

/// Where a partition begins and ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PartitionEnds {
    /// The oldest offset kept.
    pub start: Option<i64>,
    /// Where committed transactions end.
    pub stable: Option<i64>,
    /// Where the next record will be written, open transactions included.
    pub end: Option<i64>,
}

/// A group that reads a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupReading {
    /// Which.
    pub group: Group,
    /// How many members it has, as far as that is told.
    pub members: Option<usize>,
    /// The next offset that it reads, by partition; absent where it has committed none.
    pub committed: BTreeMap<i32, i64>,
}

/// The groups that see what is written to a destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readers {
    /// With an offset committed, or with a member that was given one of its partitions.
    pub groups: Vec<GroupReading>,
    /// Groups of which it is not known, with the reason. Those that nobody may list are missing here.
    pub unknown: Vec<(String, GroupFault)>,
}

/// Asks about consumer groups. Every call blocks, each for some seconds at most: not for the threads of an async
/// runtime. Dropping it closes its connections.
pub trait Groups: Send {
    /// All groups that match, of every kind: one request a broker.
    ///
    /// # Errors
    /// When no broker answers.
    fn list(&mut self) -> Result<GroupList, AdapterError>;

    /// State and members: one request a group, many at once, in the order asked.
    fn describe(&mut self, groups: &[&str]) -> Vec<Result<GroupDetail, GroupFault>>;

    /// What groups have committed, in the order asked: one request a group, however many partitions, many at once.
    /// `of` are the partitions asked for; without, all that a group ever committed, which the embedded broker does not
    /// tell.
    fn committed(&mut self, groups: &[&str], of: Option<&[(String, i32)]>) -> Vec<Result<Committed, GroupFault>>;

    /// Where partitions begin and end; those that are not told are absent. One request a broker and kind of end for each 150
    /// partitions, one after the other.
    ///
    /// # Errors
    /// When none is told.
    fn ends(&mut self, of: &[(String, i32)]) -> Result<BTreeMap<(String, i32), PartitionEnds>, AdapterError>;

    /// Which of the groups that match read this destination.
    ///
    /// # Errors
    /// When no broker answers or the destination is not there.
    fn reading(&mut self, destination: &str) -> Result<Readers, AdapterError>;
}
