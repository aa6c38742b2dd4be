//! System: how Tapline itself stands.

use leptos::prelude::*;

/// The page.
#[component]
pub(crate) fn System() -> impl IntoView {
    view! { <div class="page"></div> }
}
