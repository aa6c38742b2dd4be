//! Lines between the rows in view, and why each is there: rule, evidence and confidence beside the pointer.

use std::ops::Range;

use leptos::{ev::PointerEvent, prelude::*};
use tapline_api::EdgeRule;
use wasm_bindgen::JsCast;

use super::{
    connectors::{self, Connector, ROW},
    picture::{Drawn, Picture},
    selection::Selection,
    story::Link,
    words,
};
use crate::ui::Sentence;

/// An edge under the pointer: which, and where the pointer is in percent and pixels.
type Pointed = (Link, f64, f64);

/// The lines.
#[component]
pub(crate) fn Lines(picture: Drawn, selection: Selection, range: Memo<Range<usize>>) -> impl IntoView {
    let pointed = RwSignal::new(None::<Pointed>);
    let lines = move || {
        let (rows, selected) = (range.get(), selection.member.get());
        picture.now.with(|now| {
            let drawn = connectors::in_view(&now.0.connectors, &rows, selected);
            drawn
                .into_iter()
                .map(|index| line(&now.0, &now.0.connectors[index], rows.start, selected, pointed, selection))
                .collect_view()
        })
    };
    let crowded = move || picture.now.with(|now| connectors::in_view(&now.0.connectors, &range.get(), None).len() > 60);
    let height = move || range.with(|range| range.len() as f64 * ROW);
    let tip = move || pointed.get().map(|(link, left, top)| picture.now.with(|now| tip(&now.0, link, left, top)));
    view! {
        <svg class="why" class:crowded=crowded viewBox=move || format!("0 0 1000 {}", height()) preserveAspectRatio="none" aria-hidden="true"
            style:top=move || format!("{}px", range.with(|range| range.start) as f64 * ROW) style:height=move || format!("{}px", height())
            on:pointerleave=move |_| pointed.set(None)>
            {lines}
        </svg>
        <div class="why-tip">{tip}</div>
    }
}

fn line(
    picture: &Picture,
    connector: &Connector,
    first: usize,
    selected: Option<usize>,
    pointed: RwSignal<Option<Pointed>>,
    selection: Selection,
) -> impl IntoView + use<> {
    let path = connector.path(&picture.scale, first);
    let class = match connector.link {
        _ if connector.touches(selected) => "a",
        Some(link) if picture.story.rule(link) == EdgeRule::DeadLetter => "b",
        Some(link) if picture.story.confidence(link) < super::steps::SURE => "weak",
        _ => "",
    };
    let link = connector.link;
    let point = move |event: PointerEvent| {
        pointed.set(link.and_then(|link| place(&event).map(|(left, top)| (link, left, top))))
    };
    let hit = link.map(|link| view! {
        <path class="hit" d=path.clone() on:pointermove=point on:pointerleave=move |_| pointed.set(None) on:click=move |_| selection.open(link.to)></path>
    });
    view! { <path class=class d=path></path>{hit} }
}

/// Where the pointer is: percent of the width, pixels from the top of all rows.
fn place(event: &PointerEvent) -> Option<(f64, f64)> {
    let body = event.target()?.dyn_into::<web_sys::Element>().ok()?.closest(".wb").ok()??;
    let plot = body.query_selector(".why").ok()??.get_bounding_client_rect();
    let left = (f64::from(event.client_x()) - plot.left()) / plot.width().max(1.0) * 100.0;
    Some((left, f64::from(event.client_y()) - body.get_bounding_client_rect().top()))
}

fn tip(picture: &Picture, link: Link, left: f64, top: f64) -> Option<impl IntoView + use<>> {
    let edge = picture.story.chain.edges.get(link.edge)?;
    let class = if left > 55.0 { "tip left" } else { "tip" };
    let (rule, sure) = (words::rule(edge.rule), words::confidence(edge.confidence));
    Some(view! {
        <div class=class style:left=format!("{left:.1}%") style:top=format!("{:.0}px", top + 12.0)>
            <b>{rule}</b><span class="t3">{sure}</span>
            <p><Sentence text=edge.evidence.clone()/></p>
        </div>
    })
}
