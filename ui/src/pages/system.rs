//! System: how Tapline itself stands: what it reads and what it cannot, what it holds, what is missing from it, and the
//! configuration in force.

use leptos::prelude::*;
use tapline_api::{DestinationList, GapList, SourceList, System as Answered};

use crate::{
    api::load::{Load, use_load},
    react::memo,
    state::refresh::use_beat,
    ui::{Answer, Loaded, skeleton::Skeleton},
};

mod archive;
mod capabilities;
mod destinations;
mod gaps;
mod settings;
mod sources;
mod summary;

/// The page.
#[component]
pub(crate) fn System() -> impl IntoView {
    let (sources, gaps) = (beating::<SourceList>("/api/v1/sources"), beating::<GapList>("/api/v1/gaps"));
    let (destinations, system) =
        (beating::<DestinationList>("/api/v1/destinations"), beating::<Answered>("/api/v1/system"));
    let summary = memo(move || {
        sources.data.with(|sources| {
            system.data.with(|system| {
                gaps.data.with(|gaps| summary::summary(sources.as_deref(), system.as_deref(), gaps.as_deref()))
            })
        })
    });
    let detail = Signal::derive(move || {
        system.data.with(|system| {
            system.as_ref().map(|system| summary::detail(system, crate::format::now())).unwrap_or_default()
        })
    });
    // All at once, so that nothing moves under the reader's eyes.
    let is_there =
        memo(move || sources.has_ended() && gaps.has_ended() && destinations.has_ended() && system.has_ended());
    let panels = move || {
        view! {
                <section class="panel"><sources::Head load=sources/><Loaded load=sources what="The sources" show=|sources| sources::sources(&sources)/></section>
                <div class="grid sys-low">
                    <section class="panel"><div class="head"><h2>"Archive"</h2></div><Loaded load=system what="The archive" show=|system| archive::archive(&system)/></section>
                    <section class="panel"><gaps::Head load=gaps/><Loaded load=gaps what="The gaps" show=|gaps| gaps::gaps(gaps)/></section>
                </div>
                <section class="panel"><destinations::Head load=destinations/><Loaded load=destinations what="The destinations" show=destinations::destinations/></section>
                <section class="panel"><settings::Head/><Loaded load=system what="The configuration" show=|system| settings::settings(&system)/></section>
        }
    };
    view! {
        <div class="page system">
            <Answer headline=Signal::derive(move || summary.get()) detail/>
            {move || if is_there.get() { panels().into_any() } else { view! { <Coming/> }.into_any() }}
        </div>
    }
}

#[component]
fn Coming() -> impl IntoView {
    let panel = |name: &'static str| view! { <section class="panel"><div class="head"><h2>{name}</h2></div><Skeleton/></section> };
    ["Sources", "Archive", "Destinations"].map(panel).into_view()
}

/// Asked again at every beat.
fn beating<T: serde::de::DeserializeOwned + Send + Sync + 'static>(path: &'static str) -> Load<T> {
    let beat = use_beat();
    use_load::<T>(move || {
        beat.follow();
        Some(path.to_owned())
    })
}
