//! All keys, by `?`.

use leptos::prelude::*;

use crate::{keyboard::KEYS, ui::dialog::Dialog};

/// The dialog that shows them.
#[component]
pub(super) fn KeysDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let row = |(keys, what): &(&'static [&'static str], &'static str)| {
        let keys = keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view();
        view! { <dt>{keys}</dt><dd>{*what}</dd> }
    };
    view! { <Dialog open title="Keys"><dl class="kv keys-list">{KEYS.iter().map(row).collect_view()}</dl></Dialog> }
}
