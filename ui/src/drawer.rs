//! One event, everything about it, at the right of any page: opened by `?event=<address>`.

use leptos::prelude::*;

use crate::state::url::{Address, use_address};

/// Addresses of what the page lists, in its order: what the drawer steps through.
#[derive(Clone, Copy)]
pub(crate) struct Neighbours(pub(crate) RwSignal<Vec<String>>);

/// Makes the neighbours known; pages fill them.
pub(crate) fn provide_neighbours() {
    provide_context(Neighbours(RwSignal::new(Vec::new())));
}

/// Opens the drawer for an event, or closes it.
pub(crate) fn open(address: Address, event: Option<&str>) {
    let was_open = address.query.with_untracked(|query| query.get("event").is_some());
    let change = |query: &mut crate::state::url::Query| query.set("event", event);
    // Stepping from one event to the next is no step of its own: Back closes the drawer.
    if was_open && event.is_some() { address.replace(change) } else { address.push(change) }
}

/// The drawer.
#[component]
pub(crate) fn EventDrawer() -> impl IntoView {
    let address = use_address();
    let event = address.get("event");
    move || event.get().map(|event| view! { <aside class="drawer">{event}</aside> })
}
