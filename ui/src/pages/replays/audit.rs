//! Who did what, newest first: with the replay that is open, or everything. Which of the two stands in the address.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{AuditPage, AuditView, ReplayDetail};

use super::acts::Acts;
use crate::{
    api::load::use_load,
    format::{self, id::middle, number, sentence, time},
    react::memo,
    state::{
        refresh::use_beat,
        time_range::use_zone,
        url::{Address, Query, replay_path, use_address},
    },
    ui::{Loaded, Segments, skeleton::Skeleton},
};

/// Entries that a replay is told with, and entries of one page of all.
const ENTRIES: usize = 100;

/// The panel.
#[component]
pub(super) fn Audit(acts: Acts) -> impl IntoView {
    let address = use_address();
    let whose = address.get("audit");
    let all = memo(move || whose.with(|whose| whose.as_deref() == Some("all")));
    let chosen = Signal::derive(move || if all.get() { "all" } else { "one" }.to_owned());
    let choose = move |word: &'static str| {
        address.replace(|query| {
            query.set("audit", (word == "all").then_some(word));
            query.set("entries", None);
        });
    };
    let many = move || {
        let many = acts.detail.data.with(|it| it.as_ref().map_or(0, |it| it.history.len()));
        (!all.get() && (1..ENTRIES).contains(&many)).then(|| format!("{many}, append only"))
    };
    let note = move || many().unwrap_or_else(|| "append only".to_owned());
    let content = move || match all.get() {
        true => view! { <All acts/> }.into_any(),
        false => view! { <One acts/> }.into_any(),
    };
    view! {
        <section class="panel" aria-label="Audit">
            <div class="head"><h2>"Audit"</h2><span class="t3">{note}</span>
                <span class="end"><Segments label="Whose history" mini=true choices=&[("one", "This replay"), ("all", "All")] chosen on_choose=choose/></span></div>
            {content}
        </section>
    }
}

#[component]
fn One(acts: Acts) -> impl IntoView {
    let address = use_address();
    let detail = acts.detail.data;
    let known = memo(move || detail.with(|it| it.as_ref().map(|it| (it.replay.id.clone(), it.history.clone()))));
    let rest = move |id: &str| {
        let mut query = Query::default();
        let sql = format!("SELECT * FROM audit WHERE subject = '{}' ORDER BY number DESC", id.replace('\'', "''"));
        query.set("sql", Some(&sql));
        let path = query.on("/sql");
        view! { <p class="pad small t3">{format!("the newest {ENTRIES}; ")}<a class="link" href=move || address.link(&path)>"SQL lists all"</a></p> }
    };
    move || match known.get() {
        Some((id, history)) => {
            let rest = (history.len() >= ENTRIES).then(|| rest(&id));
            view! { <Entries entries=history acts linked=false/>{rest} }.into_any()
        }
        None if acts.detail.trouble().is_some() => {
            view! { <div class="pad t2 small">"Nothing is known of this replay."</div> }.into_any()
        }
        None => view! { <Skeleton widths=&[88, 72]/> }.into_any(),
    }
}

#[component]
fn All(acts: Acts) -> impl IntoView {
    let (address, beat) = (use_address(), use_beat());
    let cursor = address.get("entries");
    let load = use_load::<AuditPage>(move || {
        beat.follow();
        let mut query = Query::default();
        query.set("limit", Some(&ENTRIES.to_string()));
        query.set("cursor", cursor.get().as_deref());
        Some(query.on("/api/v1/audit"))
    });
    let turn = move |to: Option<String>| move |_| address.push(|query| query.set("entries", to.as_deref()));
    let later = move || cursor.with(Option::is_some);
    let show = move |page: Arc<AuditPage>| {
        let next = page.next.clone().map(|next| {
            view! { <button type="button" class="link plain small" on:click=turn(Some(next))>"Older entries"</button> }
        });
        let first = move || {
            later()
                .then(|| view! { <button type="button" class="link plain small" on:click=turn(None)>"Newest"</button> })
        };
        view! { <Entries entries=page.entries.clone() acts linked=true/><p class="turn">{first}{next}</p> }
    };
    view! { <Loaded load what="The audit" show/> }
}

