//! SQL.

use leptos::prelude::*;

/// The page.
#[component]
pub(crate) fn Sql() -> impl IntoView {
    view! { <div class="page"></div> }
}
