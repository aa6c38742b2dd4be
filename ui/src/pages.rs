//! One module a page, and which of them an address names. Each opens with a sentence that answers its question, then
//! shows the evidence.

use leptos::prelude::*;

mod alerts;
mod chain;
mod consumers;
mod dead_letters;
mod events;
mod nowhere;
mod overview;
mod replays;
mod sql;
mod system;
mod waiting;

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Overview,
    Events,
    Chain,
    Consumers,
    DeadLetters,
    Replays,
    Alerts,
    Sql,
    System,
    Nowhere,
}

impl Page {
    /// The page of a path.
    pub(crate) fn of(path: &str) -> Self {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        match (segments.next(), segments.next()) {
            (None, _) => Self::Overview,
            (Some("chain"), Some(_)) => Self::Chain,
            (Some("events"), None) => Self::Events,
            (Some("consumers"), None) => Self::Consumers,
            (Some("dead-letters"), None) => Self::DeadLetters,
            (Some("replays"), _) => Self::Replays,
            (Some("alerts"), None) => Self::Alerts,
            (Some("sql"), None) => Self::Sql,
            (Some("system"), None) => Self::System,
            _ => Self::Nowhere,
        }
    }

    /// Draws it.
    pub(crate) fn view(self) -> AnyView {
        match self {
            Self::Overview => view! { <overview::Overview/> }.into_any(),
            Self::Events => view! { <events::Events/> }.into_any(),
            Self::Chain => view! { <chain::Chain/> }.into_any(),
            Self::Consumers => view! { <consumers::Consumers/> }.into_any(),
            Self::DeadLetters => view! { <dead_letters::DeadLetters/> }.into_any(),
            Self::Replays => view! { <replays::Replays/> }.into_any(),
            Self::Alerts => view! { <alerts::Alerts/> }.into_any(),
            Self::Sql => view! { <sql::Sql/> }.into_any(),
            Self::System => view! { <system::System/> }.into_any(),
            Self::Nowhere => view! { <nowhere::Nowhere/> }.into_any(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn an_address_names_its_page() {
        assert_eq!(
            ["/", "/events", "/events/", "/chain/ORD-1", "/replays", "/replays/r-33", "/alerts"].map(Page::of),
            [Page::Overview, Page::Events, Page::Events, Page::Chain, Page::Replays, Page::Replays, Page::Alerts]
        );
        assert_eq!(["/chain", "/events/x", "/elsewhere"].map(Page::of), [Page::Nowhere; 3]);
    }
}
