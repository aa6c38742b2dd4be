//! What the search box offers: `GET /api/v1/search?q=`.

use serde::{Deserialize, Serialize};

/// What a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the things")]
pub enum SearchKind {
    Id,
    Event,
    Destination,
    Type,
    Producer,
    Group,
    Page,
}

/// One offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchHit {
    /// What it is.
    pub kind: SearchKind,
    /// What to show.
    pub title: String,
    /// Second line: rows, where seen.
    pub detail: String,
    /// Path and query on the page.
    pub href: String,
}

/// The offers, best first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchResults {
    /// At most twenty.
    pub hits: Vec<SearchHit>,
}
