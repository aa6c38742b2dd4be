//! A menu that opens below its button, closes by Esc, by choosing and by a press elsewhere, and is walked by arrow keys.

use leptos::{
    ev::{FocusEvent, KeyboardEvent, MouseEvent},
    html,
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// A button with a menu.
#[component]
pub(crate) fn Menu(
    /// Class of the button.
    #[prop(default = "btn")]
    class: &'static str,
    /// What the button does, where its content does not say it.
    #[prop(optional, into)]
    label: String,
    /// Content of the button.
    button: ViewFn,
    /// Whether the menu hangs from the right edge of the button.
    #[prop(optional)]
    from_right: bool,
    /// Items: elements of class `item`, focusable.
    children: ChildrenFn,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let root = NodeRef::<html::Div>::new();
    let keys = move |event: KeyboardEvent| on_key(&event, open, root);
    let leave = move |event: FocusEvent| {
        let into = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        let inside = root.get_untracked().is_some_and(|root| root.contains(into.as_ref()));
        if !inside && into.is_some() {
            open.set(false);
        }
    };
    close_by_press_elsewhere(open, root);
    let place = if from_right { "menu pop from-right" } else { "menu pop" };
    view! {
        <div class="menu-root" node_ref=root on:keydown=keys on:focusout=leave>
            <button
                type="button"
                class=class
                aria-haspopup="menu"
                aria-expanded=move || open.get().to_string()
                aria-label=(!label.is_empty()).then_some(label)
                on:click=move |_| open.update(|open| *open = !*open)
            >
                {button.run()}
            </button>
            {move || open.get().then(|| {
                let children = std::sync::Arc::clone(&children);
                view! { <div class=place role="menu" on:click=move |event| close_unless_kept(&event, open)>{children()}</div> }
            })}
        </div>
    }
}

/// A press inside an element of class `keep` leaves the menu open.
fn close_unless_kept(event: &MouseEvent, open: RwSignal<bool>) {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let kept = target.and_then(|target| target.closest(".keep").ok().flatten()).is_some();
    if !kept {
        open.set(false);
    }
}

fn close_by_press_elsewhere(open: RwSignal<bool>, root: NodeRef<html::Div>) {
    let handle = window_event_listener(leptos::ev::pointerdown, move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        if open.get_untracked() && !root.get_untracked().is_some_and(|root| root.contains(target.as_ref())) {
            open.set(false);
        }
    });
    on_cleanup(move || handle.remove());
}

fn on_key(event: &KeyboardEvent, open: RwSignal<bool>, root: NodeRef<html::Div>) {
    let Some(root) = root.get_untracked() else { return };
    match event.key().as_str() {
        "Escape" if open.get_untracked() => {
            open.set(false);
            event.stop_propagation();
            if let Ok(Some(button)) = root.query_selector("button") {
                focus(button);
            }
        }
        "ArrowDown" | "ArrowUp" if open.get_untracked() => {
            event.prevent_default();
            step(&root, event.key() == "ArrowDown");
        }
        _ => {}
    }
}

fn step(root: &HtmlElement, down: bool) {
    let Ok(items) = root.query_selector_all(".menu .item") else { return };
    let active = document().active_element();
    let count = items.length();
    let at = (0..count).find(|index| {
        items.item(*index).as_ref().map(AsRef::as_ref) == active.as_ref().map(AsRef::<web_sys::Node>::as_ref)
    });
    let next = match (at, down) {
        (None, true) => 0,
        (None, false) => count.saturating_sub(1),
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
    };
    if let Some(item) = items.item(next).and_then(|item| item.dyn_into::<web_sys::Element>().ok()) {
        focus(item);
    }
}

/// Focuses an element that can be focused.
pub(crate) fn focus(element: web_sys::Element) {
    if let Ok(element) = element.dyn_into::<HtmlElement>() {
        let _only_fails_when_it_is_gone = element.focus();
    }
}

/// One choice of a menu.
#[component]
pub(crate) fn Item(
    /// What it says.
    #[prop(into)]
    text: String,
    /// Beside it, in grey.
    #[prop(optional, into)]
    note: String,
    /// Whether it is the present choice.
    #[prop(optional, into)]
    chosen: Signal<bool>,
    /// What it does.
    on_choose: impl Fn() + 'static,
) -> impl IntoView {
    // Compiled once, not once a call.
    item(text, note, chosen, Box::new(on_choose))
}

fn item(text: String, note: String, chosen: Signal<bool>, on_choose: Box<dyn Fn()>) -> AnyView {
    view! {
        <button type="button" class="item" role="menuitem" class:on=chosen aria-current=move || chosen.get().then_some("true") on:click=move |_| on_choose()>
            {text}
            {(!note.is_empty()).then(|| view! { <span class="end">{note}</span> })}
        </button>
    }
    .into_any()
}
