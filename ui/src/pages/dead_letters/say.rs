//! Saying how a cause stands: state, note, and who says so.

use leptos::prelude::*;
use tapline_api::{Cause, CauseDetail, CauseState, SetCause};

use crate::{
    api::{act, failure::Failure},
    state::settings::{remember_who, who as known_who},
    ui::{Button, Icon, Look, Segments, Sentence, dialog::Dialog, toast::use_toasts},
};

/// The button and its dialog, which stays open while numbers move behind it.
#[component]
pub(super) fn SayButton(id: String, known: Memo<Option<Cause>>, said: Callback<()>) -> impl IntoView {
    let open = RwSignal::new(false);
    let is_new = move || known.with(|known| known.as_ref().is_none_or(|it| it.state == CauseState::New));
    let word = move || if is_new() { "Acknowledge" } else { "Change state" };
    let id = StoredValue::new(id);
    view! {
        <Button text=TextProp::from(word) icon=Icon::Check look=Look::Quiet small=true on_press=move |_| open.set(true)/>
        <Dialog open title="How does it stand?"><Form id=id.get_value() known open said/></Dialog>
    }
}

#[component]
fn Form(id: String, known: Memo<Option<Cause>>, open: RwSignal<bool>, said: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let (stands, told) = known.with_untracked(|known| {
        let told = known.as_ref().and_then(|it| it.note.as_ref()?.text.clone());
        (known.as_ref().map_or(CauseState::New, |it| it.state), told.unwrap_or_default())
    });
    let first = if stands == CauseState::New { CauseState::Acknowledged } else { stands };
    let state = RwSignal::new(first.as_str().to_owned());
    let note = RwSignal::new(told);
    let who = RwSignal::new(known_who().unwrap_or_default());
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None::<Failure>));
    let path = super::path(&id, "/state");
    let send = move || {
        let Some(asked) = CauseState::parse(&state.get_untracked()) else { return };
        remember_who(&who.get_untracked());
        let body = SetCause { state: asked, note: filled(note), who: filled(who) };
        busy.set(true);
        act::post::<CauseDetail>(path.clone(), &body, move |answer| {
            busy.try_set(false);
            match answer {
                Ok(_) => {
                    open.try_set(false);
                    toasts.say("Noted");
                    said.run(());
                }
                Err(why) => drop(failure.try_set(Some(why))),
            }
        });
    };
    let refused = move || {
        failure.get().map(|failure| view! { <p class="bad small" role="alert"><Sentence text=failure.detail/></p> })
    };
    view! {
        <form class="say-form" on:submit=move |event| { event.prevent_default(); send(); }>
            <Segments label="State" choices=&[("acknowledged", "Acknowledged"), ("fixing", "Being fixed"), ("resolved", "Resolved"), ("archived", "Archived"), ("new", "New")] chosen=state on_choose=move |word| state.set(word.to_owned())/>
            <label class="field"><span>"Note"</span><textarea class="input area" rows="3" maxlength="4000" prop:value=note on:input=move |event| note.set(event_target_value(&event))></textarea></label>
            <label class="field"><span>"Who says so"</span><input class="input" maxlength="100" prop:value=who on:input=move |event| who.set(event_target_value(&event))/><small>"Kept in this browser, written into the audit."</small></label>
            {refused}
            <div class="row acts-end"><Button text="Cancel" look=Look::Quiet on_press=move |_| open.set(false)/><button type="submit" class="btn btn-primary" disabled=busy>"Say so"</button></div>
        </form>
    }
}

fn filled(text: RwSignal<String>) -> Option<String> {
    text.with_untracked(|text| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned))
}
