//! Events.

use leptos::prelude::*;

/// The page.
#[component]
pub(crate) fn Events() -> impl IntoView {
    view! { <div class="page"></div> }
}
