//! Where to: where each came from, or elsewhere.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{DestinationList, SourceList};

use super::draft::Draft;
use crate::{
    api::load::{Load, use_load},
    ui::{
        Segments,
        fields::{group, input},
    },
};

/// Destinations that are offered.
const OFFERED: usize = 500;

/// The fields.
pub(super) fn target(draft: RwSignal<Draft>) -> AnyView {
    let elsewhere = move || draft.with(|draft| draft.elsewhere);
    let chosen = Signal::derive(move || if elsewhere() { "other" } else { "own" }.to_owned());
    let choose = move |word: &'static str| draft.update(|draft| draft.elsewhere = word == "other");
    let other = move || elsewhere().then(|| view! { <Elsewhere draft/> });
    group(
        "Where to",
        view! {
            <Segments label="Where to" choices=&[("own", "Where each came from"), ("other", "Elsewhere")] chosen on_choose=choose/>
            {other}
        },
    )
}

#[component]
fn Elsewhere(draft: RwSignal<Draft>) -> impl IntoView {
    let sources = use_load::<SourceList>(|| Some("/api/v1/sources".to_owned()));
    let destinations = use_load::<DestinationList>(|| Some("/api/v1/destinations".to_owned()));
    let write = move |event| draft.update(|draft| draft.source = event_target_value(&event));
    view! {
        <span class="row">
            <select class="input" aria-label="Source" on:change=write>
                <option value="">"the same source"</option>
                {move || options(sources, draft)}
            </select>
            {input(draft, |draft| &mut draft.destination, "input mono to", "Destination")}
        </span>
        <small class="t3">{move || known(destinations, draft)}</small>
    }
}

/// Sources that can be written to.
fn options(sources: Load<SourceList>, draft: RwSignal<Draft>) -> Vec<AnyView> {
    let chosen = draft.with_untracked(|draft| draft.source.clone());
    let option = |name: &String| {
        view! { <option value=name.clone() selected={*name == chosen}>{name.clone()}</option> }.into_any()
    };
    sources.data.with(|list| writable(list).iter().map(option).collect())
}

fn writable(list: &Option<Arc<SourceList>>) -> Vec<String> {
    let writable = |source: &&tapline_api::SourceInfo| {
        source.capabilities.iter().any(|capability| capability.name == "publish" && capability.available)
    };
    list.iter().flat_map(|list| &list.sources).filter(writable).map(|source| source.name.clone()).collect()
}

/// Whether the destination that was typed is one that is known; a replay makes none.
fn known(destinations: Load<DestinationList>, draft: RwSignal<Draft>) -> String {
    let typed = draft.with(|draft| draft.destination.trim().to_owned());
    let names: Vec<String> = destinations.data.with(|list| {
        list.iter().flat_map(|list| &list.destinations).take(OFFERED).map(|one| one.name.clone()).collect()
    });
    let elsewhere = draft.with(|draft| !draft.source.is_empty());
    match (typed.is_empty(), elsewhere) {
        (true, true) => "Without a name: where each failed or stood, on that source.".to_owned(),
        (true, false) => "It must exist: a replay makes none.".to_owned(),
        (false, _) => near(&typed, &names),
    }
}

fn near(typed: &str, names: &[String]) -> String {
    let fitting: Vec<&str> = names.iter().filter(|name| name.contains(typed)).take(4).map(String::as_str).collect();
    match fitting.as_slice() {
        [] => "No destination of this name was seen. It must exist: a replay makes none.".to_owned(),
        names if names.contains(&typed) => "It is known.".to_owned(),
        names => format!("Known are {}.", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn a_destination_that_is_not_known_is_told_while_it_is_typed() {
        let names = ["orders", "orders-dlt", "payments"].map(str::to_owned);
        assert_eq!(near("ord", &names), "Known are orders, orders-dlt.");
        assert_eq!(near("orders", &names), "It is known.");
        assert!(near("elsewhere", &names).starts_with("No destination"));
    }
}
