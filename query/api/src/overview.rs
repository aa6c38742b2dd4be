//! `GET /api/v1/overview?from=&to=`: is everything all right?

use serde::{Deserialize, Serialize};

use crate::Level;

/// Sentences first, then their evidence. Every sentence is made by a rule from rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The answer.
    pub headline: String,
    /// Where it comes from, or what is well.
    pub detail: String,
    /// What needs a person, worst first.
    pub needs: Vec<Need>,
    /// What is known and mends itself (a backfill that runs, a source that came back).
    pub recovering: Vec<Need>,
    /// Rates and failures over time.
    pub stats: Vec<Stat>,
    /// Turning points in the time range, newest first.
    pub changes: Vec<Change>,
    /// Who produces where, as seen in the time range.
    pub flow: FlowMap,
    /// True before the first event was archived.
    pub empty: bool,
}

/// A sentence with its action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Need {
    /// Colour.
    pub level: Level,
    /// Shape: `failing`, `dead_letter`, `standing_still`, `behind`, `stuck`, `gap`, `source`, `running`, `ok`.
    pub mark: String,
    /// What is wrong, in the domain's words.
    pub sentence: String,
    /// Where it comes from.
    pub detail: String,
    /// The number that matters, such as `43.1k unread`.
    pub figure: Option<String>,
    /// A line under it, such as `for 48 min`.
    pub figure_note: Option<String>,
    /// A sparkline over the time range.
    pub spark: Vec<f64>,
    /// The first is the next right thing.
    pub actions: Vec<Action>,
}

/// A link that does something about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Action {
    /// A verb or the name of what opens.
    pub label: String,
    /// Path and query on the page.
    pub href: String,
}

/// A number over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stat {
    /// `Events`, `Dead letters`, ...
    pub name: String,
    /// The newest value, unrounded.
    pub value: f64,
    /// `/s`, `/min`, `%`, `bytes`.
    pub unit: String,
    /// `line` or `bars`.
    pub chart: String,
    /// Whether colour is due.
    pub level: Level,
    /// Begin of the first point.
    pub from: String,
    /// Between points.
    pub step_seconds: f64,
    /// Values in `unit`; null where nothing is known.
    pub points: Vec<Option<f64>>,
    /// The period before, for comparison; may be empty.
    pub before: Vec<Option<f64>>,
    /// A line beneath.
    pub note: String,
    /// Where a click leads.
    pub href: String,
}

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// When.
    pub at: String,
    /// Shape, as in [`Need::mark`], or `new`.
    pub mark: String,
    /// What.
    pub sentence: String,
    /// Where a click leads.
    pub href: Option<String>,
}

/// A service or a destination of the flow map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FlowNode {
    /// Unique in the map.
    pub id: String,
    /// What to show.
    pub name: String,
    /// `service`, `destination`, `retry`, `dead_letter`.
    pub kind: String,
    /// Whether colour is due.
    pub level: Level,
    /// From the left, 0 first.
    pub column: u32,
    /// From the top within its column.
    pub row: u32,
}

/// Events that go from one to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FlowEdge {
    /// [`FlowNode::id`].
    pub from: String,
    /// [`FlowNode::id`].
    pub to: String,
    /// In the time range.
    pub events: u64,
    /// Whether colour is due.
    pub level: Level,
    /// Such as `1,284 dead`.
    pub label: Option<String>,
}

/// The system as it runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FlowMap {
    /// Services and destinations.
    pub nodes: Vec<FlowNode>,
    /// Between them.
    pub edges: Vec<FlowEdge>,
}
