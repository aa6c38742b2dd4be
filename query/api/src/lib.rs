//! Requests and answers of Tapline's HTTP interface: serde types only, shared by the server and the page.
//!
//! Names and vocabularies are the contract; what each call does stands in `query/http`. Times are RFC 3339 texts with
//! microseconds and `Z`, so that the page needs no time library to hand them on. Sentences may hold names between
//! backticks, which the page sets in monospace; nothing in them is ever markup.

pub mod alert;
pub mod bytes;
pub mod chain;
pub mod dead_letter;
pub mod event;
pub mod group;
mod group_history;
pub mod number;
pub mod overview;
pub mod problem;
pub mod replay;
pub mod search;
pub mod source;
pub mod sql;
pub mod status;

pub use alert::{
    Alert, AlertList, AlertPreview, AlertRule, AlertRuleList, AlertRuleView, AlertState, Channel, ChannelTest,
    ConditionView, Fired, Found, Labels, Muted, NewSilence, RuleOrigin, Silence,
};
pub use bytes::Bytes;
pub use chain::{
    Chain, ChainState, Edge, EdgeRule, Finding, FindingKind, Hub, Kind, Member, Missing, MissingReason, ReplayBrief,
};
pub use dead_letter::{
    Apart, ApartFact, AuditPage, AuditView, Cause, CauseDetail, CauseList, CauseState, DeadLetterMember, MemberPage,
    Note, Regroup, SetCause,
};
pub use event::{
    Dropped, EventDetail, EventPage, EventSummary, HeaderView, Histogram, IdView, Payload, Series, SeriesBy,
};
pub use group::{
    Behind, Drain, Group, GroupDetail, GroupFinding, GroupList, GroupMember, GroupPartition, GroupProblem, LagState,
};
pub use group_history::{GroupHistory, PartitionHistory};
pub use number::{duration, span, thousands};
pub use overview::{Action, Change, FlowEdge, FlowMap, FlowNode, Need, Overview, Stat};
pub use problem::Problem;
pub use replay::{
    ChangePreview, Count, Delivery, Edit, ItemEdit, KeyOrder, Outcome, PartitionShare, PlanCheck, PlanWarning,
    Progress, ReaderView, Replay, ReplayAct, ReplayDetail, ReplayItem, ReplayItemPage, ReplayList, ReplayPlan,
    ReplayRequest, ReplayState, ReplayTarget, Select, StopAt, Timestamps, TryChange, Window,
};
pub use search::{SearchHit, SearchKind, SearchResults};
pub use source::{
    Backfill, CapabilityView, DestinationInfo, DestinationKind, DestinationList, Gap, GapList, GapReason, Origin,
    PlaceView, SourceInfo, SourceList, SourceState,
};
pub use sql::{SqlAnswer, SqlColumn, SqlRequest, SqlSchema, SqlTable};
pub use status::{ArchiveFigures, DemoFixed, Environment, Setting, SettingOrigin, Status, System};

/// A state that colours and shapes what is shown: the same words everywhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Neither good nor bad.
    #[default]
    Mute,
    /// Well.
    Ok,
    /// Something acts, or a person can.
    Act,
    /// At risk.
    Warn,
    /// Failing or losing.
    Bad,
}
