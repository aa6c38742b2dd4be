//! A dialog over the page: the browser's own, which keeps the focus inside and closes by Esc.

use leptos::{html, prelude::*};

use crate::{
    keyboard::{Command, use_commands},
    react::effect,
};

/// A dialog with a title.
#[component]
pub(crate) fn Dialog(
    /// Whether it is open; set to false when it is closed from inside.
    open: RwSignal<bool>,
    /// What it is about.
    #[prop(into)]
    title: String,
    /// Wide enough for a form.
    #[prop(optional)]
    wide: bool,
    /// Its content.
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    effect(move || {
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
    // As long as it is open the keys of the page are its own.
    let content = move || {
        open.get().then(|| {
            use_commands(move |command| {
                if command == Command::Close {
                    open.set(false);
                }
                true
            });
            children()
        })
    };
    let label = title.clone();
    view! {
        <dialog class="dialog" class:wide=wide node_ref=element aria-label=label on:close=move |_| open.set(false) on:click=press>
            <div><h2>{title}</h2>{content}</div>
        </dialog>
    }
}
