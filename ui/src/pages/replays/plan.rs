//! A plan, to be read before it starts: what it would do, what to know first, how, what, who reads it, what was looked at.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Level, ReaderView, ReplayDetail};

use super::{
    acts::Acts,
    go::Go,
    opened::{CopyLink, Does},
    states::{StatePill, drawn},
    warnings::{READERS, Read, Warnings},
    what::What,
    words::how,
};
use crate::{
    format::number,
    planning::use_planning,
    ui::{Button, Ico, Icon, Look, Mark, Pill, Sentence, Shape},
};

/// The panel.
#[component]
pub(super) fn Plan(plan: Arc<ReplayDetail>, acts: Acts, read: RwSignal<Read>) -> impl IntoView {
    let replay = plan.replay.clone();
    let (id, label) = (replay.id.clone(), format!("Plan {}", replay.id));
    view! {
        <section class="panel plan" aria-label=label>
            <div class="head big"><h2>"Plan "{id.clone()}</h2><StatePill drawn=drawn(&replay)/>
                <span class="end"><CopyLink id=id.clone()/><Button text="Discard" look=Look::Quiet small=true disabled=acts.busy on_press=move |_| acts.discard(&id)/></span></div>
            <Steps/>
            <Does replay/>
            <Warnings plan=Arc::clone(&plan) acts read/>
            <How plan=Arc::clone(&plan)/>
            <What plan=Arc::clone(&plan)/>
            <Readers readers=plan.plan.readers.clone()/>
            <Headers plan=Arc::clone(&plan)/>
            <Checked plan=Arc::clone(&plan)/>
            <Go plan acts read/>
        </section>
    }
}

#[component]
fn Steps() -> impl IntoView {
    let done = |word: &'static str| view! { <li class="done"><Ico icon=Icon::Check/>{word}</li> };
    let later = |word: &'static str| view! { <li><Mark shape=Shape::Off level=Level::Mute/>{word}</li> };
    view! {
        <div class="stepline"><ol class="stepper">
            {["Select", "Target", "Rate and order"].map(done).collect_view()}
            <li aria-current="step"><Mark shape=Shape::New level=Level::Act/>"Check"</li>
            {["Start", "Outcome"].map(later).collect_view()}
        </ol></div>
    }
}

#[component]
fn How(plan: Arc<ReplayDetail>) -> impl IntoView {
    let planning = use_planning();
    let choices = how(&plan.request, &plan.plan).into_iter().map(|(name, value, remark)| {
        let (title, more) = (value.clone(), remark.clone());
        view! { <div><dt>{name}</dt><dd class="cut" title=title>{value}</dd><dd class="t3" title=more>{remark}</dd></div> }
    });
    view! {
        <div class="block"><h3>"How"<span class="h-end"><Button text="Change" look=Look::Quiet small=true on_press=move |_| planning.again(&plan)/></span></h3>
            <dl class="how">{choices.collect_view()}</dl></div>
    }
}

#[component]
fn Readers(readers: Vec<ReaderView>) -> impl IntoView {
    let row = |reader: ReaderView| {
        let members = reader.members.map(|members| number::count(members as u64, "member", "members"));
        let failed = reader.failed_here.then(|| view! { <Pill level=Level::Bad text="failed here"/> });
        view! {
            <tr><td class="mono cut">{reader.group}</td><td>{failed}</td><td class="t2">{reader.state}</td><td class="num t2">{members}</td>
                <td class="num">{reader.lag.map_or_else(|| "unknown".to_owned(), number::exact)}</td></tr>
        }
    };
    let none = readers.is_empty();
    let rows = readers.into_iter().map(row).collect_view();
    let content = if none {
        view! { <p class="t2 small">"No group is known to read the target."</p> }.into_any()
    } else {
        view! {
            <table class="table small fixed readers"><thead><tr><th>"Group"</th><th></th><th>"State"</th><th class="num">"Members"</th><th class="num">"Not read yet"</th></tr></thead><tbody>{rows}</tbody></table>
        }
        .into_any()
    };
    view! { <div class="block" id=READERS tabindex="-1"><h3>"Who reads them"</h3>{content}</div> }
}

#[component]
fn Headers(plan: Arc<ReplayDetail>) -> impl IntoView {
    let off = plan.plan.stripped.iter().map(|name| view! { <code>{name.clone()}</code>" " }).collect_view();
    let on = plan
        .plan
        .stamped
        .iter()
        .map(|(name, value)| view! { <code title=value.clone()>{format!("{name}: {value}")}</code>" " });
    let none = plan.plan.stripped.is_empty().then_some("none");
    view! {
        <div class="block"><h3>"Headers"</h3>
            <dl class="kv stamps"><dt>"Taken off"</dt><dd>{off}{none}</dd><dt>"Put on"</dt><dd>{on.collect_view()}</dd></dl></div>
    }
}

#[component]
fn Checked(plan: Arc<ReplayDetail>) -> impl IntoView {
    if plan.plan.checks.is_empty() {
        return ().into_any();
    }
    let check = |check: &tapline_api::PlanCheck| {
        let shape = if check.level == Level::Ok { Shape::Well } else { Shape::Off };
        view! { <li><Mark shape level=check.level small=true/><span><Sentence text=check.sentence.clone()/></span></li> }
    };
    view! { <div class="block"><h3>"Checked"</h3><ul class="checks">{plan.plan.checks.iter().map(check).collect_view()}</ul></div> }.into_any()
}
