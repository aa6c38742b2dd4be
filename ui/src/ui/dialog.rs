//! A dialog over the page: the browser's own, which keeps the focus inside and closes by Esc.

use leptos::{html, prelude::*};

/// A dialog with a title.
#[component]
pub(crate) fn Dialog(
    /// Whether it is open; set to false when it is closed from inside.
    open: RwSignal<bool>,
    /// What it is about.
    #[prop(into)]
    title: String,
    /// Its content.
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        match (open.get(), element.open()) {
            (true, false) => drop(element.show_modal()),
            (false, true) => element.close(),
            _ => {}
        }
    });
    let press = move |event: leptos::ev::MouseEvent| {
        if event.target() == element.get_untracked().map(|element| element.into()) {
            open.set(false);
        }
    };
    let label = title.clone();
    view! {
        <dialog class="dialog" node_ref=element aria-label=label on:close=move |_| open.set(false) on:click=press>
            <div><h2>{title}</h2>{move || open.get().then(|| children())}</div>
        </dialog>
    }
}
