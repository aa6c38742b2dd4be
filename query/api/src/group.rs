//! Consumer groups: how far they are behind, whether they will catch up, and what is wrong with them.

use serde::{Deserialize, Serialize};

use crate::{GroupHistory, Level};

/// `GET /api/v1/groups`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupList {
    /// Who is behind, and whether it will recover.
    pub sentence: String,
    /// What else is to be known.
    pub detail: Option<String>,
    /// Worst first.
    pub groups: Vec<Group>,
    /// What could not be asked, each with what to do.
    pub problems: Vec<GroupProblem>,
    /// When brokers were asked last; absent before the first time.
    pub asked_at: Option<String>,
}

/// What keeps groups of a source from being told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupProblem {
    /// Where.
    pub source: String,
    /// What and why.
    pub sentence: String,
    /// What mends it, to be run by whoever may.
    pub command: Option<String>,
    /// How bad it is.
    pub level: Level,
}

/// The contract's words for how a group, or a partition of it, stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LagState {
    /// Keeps up, or catches up.
    #[default]
    Ok,
    /// Has never committed an offset: how far it is behind nobody knows.
    NeverCommitted,
    /// Has committed beyond the end: the destination was made anew, or cut.
    Ahead,
    /// Reads, and does not get nearer to the end.
    Warn,
    /// Went back, and is not yet where it was.
    Rewind,
    /// Commits the same offset again and again.
    Stall,
    /// Does not commit any more.
    Stop,
    /// What it would read next is deleted.
    DataLoss,
}

impl LagState {
    /// From the best to the worst.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::NeverCommitted,
        Self::Ahead,
        Self::Warn,
        Self::Rewind,
        Self::Stall,
        Self::Stop,
        Self::DataLoss,
    ];

    /// The reverse of [`Self::as_str`]; `None` for other words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// As in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NeverCommitted => "never_committed",
            Self::Ahead => "ahead",
            Self::Warn => "warn",
            Self::Rewind => "rewind",
            Self::Stall => "stall",
            Self::Stop => "stop",
            Self::DataLoss => "data_loss",
        }
    }

    /// How bad it is.
    pub fn level(self) -> Level {
        match self {
            Self::Ok => Level::Ok,
            Self::NeverCommitted => Level::Mute,
            Self::Ahead | Self::Warn | Self::Rewind => Level::Warn,
            Self::Stall | Self::Stop | Self::DataLoss => Level::Bad,
        }
    }
}

/// How long a group is behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Behind {
    /// Seconds since the first record that is not read was written.
    pub seconds: f64,
    /// Whether that record's own time is known; else it lies between the times of others.
    pub exact: bool,
}

/// When a group has caught up, at the pace of the last minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Drain {
    /// It has.
    Done,
    /// It will.
    In {
        /// Most likely.
        seconds: f64,
        /// At the earliest.
        earliest: f64,
        /// At the latest; absent when that may be never.
        latest: Option<f64>,
    },
    /// Not at this pace.
    Never,
    /// Too little was seen yet.
    Unknown,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    /// Where.
    pub source: String,
    /// Its id.
    pub name: String,
    /// How it stands: as its worst partition.
    pub state: LagState,
    /// How it stands, in a sentence.
    pub sentence: String,
    /// `classic`, `consumer` (KIP-848), `share`; absent where the broker does not say.
    pub protocol: Option<String>,
    /// In the broker's words: `stable`, `empty`, `preparing_rebalance`, `completing_rebalance`, `dead`; absent where it does
    /// not say.
    pub broker_state: Option<String>,
    /// What it reads.
    pub destinations: Vec<String>,
    /// Partitions with an offset committed, or given to a member.
    pub partitions: usize,
    /// Members; absent where they are not told.
    pub members: Option<usize>,
    /// Records not read yet; absent where nothing was committed.
    pub lag: Option<u64>,
    /// Of the partition that is furthest behind; absent where that is not known, for the reason in the partition.
    pub behind: Option<Behind>,
    /// Records a second that are written to what it reads.
    pub written: Option<f64>,
    /// Records a second that it reads.
    pub read: Option<f64>,
    /// When it has caught up.
    pub drain: Drain,
    /// Seconds until the first record that it has not read may be deleted; absent where nothing is deleted, or that is not
    /// known.
    pub retention_margin: Option<f64>,
    /// Whether that is known of every partition with something unread.
    pub retention_known: bool,
    /// Records that were deleted before it read them.
    pub lost: u64,
    /// How its lag went, oldest first: null where nobody looked.
    pub trend: Vec<Option<u64>>,
}

