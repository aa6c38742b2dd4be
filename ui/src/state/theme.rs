//! Dark or light: the system's choice until someone switches. Colours themselves are styles/tokens.css.

use leptos::prelude::*;

use crate::react::effect;

use super::settings::{recall, remember};

/// Who chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Nobody: follow the system.
    System,
    /// The user.
    Light,
    /// The user.
    Dark,
}

impl Theme {
    fn parse(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The theme in force and a way to switch it.
#[derive(Clone, Copy)]
pub(crate) struct ThemeSwitch(RwSignal<Theme>);

/// The switch, from anywhere below [`provide_theme`].
pub(crate) fn use_theme() -> ThemeSwitch {
    expect_context()
}

/// Makes [`use_theme`] answer. `?theme=` of the first address wins, so that a picture of the page can be asked for.
pub(crate) fn provide_theme() {
    let asked = window().location().search().ok().map(|text| super::url::Query::parse(&text));
    let asked = asked.as_ref().and_then(|query| query.get("theme")).map(Theme::parse);
    let theme =
        RwSignal::new(asked.or_else(|| recall("theme").map(|word| Theme::parse(&word))).unwrap_or(Theme::System));
    effect(move || apply(theme.get()));
    provide_context(ThemeSwitch(theme));
}

fn apply(theme: Theme) {
    let Some(root) = document().document_element() else { return };
    let _only_fails_for_an_invalid_name = match theme {
        Theme::System => root.remove_attribute("data-theme"),
        _ => root.set_attribute("data-theme", theme.word()),
    };
}

impl ThemeSwitch {
    /// From dark to light or back, whichever is shown.
    pub(crate) fn flip(self) {
        let dark = match self.0.get_untracked() {
            Theme::Dark => true,
            Theme::Light => false,
            Theme::System => system_is_dark(),
        };
        let theme = if dark { Theme::Light } else { Theme::Dark };
        remember("theme", theme.word());
        self.0.set(theme);
    }
}

fn system_is_dark() -> bool {
    window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches())
}
