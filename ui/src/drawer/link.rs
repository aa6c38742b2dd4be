//! A link from one event to another: the drawer steps there.

use leptos::{ev::MouseEvent, prelude::*};

use super::open;
use crate::state::url::use_address;

/// A link to another event. A plain press is a step of the drawer, as `j` is: Back closes it. Any other press is the
/// browser's, which opens the address elsewhere.
#[component]
pub(super) fn EventLink(
    /// The event's address.
    #[prop(into)]
    to: String,
    /// What is read.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let address = use_address();
    let (title, event) = (to.clone(), to.clone());
    let href = move || {
        let mut query = address.query.get();
        query.set("event", Some(&to));
        query.on(&address.path.get())
    };
    let press = move |press: MouseEvent| {
        if !(press.ctrl_key() || press.meta_key() || press.shift_key() || press.alt_key()) {
            press.prevent_default();
            open(address, Some(&event));
        }
    };
    view! { <a class="id" href=href title=title on:click=press>{text}</a> }
}
