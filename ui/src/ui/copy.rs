//! Copying, with a word about it.

use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{
    icon::{Ico, Icon},
    toast::{Toasts, use_toasts},
};

/// Puts a text on the clipboard and says so.
pub(crate) fn copy(text: String, toasts: Toasts) {
    leptos::task::spawn_local(async move {
        let written = JsFuture::from(window().navigator().clipboard().write_text(&text)).await;
        match written {
            Ok(_) => toasts.say("Copied"),
            Err(_) => toasts.say("The browser does not let this page copy: select the text instead"),
        }
    });
}

/// A small button that copies.
#[component]
pub(crate) fn Copy(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// What it is, as in "Copy address".
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let toasts = use_toasts();
    let press = move |event: leptos::ev::MouseEvent| {
        event.stop_propagation();
        copy(text.get_untracked(), toasts);
    };
    view! { <button type="button" class="copy" aria-label=label.clone() title=label on:click=press><Ico icon=Icon::Copy/></button> }
}
