//! The opened cause: how it stands and what can be said, when it happened, what sets it apart, its members.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Apart, AuditView, Cause, CauseDetail, CauseList, Select};

use super::{apart, group, members, say, states::StatePill, when};
use crate::{
    api::load::{Load, use_load},
    format::{self, number, sentence, time},
    planning::use_planning,
    react::memo,
    state::{
        time_range::use_zone,
        url::{Query, chain_path, use_address},
    },
    ui::{Button, Ico, Icon, Loaded, Look, Sentence},
};

/// The panel. Its parts stay while numbers move: only what changed is drawn anew.
#[component]
pub(super) fn Opened(
    /// Its fingerprint.
    cause: String,
    /// What is known of it.
    detail: Load<CauseDetail>,
    /// All of them.
    list: Load<CauseList>,
    /// Called when something was said about it.
    said: Callback<()>,
) -> impl IntoView {
    let id = StoredValue::new(cause.clone());
    let is_this = move |known: &Cause| id.with_value(|id| *id == known.fingerprint);
    let listed = move || list.data.with(|list| list.as_ref()?.causes.iter().find(|it| is_this(it)).cloned());
    let answered = move || detail.data.with(|detail| detail.as_ref().map(|it| it.cause.clone()).filter(is_this));
    let known = memo(move || answered().or_else(listed));
    let apart = use_load::<Apart>(move || Some(super::path(&id.get_value(), "/apart")));
    let there = memo(move || known.with(Option::is_some));
    // The answer of the cause before stays until this one's is there; its parts must not mix.
    let course =
        move |detail: Arc<CauseDetail>| is_this(&detail.cause).then(|| view! { <Said detail=Arc::clone(&detail)/> });
    let when = move |detail: Arc<CauseDetail>| is_this(&detail.cause).then(|| view! { <when::When detail/> });
    let lower = move || there.get().then(|| view! { <members::Work cause=cause.clone() known apart/> });
    view! {
        <section class="panel cause" aria-label="Opened cause">
            <Head id=id.get_value() known detail list said/>
            <Loaded load=detail what="This cause" skeleton=ViewFn::from(|| view! { <div class="said-of"><i class="skel"></i></div> }) show=course/>
            <div class="two-up"><div class="pane">{move || detail.data.get().map(when)}</div><apart::ApartPane apart/></div>
            {lower}
        </section>
    }
}

#[component]
fn Head(
    id: String,
    known: Memo<Option<Cause>>,
    detail: Load<CauseDetail>,
    list: Load<CauseList>,
    said: Callback<()>,
) -> impl IntoView {
    let address = use_address();
    let title = move || {
        known.get().map(
            |cause| view! { <h2><Sentence text=sentence::capital(&cause.title)/></h2><StatePill state=cause.state/> },
        )
    };
    let sql = move || {
        let mut query = Query::default();
        query.set("sql", detail.data.with(|detail| detail.as_ref().map(|detail| detail.sql.clone())).as_deref());
        address.link(&query.on("/sql"))
    };
    let chain = move || known.with(|known| address.link(&chain_path(known.as_ref().map_or("", |it| &it.newest))));
    view! {
        <div class="head big">
            {title}
            <span class="end">
                <group::GroupMenu id=id.clone() known list said/>
                <a class="btn btn-quiet btn-s" href=sql><Ico icon=Icon::Sql/>"SQL"</a>
                <a class="btn btn-quiet btn-s" href=chain><Ico icon=Icon::Chain/>"Story of the newest"</a>
                <say::SayButton id=id.clone() known said/>
                <PlanButton id known/>
            </span>
        </div>
    }
}

/// Plans a replay of those that wait.
#[component]
fn PlanButton(id: String, known: Memo<Option<Cause>>) -> impl IntoView {
    let planning = use_planning();
    let waiting = move || known.with(|known| known.as_ref().map_or(0, |it| it.waiting));
    let text = move || match waiting() {
        0 => "Plan a replay".to_owned(),
        waiting => format!("Plan replay of {}", number::short(waiting)),
    };
    let press = move |_| {
        let title = known.with_untracked(|known| known.as_ref().map(|it| it.title.clone()).unwrap_or_default());
        let what = format!("{} that wait: {title}.", number::count(waiting(), "dead letter", "dead letters"));
        planning.ask(Select { fingerprint: Some(id.clone()), ..Select::default() }, what);
    };
    let none = Signal::derive(move || waiting() == 0);
    view! { <Button text=TextProp::from(text) icon=Icon::Replay look=Look::Primary small=true disabled=none on_press=press/> }
}

/// The sentence, and what was done about it.
#[component]
fn Said(detail: Arc<CauseDetail>) -> impl IntoView {
    let cause = &detail.cause;
    let many = format!(
        "{}, {}, {}.",
        number::count(cause.count, "dead letter", "dead letters"),
        number::count(cause.keys, "key", "keys"),
        number::count(cause.chains, "story", "stories"),
    );
    let history: Vec<_> = detail.history.iter().take(4).cloned().map(|entry| view! { <Done entry/> }).collect();
    let has_history = !history.is_empty();
    view! {
        <div class="said-of">
            <p><Sentence text=cause.sentence.clone()/>" "<span class="t3">{many}</span></p>
            {has_history.then(|| view! { <ol class="done">{history}</ol> })}
        </div>
    }
}

#[component]
fn Done(entry: AuditView) -> impl IntoView {
    let (zone, now) = (use_zone(), format::now());
    let at = time::parse(&entry.at);
    let title = move || at.map(|at| time::full(at, zone.get()));
    let reason = entry.reason.clone().map(|reason| view! { <q>{reason}</q> });
    view! {
        <li><time class="t3" title=title>{at.map(|at| time::relative(at.div_euclid(1000), now))}</time>
            <span><b>{sentence::person(&entry.who)}</b>" "{did(&entry)}</span>{reason}</li>
    }
}

fn did(entry: &AuditView) -> String {
    let after = entry.after.as_deref().unwrap_or_default().replace('_', " ");
    match entry.action.as_str() {
        "cause.state" => format!("said: {after}"),
        "cause.split" => format!("split it by {after}"),
        "cause.merge" => format!("merged it into {after}"),
        "cause.ungroup" => "put its grouping back".to_owned(),
        other => other.to_owned(),
    }
}
