//! Who did what with a replay, newest first.

use leptos::prelude::*;
use tapline_api::AuditView;

use crate::{
    format::{self, time},
    state::time_range::use_zone,
};

/// The panel's content.
#[component]
pub(super) fn Audit(history: Vec<AuditView>) -> impl IntoView {
    if history.is_empty() {
        return view! { <p class="pad t2 small">"Nothing was done with it yet."</p> }.into_any();
    }
    view! { <ol class="audit">{history.into_iter().map(entry).collect_view()}</ol> }.into_any()
}

fn entry(entry: AuditView) -> impl IntoView {
    let (zone, now) = (use_zone(), format::now());
    let at = time::parse(&entry.at).map(|at| at.div_euclid(1000));
    let clock = move || at.map(|at| time::short(at, now, zone.get()));
    let title = move || at.map(|at| time::full(at * 1000, zone.get()));
    let reason = entry.reason.clone().map(|reason| view! { <q>{reason}</q> });
    view! { <li><time title=title>{clock}</time><span><b>{entry.who.clone()}</b>" "{did(&entry)}" "{reason}</span></li> }
}

/// What was done, as a verb.
fn did(entry: &AuditView) -> String {
    let id = &entry.subject;
    let after = entry.after.as_deref().unwrap_or_default();
    match entry.action.rsplit('.').next().unwrap_or_default() {
        "plan" | "planned" => format!("planned {id}"),
        "start" | "started" => format!("started {id}"),
        "pause" | "paused" => format!("paused {id}"),
        "resume" | "resumed" => format!("resumed {id}"),
        "cancel" | "cancelled" => format!("cancelled {id}"),
        "confirm" | "confirmed" => format!("confirmed the plan of {id}"),
        "stop" | "stopped" => format!("{id} stopped by itself"),
        "done" => format!("{id} ended: {after}"),
        "outcome" => format!("{id} turned out: {after}"),
        "discard" => format!("discarded {id}"),
        "stale" => format!("{id} no longer held"),
        other => format!("{} {id}", other.replace('_', " ")),
    }
}
