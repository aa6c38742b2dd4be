//! The opened replay: its plan as long as nothing was sent, then how far it is and its items.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Replay, ReplayAct, ReplayDetail, ReplayState};

use super::{
    acts::Acts,
    course::{Bar, Outs, Rates, Why},
    items::Items,
    plan::Plan,
    states::{StatePill, drawn},
    warnings::Read,
};
use crate::{
    format::sentence,
    react::memo,
    state::url::replay_path,
    ui::{Button, Icon, Look, Sentence, Trouble, copy::copy, skeleton::Skeleton, toast::use_toasts},
};

/// The replay as it is known; nothing while another one's answer is still there.
pub(super) type Known = Memo<Option<Arc<ReplayDetail>>>;

/// The panels. Their parts stay while numbers move.
#[component]
pub(super) fn Opened(id: String, acts: Acts) -> impl IntoView {
    acts.refused.set(None);
    let this = id.clone();
    let known: Known = memo(move || acts.detail.data.get().filter(|it| it.replay.id == this));
    // What runs, is paused and ends stays the same panels.
    let is_plan = memo(move || known.with(|it| it.as_ref().map(|it| it.replay.state == ReplayState::Planned)));
    let read = RwSignal::new(Read::default());
    let plan = move || known.get().map(|plan| view! { <Plan plan acts read/> });
    move || match is_plan.get() {
        Some(true) => view! { {plan} }.into_any(),
        Some(false) => view! { <Course known acts/><Items id=id.clone() known/> }.into_any(),
        None => view! { <Waiting acts/> }.into_any(),
    }
}

#[component]
fn Waiting(acts: Acts) -> impl IntoView {
    let content = move || match acts.detail.trouble() {
        Some(failure) => {
            view! { <Trouble failure what="This replay" on_retry=move || acts.detail.retry()/> }.into_any()
        }
        None => view! { <Skeleton widths=&[32, 88, 64, 100, 40]/> }.into_any(),
    };
    view! { <section class="panel">{content}</section> }
}

/// Copies the address of a replay, wherever it is shown.
#[component]
pub(super) fn CopyLink(id: String) -> impl IntoView {
    let toasts = use_toasts();
    let press = move |_| {
        let origin = window().location().origin().unwrap_or_default();
        copy(format!("{origin}{}", replay_path(&id)), toasts);
    };
    view! { <Button text="Copy link" icon=Icon::Link look=Look::Quiet small=true on_press=press/> }
}

/// What it does, who asked for it and why: `Mara: the mail server is up again`.
#[component]
pub(super) fn Does(replay: Replay) -> impl IntoView {
    let by = format!("{}: {}", sentence::person(&replay.who), replay.reason);
    view! { <p class="sentence"><Sentence text=sentence::closed(&replay.sentence)/>" "<span class="t3">{by}</span></p> }
}

#[component]
fn Course(known: Known, acts: Acts) -> impl IntoView {
    let replay = memo(move || known.with(|it| it.as_deref().map(held)));
    let asked = move || known.with(|it| it.as_ref().and_then(|it| it.request.rate));
    let id = known.with_untracked(|it| it.as_ref().map(|it| it.replay.id.clone()).unwrap_or_default());
    let state = memo(move || replay.with(|it| it.as_ref().map(|it| it.state)));
    let stands = memo(move || replay.with(|it| it.as_ref().map(drawn)));
    let (link, kept, label) = (id.clone(), StoredValue::new(id.clone()), format!("Replay {id}"));
    let press = move |what: &'static str| move |_| kept.with_value(|id| acts.press(id, what, ReplayAct::default()));
    let does = move || {
        match state.get() {
        Some(ReplayState::Running) => Some(view! { <Button text="Pause" icon=Icon::Pause small=true disabled=acts.busy on_press=press("pause")/> }.into_any()),
        Some(ReplayState::Paused | ReplayState::Stopped) => Some(view! { <Button text="Resume" icon=Icon::Play look=Look::Primary small=true disabled=acts.busy on_press=press("resume")/> }.into_any()),
        _ => None,
    }
    };
    let ends = move || {
        state.get().is_some_and(|state| !state.is_over()).then(|| {
            view! { <Button text="Cancel" icon=Icon::Stop small=true look=Look::Danger disabled=acts.busy on_press=press("cancel")/> }
        })
    };
    let part = move |draw: fn(Replay, Option<f64>) -> AnyView| move || replay.get().map(|replay| draw(replay, asked()));
    view! {
        <section class="panel runp" aria-label=label>
            <div class="head big"><h2>{id}</h2>{move || stands.get().map(|drawn| view! { <StatePill drawn/> })}
                <span class="end"><CopyLink id=link/>{does}{ends}</span></div>
            {part(|replay, _| view! { <Does replay/> }.into_any())}
            {part(|replay, _| view! { <Why replay/> }.into_any())}
            {part(|replay, _| view! { <div class="prog"><Bar progress=replay.progress.clone()/><Outs progress=replay.progress/></div> }.into_any())}
            {part(|replay, asked| view! { <Rates replay asked/> }.into_any())}
        </section>
    }
}

/// The replay with its cause; one that is held ended, for now, when that was done.
fn held(detail: &ReplayDetail) -> Replay {
    let is_held = matches!(detail.replay.state, ReplayState::Paused | ReplayState::Stopped);
    let done = detail.history.iter().find(|entry| is_held && !entry.action.ends_with("outcome"));
    let ended_at = detail.replay.ended_at.clone().or_else(|| done.map(|entry| entry.at.clone()));
    Replay { ended_at, fingerprint: cause(detail), ..detail.replay.clone() }
}

/// The cause that it is about: the one that was chosen, else the only one that its events have.
fn cause(detail: &ReplayDetail) -> Option<String> {
    let only = || match &detail.plan.by_cause[..] {
        // In place of a fingerprint words may say that there is none.
        [one] if !one.name.contains(' ') => Some(one.name.clone()),
        _ => None,
    };
    detail.replay.fingerprint.clone().or_else(only)
}
