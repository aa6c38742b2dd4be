//! Fields of the form: each writes one part of the draft. They hold what was typed themselves; the draft follows.

use leptos::prelude::*;

use super::draft::Draft;

/// A part of the draft that is text, a part that is on or off.
pub(super) type Text = fn(&mut Draft) -> &mut String;
pub(super) type Switch = fn(&mut Draft) -> &mut bool;

/// A field without a label of its own.
pub(super) fn input(draft: RwSignal<Draft>, of: Text, class: &'static str, label: &'static str) -> AnyView {
    let first = draft.with_untracked(|draft| of(&mut draft.clone()).clone());
    let write = move |event| draft.update(|draft| *of(draft) = event_target_value(&event));
    view! { <input class=class aria-label=label autocomplete="off" spellcheck="false" value=first on:input=write/> }
        .into_any()
}

/// A box to tick, with words and perhaps a field in them.
pub(super) fn tick(draft: RwSignal<Draft>, of: Switch, words: impl IntoView + 'static) -> AnyView {
    ticked(draft, of, words.into_any())
}

fn ticked(draft: RwSignal<Draft>, of: Switch, words: AnyView) -> AnyView {
    let is = move || draft.with(|draft| *of(&mut draft.clone()));
    let write = move |event| draft.update(|draft| *of(draft) = event_target_checked(&event));
    view! {
        <label class="tick"><input type="checkbox" class="check" prop:checked=is on:change=write/><span>{words}</span></label>
    }
    .into_any()
}

/// A group of fields under a name.
pub(super) fn group(name: &'static str, content: impl IntoView + 'static) -> AnyView {
    grouped(name, content.into_any())
}

fn grouped(name: &'static str, content: AnyView) -> AnyView {
    view! { <fieldset class="ask"><legend>{name}</legend>{content}</fieldset> }.into_any()
}
