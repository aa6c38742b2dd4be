//! A long list that is one stop for Tab: arrows walk through its rows and the two parts of each.

use std::ops::Range;

use leptos::{ev::KeyboardEvent, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::{react::memo, ui::rows::SPARE};

/// Height of a row in pixels.
const ROW: i32 = 28;

/// What of a row has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The box that picks it.
    Pick,
    /// What opens it.
    Event,
}

/// Where in the list Tab stops.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    /// What scrolls.
    pub(super) list: NodeRef<html::Div>,
    /// The row and its part that had the focus last.
    pub(super) at: RwSignal<(usize, Part)>,
    /// Rows that are drawn.
    pub(super) drawn: RwSignal<Range<usize>>,
    stop: Memo<(usize, Part)>,
    count: usize,
}

impl Walk {
    /// Begins at the row that is opened, else at the first.
    pub(super) fn new(count: usize, opened: Option<usize>) -> Self {
        let (at, drawn) = (RwSignal::new((opened.unwrap_or(0), Part::Event)), RwSignal::new(0..0));
        let stop = memo(move || {
            let (row, part) = at.get();
            (drawn.with(|drawn| within(row, drawn)), part)
        });
        Self { list: NodeRef::new(), at, drawn, stop, count }
    }

    /// The `tabindex` of a part of a row.
    pub(super) fn stop(self, row: usize, part: Part) -> impl Fn() -> &'static str + Clone + Send + 'static {
        move || if self.stop.get() == (row, part) { "0" } else { "-1" }
    }

    /// Goes where a key leads to.
    pub(super) fn hear(self, event: &KeyboardEvent) {
        let target = event.target().and_then(|it| it.dyn_into::<HtmlElement>().ok());
        let in_row = target.is_some_and(|it| it.closest("tbody").is_ok_and(|body| body.is_some()));
        let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
        if let Some(next) = next(self.at.get_untracked(), self.count, &event.key()).filter(|_| in_row && !modified) {
            event.prevent_default();
            self.at.set(next);
            self.focus(next);
        }
    }

    /// A row out of view is drawn only once it was scrolled to.
    fn focus(self, (row, part): (usize, Part)) {
        let Some(list) = self.list.get_untracked() else { return };
        let find = move || {
            let tag = if part == Part::Pick { "input" } else { "button" };
            let list = self.list.try_get_untracked().flatten()?;
            list.query_selector(&format!("[data-row='{row}'] {tag}")).ok()??.dyn_into::<HtmlElement>().ok()
        };
        let focus = move || find().map(|element| element.focus());
        if focus().is_none() {
            list.set_scroll_top(i32::try_from(row).unwrap_or_default() * ROW);
            request_animation_frame(move || request_animation_frame(move || drop(focus())));
        }
    }
}

/// The row itself, or where it is not drawn the first in view: Tab finds nothing else.
fn within(row: usize, drawn: &Range<usize>) -> usize {
    match drawn.is_empty() || drawn.contains(&row) {
        true => row,
        false if drawn.start == 0 => 0,
        false => (drawn.start + SPARE).min(drawn.end - 1),
    }
}

/// Where a key leads to; nothing for keys that mean nothing here.
fn next((row, part): (usize, Part), count: usize, key: &str) -> Option<(usize, Part)> {
    let last = count.checked_sub(1)?;
    Some(match key {
        "ArrowDown" => ((row + 1).min(last), part),
        "ArrowUp" => (row.saturating_sub(1), part),
        "Home" => (0, part),
        "End" => (last, part),
        "ArrowLeft" => (row, Part::Pick),
        "ArrowRight" => (row, Part::Event),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_walk_and_stop_at_the_ends() {
        let at = |row| (row, Part::Event);
        assert_eq!(next(at(0), 3, "ArrowDown"), Some(at(1)));
        assert_eq!((next(at(2), 3, "ArrowDown"), next(at(0), 3, "ArrowUp")), (Some(at(2)), Some(at(0))));
        assert_eq!((next(at(1), 3, "Home"), next(at(1), 3, "End")), (Some(at(0)), Some(at(2))));
        assert_eq!(next(at(1), 3, "ArrowLeft"), Some((1, Part::Pick)));
        assert_eq!((next(at(0), 0, "ArrowDown"), next(at(0), 3, "j")), (None, None));
    }

    #[test]
    fn tab_stops_at_a_row_that_is_drawn() {
        assert_eq!([within(5, &(0..30)), within(5, &(0..0))], [5, 5]);
        assert_eq!([within(80, &(0..30)), within(5, &(100..160)), within(5, &(100..105))], [0, 112, 104]);
    }
}
