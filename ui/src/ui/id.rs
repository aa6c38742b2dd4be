//! An ID: monospace, shortened in the middle, a link to its chain.

use leptos::prelude::*;

use crate::{
    format::id::middle,
    state::url::{chain_path, use_address},
};

/// A link to the chain of an ID.
#[component]
pub(crate) fn IdLink(
    /// The ID: `name=value` or a bare value.
    #[prop(into)]
    id: String,
    /// What to show when it is not the whole ID.
    #[prop(optional, into)]
    text: Option<String>,
    /// Characters to show.
    #[prop(default = 36)]
    limit: usize,
) -> impl IntoView {
    let address = use_address();
    let shown = middle(text.as_deref().unwrap_or(&id), limit);
    let path = chain_path(&id);
    view! { <a class="id" href=move || address.link(&path) title=id on:click=|event| event.stop_propagation()>{shown}</a> }
}
