//! An address that no page has.

use leptos::prelude::*;

use crate::{state::url::use_address, ui::Answer};

/// The page.
#[component]
pub(crate) fn Nowhere() -> impl IntoView {
    let address = use_address();
    let headline = move || format!("No page has the address `{}`.", address.path.get());
    view! {
        <div class="page">
            <Answer headline=Signal::derive(headline) detail="Any ID, topic, group, type or page can be found in the box above.">
                <a class="btn" href=move || address.link("/")>"Overview"</a>
            </Answer>
        </div>
    }
}
