//! Rows of a table of any length: only those in view are drawn, between two fillers that keep the scrollbar true. Works
//! in whatever scrolls around it.

use std::{ops::Range, sync::Arc};

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};

use crate::react::effect;

/// Rows drawn beyond the view on each side.
pub(crate) const SPARE: usize = 12;

/// The rows to draw for a body that begins `top` pixels below the upper edge of the view (negative when scrolled
/// past) in a view of `view` pixels.
pub(crate) fn window_of(top: f64, view: f64, row: f64, count: usize) -> Range<usize> {
    let first = ((-top / row).floor().max(0.0) as usize).saturating_sub(SPARE).min(count);
    let last = ((view - top) / row).ceil().max(0.0) as usize + SPARE;
    first..last.min(count).max(first)
}

/// The body of a table with rows of one height.
#[component]
pub(crate) fn Rows<V>(
    /// How many there are.
    #[prop(into)]
    count: Signal<usize>,
    /// Height of each in pixels.
    #[prop(default = 28.0)]
    height: f64,
    /// What a row is: the same key keeps its row. Gets its index; signals that it reads are followed.
    key: impl Fn(usize) -> String + Clone + Send + Sync + 'static,
    /// Draws a row, a `tr`; gets its index.
    row: impl Fn(usize) -> V + Clone + Send + Sync + 'static,
    /// Gets the rows in view whenever they change.
    #[prop(default = Callback::new(|_| ()))]
    on_view: Callback<Range<usize>>,
) -> impl IntoView
where
    V: IntoView + 'static,
{
    // What follows is compiled once, not once a table: it is a good part of the program's size.
    let row = move |index| row(index).into_any();
    body(count, height, Arc::new(key), Arc::new(row), on_view)
}

type Key = Arc<dyn Fn(usize) -> String + Send + Sync>;
type Row = Arc<dyn Fn(usize) -> AnyView + Send + Sync>;

fn body(count: Signal<usize>, height: f64, key: Key, row: Row, on_view: Callback<Range<usize>>) -> AnyView {
    let body = NodeRef::<html::Tbody>::new();
    let shown = RwSignal::new(0..count.get_untracked().min(60));
    let measure = move || {
        let Some(body) = body.try_get_untracked().flatten() else { return };
        let view = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(1000.0);
        let range = window_of(
            body.get_bounding_client_rect().top(),
            view,
            height,
            count.try_get_untracked().unwrap_or_default(),
        );
        if shown.try_with_untracked(|shown| *shown != range) == Some(true) {
            shown.set(range.clone());
            on_view.run(range);
        }
    };
    on_scroll(measure);
    effect(move || {
        count.track();
        body.track();
        measure();
        // What stood above may go with what came: the place is right only after the next layout.
        request_animation_frame(measure);
    });
    let filler = move |rows: usize| {
        (rows > 0).then(|| view! { <tr class="filler" aria-hidden="true"><td style:height=format!("{}px", rows as f64 * height)></td></tr> })
    };
    let range = move || {
        let (range, count) = (shown.get(), count.get());
        range.start.min(count)..range.end.min(count)
    };
    let keyed = move || range().map(|index| (index, key(index))).collect::<Vec<_>>();
    view! {
        <tbody node_ref=body>
            {move || filler(range().start)}
            <For each=keyed key=|(_, key): &(usize, String)| key.clone() children=move |(index, _)| row(index)/>
            {move || filler(count.get().saturating_sub(range().end))}
        </tbody>
    }
    .into_any()
}

/// Scroll events do not bubble, so they are caught on their way down.
pub(crate) fn on_scroll(measure: impl Fn() + Copy + 'static) {
    let waiting = StoredValue::new_local(false);
    let listener = Closure::<dyn FnMut()>::new(move || {
        if waiting.try_get_value() == Some(false) {
            waiting.set_value(true);
            request_animation_frame(move || {
                if waiting.try_set_value(false).is_none() {
                    measure();
                }
            });
        }
    });
    let window = window();
    let callback = listener.as_ref().unchecked_ref::<js_sys::Function>().clone();
    let names = ["scroll", "resize"];
    for name in names {
        let _valid = window.add_event_listener_with_callback_and_bool(name, &callback, true);
    }
    let kept = StoredValue::new_local((listener, callback));
    on_cleanup(move || {
        kept.with_value(|(_, callback)| {
            for name in names {
                let _valid =
                    leptos::prelude::window().remove_event_listener_with_callback_and_bool(name, callback, true);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_in_view_and_a_few_more_are_drawn() {
        assert_eq!(window_of(400.0, 1000.0, 28.0, 10_000), 0..34);
        assert_eq!(window_of(-28_000.0, 1000.0, 28.0, 10_000), 988..1048);
        assert_eq!(window_of(-279_000.0, 1000.0, 28.0, 10_000), 9952..10_000);
    }

    #[test]
    fn a_list_that_shrank_or_is_below_the_view_draws_nothing_wrong() {
        assert_eq!(window_of(-28_000.0, 1000.0, 28.0, 5), 5..5);
        assert_eq!(window_of(5_000.0, 1000.0, 28.0, 100), 0..12);
        assert_eq!(window_of(0.0, 1000.0, 28.0, 0), 0..0);
    }
}
