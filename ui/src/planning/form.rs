//! The dialog's content: which events, where to, how fast, what is changed, why.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{ReplayDetail, ReplayRequest};

use super::{
    Asked,
    draft::{Change, Draft, Pace},
    edit_form::{EditForm, Edited},
    target::target,
    transform::TransformForm,
};
use crate::{
    api::{act, failure::Failure},
    react::memo,
    state::{
        settings::remember_who,
        url::{replay_path, use_address},
    },
    ui::{
        Button, Look, Segments, Sentence,
        fields::{group, input, tick},
    },
};

/// The form.
#[component]
pub(super) fn Form(asked: Arc<Asked>, open: RwSignal<bool>) -> impl IntoView {
    let draft = RwSignal::new(Draft::of(&asked.request));
    let edited: Edited = RwSignal::new(Ok(asked.request.edits.clone()));
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None::<Failure>));
    let of = Arc::clone(&asked);
    let request = memo(move || {
        let edits = match draft.with(|draft| draft.change) {
            Change::Edit => edited.get()?,
            _ => Vec::new(),
        };
        draft.with(|draft| draft.request(&of.request, edits))
    });
    let (what, sent) = (asked.what.clone(), Arc::clone(&asked));
    let address = use_address();
    let plan = move || {
        let Ok(request) = request.get_untracked() else { return };
        remember_who(request.who.as_deref().unwrap_or_default());
        busy.set(true);
        let instead_of = sent.instead_of.clone();
        send(request, instead_of, move |answer| {
            busy.try_set(false);
            match answer {
                Ok(id) => {
                    open.set(false);
                    address.go(&address.link(&replay_path(&id)));
                }
                Err(why) => drop(failure.try_set(Some(why))),
            }
        });
    };
    let missing = move || match (failure.get(), request.get()) {
        (_, Err(why)) => view! { <span class="t2 small">{why}</span> }.into_any(),
        (Some(failure), _) => {
            view! { <span class="bad small" role="alert"><Sentence text=failure.detail/></span> }.into_any()
        }
        _ => view! { <span class="t3 small">"Nothing is sent yet: the plan is read first."</span> }.into_any(),
    };
    let waits = Signal::derive(move || busy.get() || request.with(Result::is_err));
    view! {
        <form class="plan-form" on:submit=move |event| { event.prevent_default(); plan(); }>
            <p class="t2"><Sentence text=what/></p>
            {target(draft)}
            {pace(draft)}
            {safety(draft)}
            <ChangeFields asked draft edited/>
            {reason(draft)}
            <div class="row plan-end">{missing}<span class="push row"><Button text="Cancel" look=Look::Quiet on_press=move |_| open.set(false)/>
                <button type="submit" class="btn btn-primary" disabled=waits>"Plan"</button></span></div>
        </form>
    }
}

/// Plans, and discards the plan that this one replaces; tells the new id.
pub(crate) fn send(
    request: ReplayRequest,
    instead_of: Option<String>,
    end: impl FnOnce(Result<String, Failure>) + 'static,
) {
    act::post::<ReplayDetail>("/api/v1/replays".to_owned(), &request, move |answer| {
        if let (Ok(_), Some(old)) = (&answer, instead_of) {
            // A plan that cannot be discarded lies in the list, where it can be seen and tried again.
            act::delete(format!("/api/v1/replays/{old}"), |_| ());
        }
        end(answer.map(|plan| plan.replay.id));
    });
}