/// `GET /api/v1/groups/{source}/{group}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupDetail {
    /// As in the list.
    pub group: Group,
    /// By destination and number.
    pub partitions: Vec<GroupPartition>,
    /// By client; absent where they are not told.
    pub members: Option<Vec<GroupMember>>,
    /// What is wrong with it or was lately, worst first.
    pub findings: Vec<GroupFinding>,
    /// How its lag went in the time asked for; absent where that is not kept, or was not asked for.
    pub history: Option<GroupHistory>,
    /// When its broker was asked.
    pub asked_at: String,
}

/// One partition that a group reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupPartition {
    /// Destination.
    pub destination: String,
    /// Number.
    pub partition: i32,
    /// How it stands.
    pub state: LagState,
    /// The next offset that the group reads.
    pub committed: Option<i64>,
    /// When that was committed, as far as it was seen.
    pub committed_at: Option<String>,
    /// The oldest offset kept.
    pub start: Option<i64>,
    /// Where committed transactions end.
    pub stable_end: Option<i64>,
    /// Where the next record will be written.
    pub end: Option<i64>,
    /// Records not read yet: to `end`.
    pub lag: Option<u64>,
    /// The same to `stable_end`, where that is another.
    pub stable_lag: Option<u64>,
    /// Since the first of them was written.
    pub behind: Option<Behind>,
    /// Why `behind` is absent though there is a lag.
    pub behind_why: Option<String>,
    /// Records a second written.
    pub written: Option<f64>,
    /// Records a second read.
    pub read: Option<f64>,
    /// When it has caught up.
    pub drain: Drain,
    /// Seconds until the first record not read may be deleted.
    pub retention_margin: Option<f64>,
    /// Records that were deleted before they were read.
    pub lost: u64,
    /// Which of the members has it.
    pub member: Option<usize>,
}

/// A consumer that is a member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupMember {
    /// Made by the broker.
    pub id: String,
    /// Chosen by the client.
    pub client: String,
    /// Where it connects from.
    pub host: String,
    /// How many partitions it was given.
    pub partitions: usize,
    /// Records of these that are not read yet.
    pub lag: Option<u64>,
}

/// Something about a group that wants to be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupFinding {
    /// The contract's word: `standing_still`, `data_loss`, `rewind`, `rebalances`, `hot_partition` and more.
    pub kind: String,
    /// How bad it is.
    pub level: Level,
    /// What it is.
    pub sentence: String,
    /// When it was seen last.
    pub at: String,
    /// The event that shows it.
    pub evidence: Option<String>,
}

impl Group {
    /// Whether what it has not read is only what is always under way.
    pub fn keeps_up(&self) -> bool {
        self.state == LagState::Ok && self.behind.as_ref().is_some_and(|behind| behind.seconds < UNDER_WAY)
    }
}

/// Who is behind for less keeps up, seconds.
const UNDER_WAY: f64 = 60.0;

impl GroupDetail {
    /// The partition that is furthest behind, of those of which it is known.
    pub fn furthest_behind(&self) -> Option<&GroupPartition> {
        let seconds = |it: &&GroupPartition| it.behind.as_ref().map_or(-1.0, |behind| behind.seconds);
        self.partitions.iter().max_by(|one, other| seconds(one).total_cmp(&seconds(other)))
    }

    /// The member that has a partition.
    pub fn owner(&self, partition: &GroupPartition) -> Option<&GroupMember> {
        self.members.as_ref()?.get(partition.member?)
    }
}
