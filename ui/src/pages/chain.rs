//! Chain: what happened to an ID. This file owns what is asked and when; [`picture`] turns the answer into what is drawn,
//! [`timeline`], [`sequence`] and [`table`] draw it, [`selection`] knows the chosen member.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;
use tapline_api::{Chain as Answered, ChainState};

use crate::{
    api::load::{Load, use_load},
    frame::StatusLoad,
    react::memo,
    state::{
        refresh::every,
        url::{behind, segment, use_address},
    },
    ui::{Answer, Trouble, skeleton::Skeleton},
};

mod acts;
mod connectors;
mod drawing;
mod empty;
mod facts;
mod items;
mod lanes;
mod lines;
mod marks;
mod notes;
mod picture;
mod row;
#[cfg(test)]
mod samples;
mod selection;
mod sequence;
mod spent;
mod steps;
mod story;
mod table;
mod ticks;
mod time_scale;
mod timeline;
mod tools;
mod words;
mod writers;

/// How often a chain that still runs is asked for again; others that are not at their end every fifth time.
const EVERY: Duration = Duration::from_secs(3);

/// The page.
#[component]
pub(crate) fn Chain() -> impl IntoView {
    let address = use_address();
    let id = memo(move || address.path.with(|path| behind(path, "/chain/").unwrap_or_default()));
    // Another ID is another story: nothing of the one before stays on the page.
    move || view! { <ChainOf id=id.get()/> }
}

#[component]
fn ChainOf(id: String) -> impl IntoView {
    let (path, again) = (format!("/api/v1/chains/{}", segment(&id)), RwSignal::new(0_u32));
    let load = use_load::<Answered>(move || {
        again.track();
        Some(path.clone())
    });
    follow(load, again);
    // An ID that nothing holds is an answer, not a failure.
    let unknown = memo(move || {
        load.failure.with(|failure| failure.as_ref().is_some_and(|failure| failure.code == "id_not_found"))
    });
    let failed = move || {
        load.trouble().filter(|_| !unknown.get()).map(|failure| view! { <section class="panel"><Trouble failure what="The chain" on_retry=move || load.retry()/></section> })
    };
    let found = memo(move || load.data.with(|chain| chain.as_ref().map(|chain| !chain.members.is_empty())));
    // The status says what was searched: without it the page would grow once it comes.
    let StatusLoad(status) = expect_context();
    let searched = memo(move || status.data.with(Option::is_some) || status.failure.with(Option::is_some));
    let content = move || match found.get() {
        Some(true) => view! { <Found load/> }.into_any(),
        _ if unknown.get() && !searched.get() => view! { <Waiting id=id.clone()/> }.into_any(),
        None if unknown.get() => view! { <empty::NotFound load id=id.clone()/> }.into_any(),
        Some(false) => view! { <empty::NotFound load id=id.clone()/> }.into_any(),
        None if load.failure.with(Option::is_some) => ().into_any(),
        None => view! { <Waiting id=id.clone()/> }.into_any(),
    };
    view! { <div class="page chain-page">{failed}{content}</div> }
}

/// Asks again while something may still come and someone looks.
fn follow(load: Load<Answered>, again: RwSignal<u32>) {
    let round = StoredValue::new(0_u32);
    let ask = move || {
        round.update_value(|round| *round += 1);
        let state = load.data.with_untracked(|chain| chain.as_ref().map(|chain| chain.state));
        let due = match state {
            Some(ChainState::Running) => true,
            Some(ChainState::Stuck | ChainState::Failed) => round.get_value().is_multiple_of(5),
            _ => false,
        };
        if due && !load.loading.get_untracked() {
            again.update(|again| *again += 1);
        }
    };
    every(EVERY, ask);
}

#[component]
fn Found(load: Load<Answered>) -> impl IntoView {
    let chain = memo(move || load.data.get());
    let headline = move || chain.with(|chain| chain.as_ref().map(|chain| chain.headline.clone()).unwrap_or_default());
    let detail = memo(move || chain.with(|chain| chain.as_deref().map(notes::counted).unwrap_or_default()));
    let findings = memo(move || detail.with(|(_, findings)| findings.clone()));
    let picture = picture::use_picture(chain);
    let selection = selection::use_selection(picture);
    let address = use_address();
    let one_story = memo(move || chain.with(|chain| chain.as_ref().is_none_or(|chain| chain.one_story)));
    let shown = memo(move || {
        address.query.with(|query| match query.get("view") {
            // Who shares no more than an ID did not hand anything to each other.
            _ if !one_story.get() => "table",
            Some("table") => "table",
            Some("sequence") => "sequence",
            _ => "timeline",
        })
    });
    view! {
        <Answer headline=Signal::derive(headline) detail=Signal::derive(move || detail.get().0) after=ViewFn::from(move || view! { <notes::ToFindings words=findings/> })/>
        <facts::Facts picture/>
        <tools::Tools picture shown one_story/>
        {move || match shown.get() {
            "table" => view! { <table::Table picture selection/> }.into_any(),
            "sequence" => view! { <sequence::Sequence picture selection/> }.into_any(),
            _ => view! { <timeline::Timeline picture selection/> }.into_any(),
        }}
        <notes::Notes chain selection/>
    }
}

#[component]
fn Waiting(id: String) -> impl IntoView {
    let headline = format!("Looking for `{id}`.");
    view! {
        // An element around it, as the story has none: what is drawn anew has not moved.
        <div class="waits">
            <Answer headline=Signal::derive(move || headline.clone()) detail="In memory, in the index of the archive, then along every edge."/>
            <section class="panel"><Skeleton widths=&[38, 92]/></section>
            <section class="panel"><Skeleton widths=&[24, 46, 38, 60, 52, 44, 68, 36]/></section>
        </div>
    }
}

/// What is shown of the newest answer; equal only to itself.
#[derive(Clone)]
pub(crate) struct Shown<T>(pub(crate) Arc<T>);

impl<T> PartialEq for Shown<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
