//! Overview: is everything all right.

use leptos::prelude::*;

/// The page.
#[component]
pub(crate) fn Overview() -> impl IntoView {
    view! { <div class="page"></div> }
}
