//! One event, edited by hand: key, headers, payload, and what that changes.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Edit, EventDetail, ItemEdit};

use super::{
    edit::{Original, Parts},
    transform::changes,
};
use crate::{
    api::load::use_load,
    react::{effect, memo},
    state::url::event_path,
    ui::Loaded,
};

/// What was edited so far: an error says why it cannot be sent.
pub(super) type Edited = RwSignal<Result<Vec<ItemEdit>, String>>;

/// The fields of an event.
#[component]
pub(super) fn EditForm(address: String, first: Option<Edit>, edited: Edited) -> impl IntoView {
    let path = event_path(&address);
    let load = use_load::<EventDetail>(move || Some(path.clone()));
    let show = move |event: Arc<EventDetail>| {
        view! { <Fields original=Original::of(&event) address=address.clone() first=first.clone() edited/> }
    };
    view! { <Loaded load what="This event" show/> }
}

#[component]
fn Fields(original: Original, address: String, first: Option<Edit>, edited: Edited) -> impl IntoView {
    let parts = RwSignal::new(first.map_or_else(|| original.parts.clone(), |edit| original.with(&edit)));
    let (begun, whole) = (parts.get_untracked(), original.parts.whole());
    let edit = memo(move || parts.with(|parts| original.edit(parts)));
    effect(move || {
        let items = |edit: Edit| ItemEdit { address: address.clone(), edit };
        edited.set(edit.get().map(|edit| edit.map(items).into_iter().collect()));
    });
    let shown = move || match edit.get() {
        Err(why) => view! { <p class="bad small" role="alert">{why}</p> }.into_any(),
        Ok(_) => parts.with(|parts| changes(&whole, &parts.whole())),
    };
    view! {
        {field("Key", 1, begun.key, parts, |parts, text| parts.key = Some(text))}
        {field("Headers", 5, Some(begun.headers), parts, |parts, text| parts.headers = text)}
        {field("Payload", 10, begun.payload, parts, |parts, text| parts.payload = Some(text))}
        {shown}
    }
}

fn field(
    name: &'static str,
    rows: u32,
    first: Option<String>,
    parts: RwSignal<Parts>,
    set: fn(&mut Parts, String),
) -> AnyView {
    let Some(first) = first else {
        let why = format!("{name}: no text, or too large to edit here; it stays byte for byte.");
        return view! { <p class="small t3">{why}</p> }.into_any();
    };
    let write = move |event| parts.update(|parts| set(parts, event_target_value(&event)));
    view! {
        <label class="field"><span>{name}</span>
            <textarea class="input area mono" rows=rows.to_string() spellcheck="false" prop:value=first on:input=write></textarea></label>
    }
    .into_any()
}
