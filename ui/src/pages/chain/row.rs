//! One row of the waterfall.

use leptos::prelude::*;
use tapline_api::Level;

use super::{
    drawing,
    lanes::{LaneKind, Part, Row},
    marks::{Drawing, Look, Spot},
    picture::{Drawn, Picture},
    selection::Selection,
    time_scale::TimeScale,
};
use crate::{
    state::hues::{Hues, use_hues},
    ui::{Ico, Icon, Mark, Shape},
};

/// Classes of bars.
pub(crate) struct Bar;

impl Bar {
    /// The class of a look.
    pub(crate) fn class(look: Look) -> &'static str {
        match look {
            Look::Span => "bar",
            Look::Service => "bar way",
            Look::Failed => "bar way err",
            Look::Broker => "bar broker",
            Look::Waiting => "bar broker late",
            Look::Dead => "bar broker deadb",
            Look::Missing => "bar missing",
        }
    }
}

/// Draws a row of the picture.
pub(crate) fn row(picture: &Picture, index: usize, drawn: Drawn, selection: Selection) -> AnyView {
    let Some(row) = picture.layout.rows.get(index) else { return ().into_any() };
    let lane = &picture.layout.lanes[row.lane];
    let hues = use_hues();
    let hue = if lane.kind == LaneKind::Service { hues.class(&lane.name) } else { "" };
    let member = member_of(picture, row);
    let own = own_members(row);
    let selected = Signal::derive(move || selection.member.get().is_some_and(|member| own.contains(&member)));
    let gathered = row.gathered.clone();
    let press = move |_| match (&gathered, member) {
        (Some((key, _)), _) => drawn.open.update(|open| {
            if !open.remove(key) {
                open.insert(key.clone());
            }
        }),
        (None, Some(member)) => selection.open(member),
        (None, None) => {}
    };
    let drawing = drawing::drawing(&picture.story, &picture.between, row);
    let title = [&row.name, &row.note, &drawing.label].map(String::as_str).join(" ");
    let last = picture.layout.rows.get(index + 1).is_none_or(|next| next.head);
    let class = format!(
        "wr {hue}{}{}",
        if last { " last" } else { "" },
        if lane.kind == LaneKind::Missing { " gone" } else { "" }
    );
    view! {
        <div class=class role="option" aria-selected=move || selected.get().to_string() style:top=format!("{}px", index as f64 * super::connectors::ROW) on:click=press>
            <span class="wl">{row.head.then(|| lane_name(picture, row, hues))}</span>
            <span class="wn" title=title>{caret(row)}{row.short.clone()}<small>{row.note.clone()}</small></span>
            <div class="wt">{content(&drawing, &picture.scale)}</div>
        </div>
    }
    .into_any()
}

/// Members whose row this is; a step is only beside one.
fn own_members(row: &Row) -> Vec<usize> {
    let own = |part: &Part| if let Part::Member(member) = part { Some(*member) } else { None };
    row.parts.iter().filter_map(own).collect()
}

/// The member that a press opens: the row's own, or what a step wrote.
fn member_of(picture: &Picture, row: &Row) -> Option<usize> {
    match *row.parts.first()? {
        Part::Member(member) => Some(member),
        Part::Step(step) => picture.between.steps[step].effects.last().copied(),
        Part::Missing(missing) => {
            picture.story.chain.missing[missing].named_by.as_deref().and_then(|address| picture.story.place(address))
        }
    }
}

fn lane_name(picture: &Picture, row: &Row, hues: Hues) -> AnyView {
    let lane = &picture.layout.lanes[row.lane];
    match lane.kind {
        LaneKind::Service => view! { <span class=format!("svc cut {}", hues.class(&lane.name)) title=lane.name.clone()><span class="cut">{lane.name.clone()}</span></span> }.into_any(),
        LaneKind::Destination => {
            let title = format!("{} in {}", lane.name, lane.source);
            view! { <span class="dest" title=title><Ico icon=Icon::Topic/><span class="cut">{lane.name.clone()}</span></span> }.into_any()
        }
        LaneKind::Missing => view! { <span class="dest warn"><Mark shape=Shape::Off level=Level::Warn small=true/>{lane.name.clone()}</span> }.into_any(),
    }
}

fn caret(row: &Row) -> Option<impl IntoView + use<>> {
    row.gathered
        .as_ref()
        .map(|(_, open)| view! { <Ico icon=if *open { Icon::Down } else { Icon::Right } class="i caret"/> })
}

fn content(drawing: &Drawing, scale: &TimeScale) -> impl IntoView + use<> {
    let bars = drawing
        .bars
        .iter()
        .map(|bar| {
            let (left, right) = (scale.at(bar.from), scale.at(bar.to));
            let (left, width) = if bar.look == Look::Missing && right - left < 4.0 { (left - 6.0, 6.0) } else { (left, right - left) };
            view! { <i class=Bar::class(bar.look) style:left=format!("{left:.2}%") style:width=format!("{width:.2}%")></i> }
        })
        .collect_view();
    let spots = drawing.spots.iter().map(|spot| mark(*spot, scale)).collect_view();
    view! { {bars}{ticks(&drawing.ticks, scale)}{spots}{label(drawing, scale)} }
}

fn mark(spot: Spot, scale: &TimeScale) -> impl IntoView + use<> {
    let class = if spot.beside { "mk beside" } else { "mk" };
    view! { <span class=class style:left=format!("{:.2}%", scale.at(spot.at))><Mark shape=spot.shape level=spot.level/></span> }
}

/// Moments of many members: one path, each tenth of a percent once.
fn ticks(ticks: &[i64], scale: &TimeScale) -> Option<impl IntoView + use<>> {
    let mut places: Vec<i64> = ticks.iter().map(|at| (scale.at(*at) * 10.0).round() as i64).collect();
    places.sort_unstable();
    places.dedup();
    let path: String = places.iter().map(|place| format!("M{place} 0V12")).collect();
    (!path.is_empty()).then(|| view! { <svg class="many" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true"><path d=path></path></svg> })
}

/// After what is drawn; before it where the right edge is near; in it where it reaches from edge to edge. Never wider
/// than the room on its side.
fn label(drawing: &Drawing, scale: &TimeScale) -> Option<impl IntoView + use<>> {
    let (from, to) = drawing.extent()?;
    let (start, end) = (scale.at(from), scale.at(to));
    let percent = |value: f64| format!("{value:.2}%");
    let (place, left, right, room) = match () {
        () if end <= 70.0 => ("bl", percent(end), String::new(), 100.0 - end),
        () if start >= 30.0 => ("bl before", String::new(), percent(100.0 - start), start),
        () if drawing.many => return None,
        () => ("bl in", percent((start + end) / 2.0), String::new(), end - start),
    };
    let mark = if drawing.spots.is_empty() { "" } else { " by" };
    let class = format!("{place}{mark} {}", drawing.tone);
    let text = drawing.label.clone();
    (!text.is_empty()).then(|| {
        view! { <span class=class style:left=left style:right=right style:max-width=percent(room) title=text.clone()>{text.clone()}</span> }
    })
}
