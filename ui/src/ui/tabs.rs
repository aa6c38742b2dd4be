//! Tabs: links, so that each has an address; walked by arrow keys.

use leptos::{ev::KeyboardEvent, html, prelude::*};
use wasm_bindgen::JsCast;

use super::menu::focus;

/// A row of tabs.
#[component]
pub(crate) fn Tabs(
    /// What they show, for those who do not see it.
    label: &'static str,
    /// Value and word of each tab.
    tabs: &'static [(&'static str, &'static str)],
    /// The value of the open one.
    #[prop(into)]
    open: Signal<String>,
    /// Inside a panel.
    #[prop(optional)]
    inside: bool,
    /// The address of a tab.
    href: impl Fn(&'static str) -> String + Copy + Send + Sync + 'static,
    /// What stands at the right end.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let root = NodeRef::<html::Div>::new();
    let tab = move |(value, word): &(&'static str, &'static str)| {
        let (value, word) = (*value, *word);
        let selected = Signal::derive(move || open.with(|open| open == value));
        view! {
            <a role="tab" href=move || href(value) aria-selected=move || selected.get().to_string() tabindex=move || if selected.get() { "0" } else { "-1" }>
                {word}
            </a>
        }
    };
    view! {
        <div class=if inside { "tabs in" } else { "tabs" } role="tablist" aria-label=label node_ref=root on:keydown=move |event| walk(&event, root)>
            {tabs.iter().map(tab).collect_view()}
            {children.map(|children| view! { <div class="end" role="presentation">{children()}</div> })}
        </div>
    }
}

fn walk(event: &KeyboardEvent, root: NodeRef<html::Div>) {
    let forward = match event.key().as_str() {
        "ArrowRight" => true,
        "ArrowLeft" => false,
        _ => return,
    };
    let Some(tabs) = root.get_untracked().and_then(|root| root.query_selector_all("[role=tab]").ok()) else { return };
    let active = document().active_element();
    let count = tabs.length();
    let at = (0..count).find(|index| tabs.item(*index).as_ref() == active.as_ref().map(AsRef::<web_sys::Node>::as_ref));
    let Some(at) = at else { return };
    let next = if forward { (at + 1) % count } else { (at + count - 1) % count };
    if let Some(tab) = tabs.item(next).and_then(|tab| tab.dyn_into::<web_sys::Element>().ok()) {
        focus(tab.clone());
        if let Ok(tab) = tab.dyn_into::<web_sys::HtmlElement>() {
            tab.click();
        }
    }
}
