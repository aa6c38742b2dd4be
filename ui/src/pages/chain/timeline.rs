//! The waterfall: rows of which only those in view are drawn, lines between them, the axis above, its key beneath.

use std::ops::Range;

use leptos::{ev::KeyboardEvent, html, prelude::*};
use tapline_api::ChainState;

use super::{
    connectors::ROW,
    drawing::lasting,
    lines::Lines,
    marks::Look,
    picture::{Drawn, Picture},
    row::Bar,
    selection::{Selection, keep_in_view},
    steps::Lying,
    ticks,
};
use crate::{
    react::{effect, memo},
    state::time_range::use_zone,
    ui::{
        Mark, Shape,
        rows::{SPARE, on_scroll, window_of},
    },
};

/// The view.
#[component]
pub(crate) fn Timeline(picture: Drawn, selection: Selection) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    let rows = memo(move || picture.now.with(|now| now.0.layout.rows.len()));
    let view = RwSignal::new(0..rows.get_untracked().min(60));
    watch_view(body, rows, view, ROW);
    keep_in_view(body, selection, move |member| {
        picture.now.with_untracked(|now| now.0.layout.member_row[member]).map(|row| row as f64 * ROW)
    });
    effect(move || {
        let order =
            picture.now.with(|now| now.0.layout.stops(&now.0.between).into_iter().map(|(_, member)| member).collect());
        selection.order.set(order);
    });
    let range = memo(move || {
        let (view, rows) = (view.get(), rows.get());
        view.start.min(rows)..view.end.min(rows)
    });
    let shown = move || {
        let version = picture.now.with(|now| now.0.version);
        range.get().map(move |row| (version, row)).collect::<Vec<_>>()
    };
    let draw = move |(_, row): (u32, usize)| {
        picture.now.with_untracked(|now| super::row::row(&now.0, row, picture, selection))
    };
    let none = move || (rows.get() == 0).then(|| view! { <p class="pad t2 small">"No member holds this text."</p> });
    view! {
        <div class="wf" style=("--lane", move || format!("{}px", lane_width(&picture)))>
            <Axis picture range/>
            <div class="wb" node_ref=body role="listbox" tabindex="0" aria-label="Members" style:height=move || format!("{}px", rows.get() as f64 * ROW)
                on:keydown=move |event| walk(&event, selection)>
                <Ground picture/>
                <For each=shown key=|key| *key children=draw/>
                <Lines picture selection range/>
            </div>
            {none}
        </div>
        <Key picture/>
    }
}

/// Pixels for the names of lanes: as many as the longest needs, so that names that differ at their end can be told apart.
fn lane_width(picture: &Drawn) -> usize {
    let longest = picture.now.with(|now| now.0.layout.lanes.iter().map(|lane| lane.name.chars().count()).max());
    (longest.unwrap_or(0) * 68 / 10 + 44).clamp(92, 172)
}

pub(crate) fn walk(event: &KeyboardEvent, selection: Selection) {
    match event.key().as_str() {
        "ArrowDown" => selection.step(true),
        "ArrowUp" => selection.step(false),
        _ => return,
    }
    event.prevent_default();
}

/// Keeps `view` at the rows in view.
pub(crate) fn watch_view(body: NodeRef<html::Div>, rows: Memo<usize>, view: RwSignal<Range<usize>>, row: f64) {
    let measure = move || {
        let Some(body) = body.try_get_untracked().flatten() else { return };
        let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(1000.0);
        let range =
            window_of(body.get_bounding_client_rect().top(), height, row, rows.try_get_untracked().unwrap_or_default());
        if view.try_with_untracked(|view| *view != range) == Some(true) {
            view.set(range);
        }
    };
    on_scroll(measure);
    effect(move || {
        rows.track();
        body.track();
        measure();
        request_animation_frame(measure);
    });
}

#[component]
fn Axis(picture: Drawn, range: Memo<Range<usize>>) -> impl IntoView {
    let zone = use_zone();
    // A lane may be longer than the screen: its name stays in view.
    let lane = move || {
        let top = range.with(|range| (range.start > 0).then_some(range.start + SPARE));
        let name = top.and_then(|top| picture.now.with(|now| now.0.layout.lane_at(top).map(|lane| lane.name.clone())));
        let class = if name.is_some() { "wl cut t1" } else { "wl" };
        let name = name.unwrap_or_else(|| "Lane".to_owned());
        view! { <span class=class title=name.clone()>{name.clone()}</span> }
    };
    let words = move |apart: f64| {
        let ticks = picture.now.with(|now| ticks(&now.0, apart, zone.get()));
        let last = ticks.len().saturating_sub(1);
        let word = |(index, tick): (usize, ticks::Tick)| {
            view! { <span class=if index == last { "tk end" } else { "tk" } style:left=format!("{:.2}%", tick.at)>{tick.label}</span> }
        };
        ticks.into_iter().enumerate().filter(|(_, tick)| !tick.label.is_empty()).map(word).collect_view()
    };
    view! {
        <div class="wh">
            {lane}<span class="wn">"Member"</span>
            <div class="wt axis-narrow">{move || words(ticks::NARROW)}</div>
            <div class="wt axis-wide">{move || words(ticks::WIDE)}</div>
        </div>
    }
}

