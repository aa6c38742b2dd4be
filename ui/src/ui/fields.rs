//! Fields of a form: each writes one part of a draft. They hold what was typed themselves; the draft follows.

use leptos::prelude::*;

/// A part of the draft that is text, a part that is on or off.
pub(crate) type Text<D> = fn(&mut D) -> &mut String;
pub(crate) type Switch<D> = fn(&mut D) -> &mut bool;

/// A field without a label of its own.
pub(crate) fn input<D>(draft: RwSignal<D>, of: Text<D>, class: &'static str, label: &'static str) -> AnyView
where
    D: Clone + Send + Sync + 'static,
{
    let first = draft.with_untracked(|draft| of(&mut draft.clone()).clone());
    let write = move |event| draft.update(|draft| *of(draft) = event_target_value(&event));
    view! { <input class=class aria-label=label autocomplete="off" spellcheck="false" value=first on:input=write/> }
        .into_any()
}

/// A box to tick, with words and perhaps a field in them.
pub(crate) fn tick<D>(draft: RwSignal<D>, of: Switch<D>, words: impl IntoView + 'static) -> AnyView
where
    D: Clone + Send + Sync + 'static,
{
    let is = Signal::derive(move || draft.with(|draft| *of(&mut draft.clone())));
    ticked(is, Box::new(move |ticked| draft.update(|draft| *of(draft) = ticked)), words.into_any())
}

/// The same for what is no part of a draft: whether it is ticked, and what a press does.
pub(crate) fn ticked(is: Signal<bool>, set: Box<dyn Fn(bool)>, words: AnyView) -> AnyView {
    view! {
        <label class="tick"><input type="checkbox" class="check" prop:checked=is on:change=move |event| set(event_target_checked(&event))/><span>{words}</span></label>
    }
    .into_any()
}

/// A group of fields under a name.
pub(crate) fn group(name: &'static str, content: impl IntoView + 'static) -> AnyView {
    grouped(name, content.into_any())
}

fn grouped(name: &'static str, content: AnyView) -> AnyView {
    view! { <fieldset class="ask"><legend>{name}</legend>{content}</fieldset> }.into_any()
}
