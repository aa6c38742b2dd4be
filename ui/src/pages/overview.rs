//! Overview: is everything all right? The answer, what needs a person, the numbers over time, the map of flows. This
//! file owns what is asked and when; every sentence is the server's.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::Overview as Answered;

use crate::{
    api::load::use_load,
    format,
    react::memo,
    state::{
        refresh::use_beat,
        time_range::{TimeRange, use_time_range, use_zone},
        url::Query,
    },
    ui::{Answer, Trouble, skeleton::Skeleton},
};

mod changes;
mod charts;
mod columns;
mod first;
mod flow;
mod map;
mod needs;
mod turning;

/// The page.
#[component]
pub(crate) fn Overview() -> impl IntoView {
    let (range, beat) = (use_time_range(), use_beat());
    let load = use_load::<Answered>(move || {
        let range = range.get();
        if range.is_moving() {
            beat.follow();
        }
        Some(path(range))
    });
    let failed = move || {
        load.trouble().map(|failure| view! { <section class="panel"><Trouble failure what="The overview" on_retry=move || load.retry()/></section> })
    };
    let empty = memo(move || load.data.with(|data| data.as_ref().map(|data| data.empty)));
    let text = move |of: fn(&Answered) -> &String| {
        Signal::derive(move || load.data.with(|data| data.as_ref().map(|data| of(data).clone()).unwrap_or_default()))
    };
    let answer = move || view! { <Answer headline=text(|data| &data.headline) detail=text(|data| &data.detail)/> };
    let content = move || match empty.get() {
        Some(true) => view! { {answer()}<first::First/> }.into_any(),
        Some(false) => view! { {answer()}<Evidence data=load.data/> }.into_any(),
        None if load.failure.with(Option::is_some) => ().into_any(),
        None => view! { <Coming/> }.into_any(),
    };
    view! { <div class="page overview">{failed}{content}</div> }
}

fn path(range: TimeRange) -> String {
    let mut query = Query::default();
    range.write(&mut query);
    query.on("/api/v1/overview")
}

/// Each part is drawn anew only when it changed: a link keeps the focus while numbers move.
#[component]
fn Evidence(data: RwSignal<Option<Arc<Answered>>>) -> impl IntoView {
    fn part<T: Clone + PartialEq + Default + Send + Sync + 'static>(
        data: RwSignal<Option<Arc<Answered>>>,
        of: fn(&Answered) -> &T,
    ) -> Memo<T> {
        memo(move || data.with(|data| data.as_ref().map(|data| of(data).clone()).unwrap_or_default()))
    }
    let (needs, recovering) = (part(data, |data| &data.needs), part(data, |data| &data.recovering));
    let (stats, changes, flow) =
        (part(data, |data| &data.stats), part(data, |data| &data.changes), part(data, |data| &data.flow));
    let (range, zone) = (use_time_range(), use_zone());
    let period = Signal::derive(move || range.get().label(zone.get()));
    view! {
        {move || needs::needs(needs.get())}
        {move || charts::charts(stats.get(), &changes.get())}
        <div class="grid low" class:long=move || flow.with(map::is_long)>
            {move || map::map(flow.get())}
            <div class="grid side">
                {move || changes::changes(changes.get(), period, format::now())}
                {move || needs::recovering(recovering.get())}
            </div>
        </div>
    }
}

#[component]
fn Coming() -> impl IntoView {
    let chart = || view! { <div class="num-chart"><Skeleton widths=&[40, 100, 100, 64]/></div> };
    view! {
        <Answer headline="Looking at the last events." detail="Rates, dead letters, gaps and sources of this time range."/>
        <section class="panel"><Skeleton widths=&[34, 62, 48]/></section>
        <section class="panel minis">{chart()}{chart()}{chart()}{chart()}</section>
        <section class="panel"><Skeleton widths=&[20, 84, 70, 92, 58]/></section>
    }
}
