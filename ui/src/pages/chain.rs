//! Chain: what happened to an ID.

use leptos::prelude::*;

/// The page.
#[component]
pub(crate) fn Chain() -> impl IntoView {
    view! { <div class="page"></div> }
}