fn pace(draft: RwSignal<Draft>) -> AnyView {
    let now = memo(move || draft.with(|draft| draft.pace));
    let chosen = Signal::derive(move || {
        match now.get() {
            Pace::Rate => "rate",
            Pace::Speed => "speed",
            Pace::Free => "free",
        }
        .to_owned()
    });
    let choose = move |word: &'static str| {
        draft.update(|draft| {
            draft.pace = match word {
                "speed" => Pace::Speed,
                "free" => Pace::Free,
                _ => Pace::Rate,
            };
        });
    };
    let number = move || {
        match now.get() {
        Pace::Rate => view! { {input(draft, |draft| &mut draft.rate, "input n", "Events a second")}<span class="t3 small">"a second"</span> }.into_any(),
        Pace::Speed => view! { <span class="t3 small">"×"</span>{input(draft, |draft| &mut draft.speed, "input n", "Times as fast as it was")}<span class="t3 small">"as fast as they came, pauses kept"</span> }.into_any(),
        Pace::Free => view! { <span class="t3 small">"as fast as the broker takes them"</span> }.into_any(),
    }
    };
    let order = Signal::derive(move || if draft.with(|draft| draft.any_order) { "none" } else { "key" }.to_owned());
    let keep = move |word: &'static str| draft.update(|draft| draft.any_order = word == "none");
    let times = Signal::derive(move || if draft.with(|draft| draft.now) { "now" } else { "own" }.to_owned());
    let stamp = move |word: &'static str| draft.update(|draft| draft.now = word == "now");
    let content = view! {
        <span class="row"><Segments label="How fast" choices=&[("rate", "Rate"), ("speed", "As it was"), ("free", "Unthrottled")] chosen on_choose=choose/>{number}</span>
        <span class="row"><span class="w">"Order"</span><Segments label="Order" mini=true choices=&[("key", "Kept for each key"), ("none", "As they come")] chosen=order on_choose=keep/></span>
        <span class="row"><span class="w">"Timestamps"</span><Segments label="Timestamps" mini=true choices=&[("own", "Their own"), ("now", "Of the sending")] chosen=times on_choose=stamp/></span>
    };
    group("How", content)
}

fn safety(draft: RwSignal<Draft>) -> AnyView {
    let first =
        view! { "Send "{input(draft, |draft| &mut draft.canary, "input n", "How many first")}" first, then wait" };
    let on = move || {
        let words = "Go on by itself once all of them were reprocessed";
        draft.with(|draft| draft.has_canary).then(|| tick(draft, |draft| &mut draft.canary_goes_on, words))
    };
    let failed = view! { "Stop when more than "{input(draft, |draft| &mut draft.failed, "input n", "Percent that may fail again")}" % of the last hundred failed again" };
    let lag = view! { "Stop when a group that reads is more than "{input(draft, |draft| &mut draft.lag, "input n", "Events behind")}" events behind" };
    let content = view! {
        {tick(draft, |draft| &mut draft.has_canary, first)}
        {move || view! { <span class="sub-tick">{on()}</span> }}
        {tick(draft, |draft| &mut draft.stops_by_failed, failed)}
        {tick(draft, |draft| &mut draft.stops_by_lag, lag)}
    };
    group("With care", content)
}

#[component]
fn ChangeFields(asked: Arc<Asked>, draft: RwSignal<Draft>, edited: Edited) -> impl IntoView {
    let one = match asked.request.select.addresses.as_deref() {
        Some([one]) => Some(one.clone()),
        _ => None,
    };
    let now = memo(move || draft.with(|draft| draft.change));
    let chosen = Signal::derive(move || {
        match now.get() {
            Change::None => "none",
            Change::Edit => "edit",
            Change::Transform => "all",
        }
        .to_owned()
    });
    let choose = move |word: &'static str| {
        draft.update(|draft| {
            draft.change = match word {
                "edit" => Change::Edit,
                "all" => Change::Transform,
                _ => Change::None,
            };
        });
    };
    let choices: &'static [(&str, &str)] = match one {
        Some(_) => &[("none", "Nothing"), ("edit", "Edit it"), ("all", "By a program")],
        None => &[("none", "Nothing"), ("all", "By a program")],
    };
    let (select, first) = (asked.request.select.clone(), asked.request.edits.first().map(|item| item.edit.clone()));
    let fields = move || match (now.get(), &one) {
        (Change::Edit, Some(one)) => view! { <EditForm address=one.clone() first=first.clone() edited/> }.into_any(),
        (Change::Transform, _) => view! { <TransformForm select=select.clone() draft/> }.into_any(),
        _ => view! { <small class="t3">"Bytes go back as they were; headers of the failure are taken off."</small> }
            .into_any(),
    };
    group("Change", view! { <Segments label="Change" choices chosen on_choose=choose/>{fields} })
}

fn reason(draft: RwSignal<Draft>) -> AnyView {
    let first = draft.with_untracked(|draft| draft.reason.clone());
    let write = move |event| draft.update(|draft| draft.reason = event_target_value(&event));
    view! {
        <div class="why-who">
            <label class="field"><span>"Why"</span><textarea class="input area" rows="2" maxlength="4000" prop:value=first on:input=write></textarea></label>
            <label class="field"><span>"Who"</span>{input(draft, |draft| &mut draft.who, "input", "Who")}<small>"Kept in this browser, written into the audit."</small></label>
        </div>
    }
    .into_any()
}