#[component]
fn Entries(entries: Vec<AuditView>, acts: Acts, linked: bool) -> impl IntoView {
    if entries.is_empty() {
        return view! { <p class="pad t2 small">"Nothing was done yet."</p> }.into_any();
    }
    // How many events a replay is about, as far as it is known here.
    let events = |id: &str| {
        let of = |it: &Arc<ReplayDetail>| (it.replay.id == id).then_some(it.replay.progress.items);
        let listed = || {
            let all =
                |replays: &[tapline_api::Replay]| replays.iter().find(|it| it.id == id).map(|it| it.progress.items);
            acts.list.data.with_untracked(|list| all(&list.as_ref()?.replays))
        };
        acts.detail.data.with_untracked(|it| it.as_ref().and_then(of)).or_else(listed)
    };
    let rows = entries.into_iter().map(|entry| {
        let events = events(&entry.subject);
        view! { <Entry entry events linked/> }
    });
    view! { <ol class="audit">{rows.collect_view()}</ol> }.into_any()
}

#[component]
fn Entry(entry: AuditView, events: Option<u64>, linked: bool) -> impl IntoView {
    let (address, zone, now) = (use_address(), use_zone(), format::now());
    let at = time::parse(&entry.at).map(|at| at.div_euclid(1000));
    let clock = move || at.map(|at| time::short(at, now, zone.get()));
    let title = move || at.map(|at| time::full(at * 1000, zone.get()));
    let reason = entry.reason.clone().map(|reason| view! { <q>{reason}</q> });
    let (before, after) = did(&entry, events);
    let said = entry.after.as_deref().map(sentence::plain);
    view! { <li title=said><time title=title>{clock}</time><span><b>{sentence::person(&entry.who)}</b>{before}{subject(&entry, address, linked)}{after}" "{reason}</span></li> }
}

/// What it was done with, as a link where that leads elsewhere.
fn subject(entry: &AuditView, address: Address, linked: bool) -> AnyView {
    let (id, shown) = (entry.subject.clone(), middle(&entry.subject, 12));
    let path = match entry.action.split('.').next() {
        Some("replay") => replay_path(&id),
        Some("cause") => {
            let mut query = Query::default();
            query.set("cause", Some(&id));
            query.on("/dead-letters")
        }
        _ => return shown.into_any(),
    };
    if !linked {
        return shown.into_any();
    }
    view! { <a class="link" title=id href=move || address.link(&path)>{shown}</a> }.into_any()
}

/// What was done, as the words around what it was done with.
fn did(entry: &AuditView, events: Option<u64>) -> (String, String) {
    let after = entry.after.as_deref().unwrap_or_default();
    let many = events.map(|events| format!(", {}", number::count(events, "event", "events"))).unwrap_or_default();
    let far = if after.is_empty() { String::new() } else { format!(", {after}") };
    let (before, behind) = match entry.action.as_str() {
        "replay.plan" => ("planned ", many),
        "replay.start" => ("started ", many),
        "replay.pause" | "replay.paused" => ("paused ", far),
        "replay.resume" => ("resumed ", String::new()),
        "replay.cancel" | "replay.cancelled" => ("cancelled ", far),
        "replay.confirm" => ("confirmed the plan of ", String::new()),
        "replay.discard" => ("discarded ", String::new()),
        "replay.stopped" => ("", format!(" stopped by itself{far}")),
        "replay.done" => ("", format!(" ended: {after}")),
        "replay.outcome" => ("", format!(" turned out: {after}")),
        "replay.stale" => ("", " no longer held".to_owned()),
        "cause.state" => ("said of ", format!(": {}", after.replace('_', " "))),
        "cause.split" => ("split ", format!(" by {after}")),
        "cause.merge" => ("merged ", format!(" into {}", middle(after, 12))),
        "cause.ungroup" => ("put the grouping of ", " back".to_owned()),
        other => return (format!(" {} ", other.replace(['_', '.'], " ")), String::new()),
    };
    (format!(" {before}"), behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(action: &str, after: Option<&str>) -> String {
        let entry = AuditView {
            number: 1,
            at: String::new(),
            who: "Tapline".to_owned(),
            action: action.to_owned(),
            subject: "r-1".to_owned(),
            reason: None,
            before: None,
            after: after.map(str::to_owned),
        };
        let (before, behind) = did(&entry, Some(25));
        format!("Tapline{before}r-1{behind}")
    }

    #[test]
    fn entries_are_told_as_what_was_done() {
        assert_eq!(said("replay.start", Some("Puts 25 back; 1 warnings read")), "Tapline started r-1, 25 events");
        assert_eq!(said("replay.done", Some("25 of 25 confirmed")), "Tapline r-1 ended: 25 of 25 confirmed");
        assert_eq!(said("replay.cancel", None), "Tapline cancelled r-1");
        assert_eq!(said("cause.state", Some("failed_again")), "Tapline said of r-1: failed again");
        assert_eq!(said("key.made", None), "Tapline key made r-1");
    }
}
