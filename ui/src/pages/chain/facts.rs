//! The strip of facts above the views: how it stands, since when, how many, found by what, where its time went.

use std::collections::HashSet;

use leptos::prelude::*;
use tapline_api::{ChainState, EdgeRule, Kind, Level};

use super::{
    drawing::lasting,
    lanes::LaneKind,
    picture::{Drawn, Picture},
    spent, words,
};
use crate::{
    format::{self, number, time},
    react::memo,
    state::time_range::use_zone,
    ui::{Copy, IdLink, Pill, Shape},
};

/// The strip.
#[component]
pub(crate) fn Facts(picture: Drawn) -> impl IntoView {
    // What the tools change is not part of it, so that it stays still while they are used.
    let read = memo(move || picture.now.with(|now| super::Shown(std::sync::Arc::clone(&now.0.story))));
    move || {
        read.track();
        picture.now.with_untracked(|now| strip(&now.0)).into_any()
    }
}

fn strip(picture: &Picture) -> impl IntoView + use<> {
    let (zone, chain) = (use_zone(), &picture.story.chain);
    let (shape, level, word) = match chain.state {
        // What lies beyond the limit may have failed.
        ChainState::Complete if chain.truncated => (Shape::Off, Level::Mute, "Not all read"),
        state => words::state(state),
    };
    let (start, query) = (picture.story.start, chain.query.clone());
    let began = move || time::milli(start.div_euclid(1000), zone.get());
    let exact = move || time::full(start, zone.get());
    let missing = (!chain.missing.is_empty() && !chain.truncated)
        .then(|| format!("{} missing", number::exact(chain.missing.len() as u64)));
    let members = number::exact(chain.members.len() as u64);
    let lasted = lasting(picture.story.last() - start);
    // Events that only share an ID have no state together, and last as long as the archive.
    let story = chain.one_story;
    let members = if chain.truncated { format!("{members} and more") } else { members };
    view! {
        <section class="facts panel" aria-label="Facts">
            <dl class="fx">
                {story.then(|| view! { <div><dt>"State"</dt><dd><Pill shape level text=word/></dd></div> })}
                <div><dt>"Began"</dt><dd title=exact>{began}<span class="t3">{time::relative(start.div_euclid(1000), format::now())}</span></dd></div>
                {story.then(|| view! { <div title="From the first event to the last"><dt>"Lasted"</dt><dd>{lasted}</dd></div> })}
                <div><dt>{if story { "Members" } else { "Events" }}</dt><dd>{members}{missing.map(|missing| view! { <span class="warn">{missing}</span> })}</dd></div>
                <div><dt>"Found by"</dt><dd class="cut"><IdLink id=query.clone() limit=44/><Copy text=Signal::derive(move || query.clone()) label="Copy ID"/></dd></div>
                {wide("Lanes", lanes(picture), kinds(picture))}
                {wide("Links", links(picture).0, links(picture).1)}
            </dl>
            {story.then(|| spent_bar(picture))}
        </section>
    }
}

fn wide(name: &'static str, value: String, note: String) -> impl IntoView {
    view! { <div class="spare"><dt>{name}</dt><dd>{value}<span class="t3">{note}</span></dd></div> }
}

fn lanes(picture: &Picture) -> String {
    let count = |kind: LaneKind| {
        let names: HashSet<&str> =
            picture.layout.lanes.iter().filter(|lane| lane.kind == kind).map(|lane| lane.name.as_str()).collect();
        names.len() as u64
    };
    let services = number::count(count(LaneKind::Service), "service", "services");
    format!("{services}, {}", number::count(count(LaneKind::Destination), "destination", "destinations"))
}

fn kinds(picture: &Picture) -> String {
    let count = |kind: Kind| picture.story.members().iter().filter(|member| member.kind == kind).count() as u64;
    let said = [(Kind::Event, "event", "events"), (Kind::Span, "span", "spans"), (Kind::Log, "log", "logs")];
    let said = said
        .into_iter()
        .filter(|(kind, ..)| count(*kind) > 0)
        .map(|(kind, one, many)| number::count(count(kind), one, many));
    said.collect::<Vec<_>>().join(", ")
}

fn links(picture: &Picture) -> (String, String) {
    let edges = &picture.story.chain.edges;
    let count = |by: fn(EdgeRule) -> bool| edges.iter().filter(|edge| by(edge.rule)).count();
    let shared = count(|rule| matches!(rule, EdgeRule::Correlation | EdgeRule::Id));
    let guessed = count(|rule| rule == EdgeRule::Time);
    let said = [(edges.len() - shared - guessed, "declared"), (shared, "by shared ids"), (guessed, "by time")];
    let said: Vec<String> = said
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, how)| format!("{} {how}", number::exact(count as u64)))
        .collect();
    (number::exact(edges.len() as u64), said.join(", "))
}

/// One bar that is as long as the chain.
fn spent_bar(picture: &Picture) -> impl IntoView + use<> {
    let spent = spent::spent(&picture.story, &picture.between);
    let whole = (picture.story.end - picture.story.start).max(1);
    let parts = [
        ("sp-svc", "handled by services", spent.services),
        ("sp-broker", "between events", spent.broker),
        ("sp-dead", "in dead letters", spent.dead),
        ("sp-wait", "waiting", spent.waiting),
        ("sp-idle", "nothing known", spent.idle),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|(.., time)| *time > 0).collect();
    let said: Vec<String> = parts.iter().map(|(_, name, time)| format!("{} {name}", lasting(*time))).collect();
    let label = format!("Where {} went: {}", lasting(whole), said.join(", "));
    let bar = parts.iter().map(|(class, _, time)| view! { <i class=*class style:flex-grow=format!("{:.4}", *time as f64 * 100.0 / whole as f64)></i> }).collect_view();
    let keys = parts
        .iter()
        .map(|(class, name, time)| view! { <span><i class=*class></i>{*name}" "<b>{lasting(*time)}</b></span> })
        .collect_view();
    // One part alone says no more than how long it all lasted.
    (parts.len() > 1).then(|| {
        view! {
            <div class="spent" role="img" aria-label=label>{bar}</div>
            <div class="spent-keys" aria-hidden="true">{keys}</div>
        }
    })
}