fn ticks(picture: &Picture, apart: f64, zone: crate::state::settings::Zone) -> Vec<ticks::Tick> {
    let story = &picture.story;
    let open = matches!(story.chain.state, ChainState::Running | ChainState::Stuck | ChainState::Failed);
    let end = if open { "now".to_owned() } else { crate::format::time::second(story.end.div_euclid(1000), zone) };
    ticks::ticks(&picture.scale, &end, apart, zone)
}

/// What lies under the rows: the lines of the axis, and idle time that is folded away.
#[component]
fn Ground(picture: Drawn) -> impl IntoView {
    let zone = use_zone();
    let lines = move || {
        let ticks = picture.now.with(|now| ticks(&now.0, ticks::WIDE, zone.get()));
        ticks.into_iter().map(|tick| view! { <i class="tl" style:left=format!("{:.2}%", tick.at)></i> }).collect_view()
    };
    let folds = move || {
        let fold = |fold: super::time_scale::Fold| {
            let inset = (fold.right - fold.left) * 0.18;
            let title = format!("idle for {}", lasting(fold.to - fold.from));
            view! { <i class="fold" title=title style:left=format!("{:.2}%", fold.left + inset) style:width=format!("{:.2}%", fold.right - fold.left - 2.0 * inset)></i> }
        };
        picture.now.with(|now| now.0.scale.folds()).into_iter().map(fold).collect_view()
    };
    view! { <div class="under" aria-hidden="true">{lines}{folds}</div> }
}

/// What the looks mean, and how long each folded stretch is.
#[component]
fn Key(picture: Drawn) -> impl IntoView {
    let folds = move || {
        let folds = picture.now.with(|now| now.0.scale.folds());
        let said: Vec<String> = folds.iter().take(8).map(|fold| lasting(fold.to - fold.from)).collect();
        let more =
            if folds.len() > said.len() { format!(" and {} more", folds.len() - said.len()) } else { String::new() };
        (!folds.is_empty())
            .then(|| view! { <span><i class="k-fold"></i>"idle, folded: "{said.join(", ")}{more}</span> })
    };
    let marks = move || picture.now.with(|now| key(&now.0));
    view! { <div class="foldline">{marks}{folds}</div> }
}

/// Only what is drawn is explained.
fn key(picture: &Picture) -> impl IntoView + use<> {
    use tapline_api::Level::{Act, Bad, Mute};
    let (story, between) = (&picture.story, &picture.between);
    let look = |shown: bool, look, word: &'static str, title: &'static str| {
        let class = format!("{} key-look c1", Bar::class(look));
        shown.then(|| view! { <span title=title><i class=class></i>{word}</span> })
    };
    let mark = |shown: bool, shape, level, word: &'static str| {
        shown.then(|| view! { <span><Mark shape level small=true/>{word}</span> })
    };
    let members = || 0..story.members().len();
    let lies = |why| between.stays.iter().flatten().any(|stay| stay.why == why);
    view! {
        {look(members().any(|member| story.is_span(member)), Look::Span, "in a service", "A span: from its begin to its end.")}
        {look(between.steps.iter().any(|step| step.cause.is_some()), Look::Service, "handled by a service", "From the event that a service was given to the event it wrote. The wait in the broker is part of it: only spans tell them apart.")}
        {look(lies(Lying::Broker), Look::Broker, "between events", "Until an event followed. Who wrote that is not known, so neither is what was wait and what was work.")}
        {mark(true, Shape::Event, Mute, "event written")}
        {mark(between.steps.iter().any(|step| step.failed.is_some()), Shape::Failing, Bad, "failed attempt")}
        {mark(story.members().iter().any(|member| member.dead_letter.is_some()), Shape::DeadLetter, Bad, "dead letter")}
        {mark(members().any(|member| story.is_replayed(member)), Shape::Replayed, Act, "replayed")}
    }
}
