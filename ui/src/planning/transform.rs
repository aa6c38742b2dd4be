//! A program that changes all events, tried on the first few of them.

use leptos::prelude::*;
use tapline_api::{ChangePreview, Select, TryChange};

use super::{
    difference::{Fate, difference},
    draft::Draft,
};
use crate::{
    api::{act, failure::Failure},
    format::address::readable,
    ui::{Button, Sentence},
};

/// What the program made of some events.
type Tried = RwSignal<Option<Result<Vec<ChangePreview>, Failure>>>;

/// The program and what it makes.
#[component]
pub(super) fn TransformForm(select: Select, draft: RwSignal<Draft>) -> impl IntoView {
    let (tried, busy): (Tried, _) = (RwSignal::new(None), RwSignal::new(false));
    let first = draft.with_untracked(|draft| draft.transform.clone());
    let write = move |event| draft.update(|draft| draft.transform = event_target_value(&event));
    let empty = Signal::derive(move || busy.get() || draft.with(|draft| draft.transform.trim().is_empty()));
    let run = move |_| {
        let transform = draft.with_untracked(|draft| draft.transform.trim().to_owned());
        busy.set(true);
        act::post(
            "/api/v1/replays/preview".to_owned(),
            &TryChange { select: select.clone(), transform },
            move |answer| {
                tried.try_set(Some(answer));
                busy.try_set(false);
            },
        );
    };
    view! {
        <textarea class="input area mono" rows="3" aria-label="Program" spellcheck="false" placeholder=".payload.card.type = \"VISA\"" prop:value=first on:input=write></textarea>
        <span class="row"><Button text="Try it" small=true disabled=empty on_press=run/>
            <small class="t3">"jq over "<code>"{key, headers, payload}"</code>"; what it does not touch stays byte for byte"</small></span>
        {move || tried.get().map(outcome)}
    }
}

fn outcome(tried: Result<Vec<ChangePreview>, Failure>) -> AnyView {
    match tried {
        Err(failure) => view! { <p class="bad small" role="alert"><Sentence text=failure.detail/></p> }.into_any(),
        Ok(previews) if previews.is_empty() => view! { <p class="small t2">"No event matches."</p> }.into_any(),
        Ok(previews) => previews.into_iter().map(preview).collect_view().into_any(),
    }
}

fn preview(one: ChangePreview) -> AnyView {
    let changed = match (&one.after, one.error) {
        (_, Some(error)) => view! { <p class="bad small"><Sentence text=error/></p> }.into_any(),
        (Some(after), None) => changes(&one.before, after),
        (None, None) => ().into_any(),
    };
    view! { <div class="tried"><span class="id" title=one.address.clone()>{readable(&one.address)}</span>{changed}</div> }
        .into_any()
}

/// Two texts, the lines that differ and those around them.
pub(super) fn changes(before: &str, after: &str) -> AnyView {
    let line = |(fate, line): (Fate, String)| {
        let (class, sign) = match fate {
            Fate::Gone => ("del", "−"),
            Fate::Come => ("add", "+"),
            Fate::Same => ("", " "),
            Fate::Skipped => ("c", " "),
        };
        view! { <div class=class>{format!("{sign} {line}")}</div> }
    };
    let lines = difference(before, after);
    if lines.is_empty() {
        return view! { <p class="small t3">"Nothing changed."</p> }.into_any();
    }
    view! { <div class="tree changed" tabindex="0">{lines.into_iter().map(line).collect_view()}</div> }.into_any()
}
