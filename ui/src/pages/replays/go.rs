//! Starting a plan: what is still missing stands beside the button; another person confirms where that is asked.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Level, ReplayAct, ReplayDetail};

use super::{acts::Acts, warnings::Read, words::missing};
use crate::{
    format::{number, sentence},
    frame::StatusLoad,
    react::memo,
    state::settings::who,
    ui::{Button, Ico, Icon, Mark, Sentence, Shape},
};

/// Events of a test.
const FIRST: u64 = 25;

/// The bar at the end of a plan.
#[component]
pub(super) fn Go(plan: Arc<ReplayDetail>, acts: Acts, read: RwSignal<Read>) -> impl IntoView {
    let StatusLoad(status) = expect_context();
    let environment = memo(move || status.data.with(|it| it.as_ref().map(|it| it.environment.name.clone())));
    let typed = RwSignal::new(String::new());
    let names = plan.plan.names_environment;
    let refused = plan.plan.warnings.iter().any(|warning| warning.level == Level::Bad);
    let unconfirmed = plan.plan.needs_second_person && plan.plan.confirmed_by.is_none();
    let (known, started, tested) = (Arc::clone(&plan), Arc::clone(&plan), Arc::clone(&plan));
    let lacks = memo(move || {
        let unnamed = names && typed.with(|typed| environment.with(|name| name.as_deref() != Some(typed.trim())));
        missing(read.with(|read| read.left(&known)), refused, unconfirmed, unnamed)
    });
    let start = move || {
        if lacks.with_untracked(Option::is_none) && !acts.busy.get_untracked() {
            let environment = names.then(|| typed.get_untracked().trim().to_owned());
            let body = ReplayAct { etag: Some(started.etag.clone()), environment, ..ReplayAct::default() };
            acts.press(&started.replay.id, "start", body);
        }
    };
    let waits = Signal::derive(move || acts.busy.get() || lacks.with(Option::is_some));
    let field = names.then(|| {
        let name = move || format!("type {}", environment.get().unwrap_or_default());
        view! { <input class="input env-name" aria-label="Name of the environment" autocomplete="off" spellcheck="false" placeholder=name on:input=move |event| typed.set(event_target_value(&event))/> }
    });
    let test = (plan.replay.progress.items > FIRST && plan.request.canary.is_none()).then(|| {
        let press = move |_| acts.plan_anew(&tested, |request| request.canary = Some(FIRST));
        view! { <Button text=format!("Try {FIRST} first") icon=Icon::Play disabled=acts.busy on_press=press/> }
    });
    let ready = starts(&plan);
    let said = move || lacks.get().unwrap_or_else(|| ready.clone());
    let why = move || {
        acts.refused
            .get()
            .map(|failure| view! { <span class="bad small" role="alert"><Sentence text=failure.detail/></span> })
    };
    let confirm = plan.plan.needs_second_person.then(|| view! { <Confirm plan acts/> });
    view! {
        {confirm}
        <form class="go" on:submit=move |event| { event.prevent_default(); start(); }>
            {field}
            <button type="submit" class="btn btn-primary" disabled=waits><Ico icon=Icon::Play/>"Start replay"</button>
            <span class="go-said" role="status">{why}<span class="t2 small">{said}</span></span>
            <span class="push row">{test}</span>
        </form>
    }
}

/// `Sends 1,259 events, 25 of them first.`
fn starts(plan: &ReplayDetail) -> String {
    let items = plan.replay.progress.items;
    let all = format!("Sends {}", number::count(items, "event", "events"));
    match plan.request.canary.filter(|first| *first < items) {
        Some(first) => format!("{all}, {} of them first.", number::short(first)),
        None => format!("{all}."),
    }
}

/// Who confirmed, or the field for another person to do so.
#[component]
fn Confirm(plan: Arc<ReplayDetail>, acts: Acts) -> impl IntoView {
    if let Some(by) = plan.plan.confirmed_by.clone() {
        return view! { <p class="confirm small"><Mark shape=Shape::Well level=Level::Ok small=true/>{format!("{} confirmed this plan.", sentence::person(&by))}</p> }.into_any();
    }
    let name = RwSignal::new(who().unwrap_or_default());
    let planner = plan.replay.who.clone();
    let same = move || name.with(|name| name.trim().is_empty() || name.trim().eq_ignore_ascii_case(planner.trim()));
    let waits = Signal::derive(move || acts.busy.get() || same());
    let first = name.get_untracked();
    let note = match sentence::is_nobody(&plan.replay.who) {
        true => "Another person has to confirm this plan.".to_owned(),
        false => format!("Somebody other than {} has to confirm this plan.", plan.replay.who),
    };
    let press = move |_| {
        let who = Some(name.get_untracked().trim().to_owned());
        acts.press(
            &plan.replay.id,
            "confirm",
            ReplayAct { etag: Some(plan.etag.clone()), who, ..ReplayAct::default() },
        );
    };
    view! {
        <div class="confirm row small"><span class="t2">{note}</span>
            <input class="input" aria-label="Who confirms" autocomplete="off" placeholder="who" value=first on:input=move |event| name.set(event_target_value(&event))/>
            <Button text="Confirm" icon=Icon::Check small=true disabled=waits on_press=press/></div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use tapline_api::{Progress, Replay, ReplayPlan, ReplayRequest, ReplayState};

    use super::*;

    #[test]
    fn the_bar_says_what_a_start_sends() {
        let replay = Replay {
            id: "r-1".to_owned(),
            state: ReplayState::Planned,
            why: None,
            sentence: String::new(),
            who: String::new(),
            reason: String::new(),
            fingerprint: None,
            planned_at: String::new(),
            started_at: None,
            ended_at: None,
            progress: Progress { items: 1259, ..Progress::default() },
        };
        let plan = |canary| ReplayDetail {
            replay: replay.clone(),
            headline: String::new(),
            headline_detail: None,
            etag: String::new(),
            request: ReplayRequest { canary, ..ReplayRequest::default() },
            plan: ReplayPlan::default(),
            history: Vec::new(),
        };
        assert_eq!(starts(&plan(None)), "Sends 1,259 events.");
        assert_eq!(starts(&plan(Some(25))), "Sends 1,259 events, 25 of them first.");
    }
}
