//! The browser's history: where the page is, steps to elsewhere, links that stay inside it. What an address means
//! belongs to [`super::url`].

use leptos::{
    ev::{self, MouseEvent},
    prelude::*,
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, History, HtmlAnchorElement};

/// Where the page is, as the browser writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Path, percent-encoded.
    pub(super) path: String,
    /// With its `?`, or empty.
    pub(super) search: String,
}

impl Place {
    fn now() -> Self {
        let location = window().location();
        Self { path: location.pathname().unwrap_or_default(), search: location.search().unwrap_or_default() }
    }

    fn is(&self, path: &str) -> bool {
        path.strip_prefix(self.path.as_str()).is_some_and(|rest| rest == self.search)
    }
}

/// The place, followed as links, Back and [`go`] change it.
pub(super) fn follow() -> RwSignal<Place> {
    let place = RwSignal::new(Place::now());
    let clicks = window_event_listener(ev::click, move |event| {
        if let Some(to) = inside(&event) {
            event.prevent_default();
            go(place, &to, false, &JsValue::NULL);
        }
    });
    let returns = window_event_listener(ev::popstate, move |_| place.set(Place::now()));
    on_cleanup(move || {
        clicks.remove();
        returns.remove();
    });
    place
}

/// Goes to a path with its query. In place, or as a step that Back undoes; the same place again is no step.
pub(super) fn go(place: RwSignal<Place>, to: &str, replace: bool, state: &JsValue) {
    let Some(history) = history() else { return };
    let _refused_only_by_a_browser_under_attack = if replace {
        history.replace_state_with_url(state, "", Some(to))
    } else if Place::now().is(to) {
        Ok(())
    } else {
        history.push_state_with_url(state, "", Some(to))
    };
    place.set(Place::now());
}

/// The browser's history, where a page may have one.
pub(super) fn history() -> Option<History> {
    window().history().ok()
}

/// Where a press on a link leads, if that is inside this page. Any other press is the browser's.
fn inside(event: &MouseEvent) -> Option<String> {
    let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || elsewhere {
        return None;
    }
    let pressed = event.target()?.dyn_into::<Element>().ok()?;
    let link: HtmlAnchorElement = pressed.closest("a[href]").ok()??.dyn_into().ok()?;
    let leaves = !link.target().is_empty() || link.has_attribute("download");
    let here = window().location().origin().ok()?;
    (!leaves && link.origin() == here && link.hash().is_empty())
        .then(|| format!("{}{}", link.pathname(), link.search()))
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_place_is_its_path_and_query() {
        let place = |path: &str, search: &str| Place { path: path.to_owned(), search: search.to_owned() };
        assert!(place("/events", "?a=b").is("/events?a=b") && place("/", "").is("/"));
        assert!(!place("/events", "").is("/events?a=b") && !place("/events", "?a=b").is("/events"));
        assert!(!place("/", "").is("/events"));
    }
}
