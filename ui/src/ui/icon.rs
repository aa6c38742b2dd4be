//! Icons by name. They are drawn once, in index.html; a test holds both together.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    Bell,
    Chain,
    Check,
    Clock,
    Columns,
    Consumers,
    Copy,
    Dead,
    Down,
    Events,
    Export,
    Filter,
    Flows,
    Fold,
    Left,
    Link,
    Mark,
    Out,
    Overview,
    Pause,
    Play,
    Plus,
    Replay,
    Right,
    Search,
    Silence,
    Sql,
    Stop,
    System,
    Theme,
    Topic,
    Up,
    X,
}

impl Icon {
    /// `#i-` and the name in index.html.
    pub(crate) fn reference(self) -> &'static str {
        match self {
            Self::Bell => "#i-bell",
            Self::Chain => "#i-chain",
            Self::Check => "#i-check",
            Self::Clock => "#i-clock",
            Self::Columns => "#i-columns",
            Self::Consumers => "#i-consumers",
            Self::Copy => "#i-copy",
            Self::Dead => "#i-dead",
            Self::Down => "#i-down",
            Self::Events => "#i-events",
            Self::Export => "#i-export",
            Self::Filter => "#i-filter",
            Self::Flows => "#i-flows",
            Self::Fold => "#i-fold",
            Self::Left => "#i-left",
            Self::Link => "#i-link",
            Self::Mark => "#i-mark",
            Self::Out => "#i-out",
            Self::Overview => "#i-overview",
            Self::Pause => "#i-pause",
            Self::Play => "#i-play",
            Self::Plus => "#i-plus",
            Self::Replay => "#i-replay",
            Self::Right => "#i-right",
            Self::Search => "#i-search",
            Self::Silence => "#i-silence",
            Self::Sql => "#i-sql",
            Self::Stop => "#i-stop",
            Self::System => "#i-system",
            Self::Theme => "#i-theme",
            Self::Topic => "#i-topic",
            Self::Up => "#i-up",
            Self::X => "#i-x",
        }
    }
}

/// An icon beside a word; what it means is in the word.
#[component]
pub(crate) fn Ico(
    /// What it shows.
    icon: Icon,
    /// Its class, where `i` alone is not right.
    #[prop(default = "i")]
    class: &'static str,
) -> impl IntoView {
    view! { <svg class=class aria-hidden="true"><use href=icon.reference()></use></svg> }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_picture_that_is_named_is_drawn_in_index_html() {
        let index = include_str!("../../index.html");
        for source in [include_str!("icon.rs"), include_str!("state.rs")] {
            for name in source.split("=> \"#").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(index.contains(&format!("<symbol id=\"{name}\"")), "{name} is not in index.html");
            }
        }
    }
}
