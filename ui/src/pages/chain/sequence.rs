//! The sequence: a lifeline each service and destination, an arrow for each event that went from one to another. Only the
//! rows in view are drawn.

use std::sync::Arc;

use leptos::{html, prelude::*};
use tapline_api::Level;

use super::{
    Shown,
    acts::{self, Act, Sequence as Acts, What},
    drawing::lasting,
    items::type_of,
    lanes::{Lane, LaneKind},
    picture::{Drawn, Picture},
    selection::{Selection, keep_in_view},
    timeline::{walk, watch_view},
};
use crate::{
    format::{
        id::{last_words, middle as middle_of},
        sentence, time,
    },
    react::{effect, memo},
    state::{hues::use_hues, time_range::use_zone},
    ui::{Ico, Icon, Mark, Shape},
};

/// Height of a row in pixels.
const ROW: f64 = 32.0;
/// Characters of a type's name over its arrow, and of a name at the most.
const NAME: usize = 18;
const LONGEST: usize = 36;

/// The view.
#[component]
pub(crate) fn Sequence(picture: Drawn, selection: Selection) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    let acts = memo(move || {
        picture.now.with(|now| {
            let (story, between) = (&now.0.story, &now.0.between);
            Shown(Arc::new(acts::sequence(story, between, &now.0.layout, &now.0.scale.folds())))
        })
    });
    let rows = memo(move || acts.with(|acts| acts.0.acts.len()));
    let view = RwSignal::new(0..rows.get_untracked().min(60));
    watch_view(body, rows, view, ROW);
    effect(move || selection.order.set(acts.with(|acts| acts.0.order())));
    keep_in_view(body, selection, move |member| {
        acts.with_untracked(|acts| acts.0.row.get(member).copied().flatten()).map(|row| row as f64 * ROW)
    });
    let range = memo(move || {
        let (view, rows) = (view.get(), rows.get());
        view.start.min(rows)..view.end.min(rows)
    });
    let shown = move || {
        let version = picture.now.with(|now| now.0.version);
        range.get().map(|row| (version, row)).collect::<Vec<_>>()
    };
    let draw = move |(_, row): (u32, usize)| {
        acts.with_untracked(|acts| picture.now.with_untracked(|now| act(&now.0, &acts.0, row, selection)))
    };
    let none = move || (rows.get() == 0).then(|| view! { <p class="pad t2 small">"No member holds this text."</p> });
    let height = move || format!("{}px", rows.get() as f64 * ROW);
    view! {
        <div class="seq" style=("--least", move || format!("{}px", acts.with(|acts| acts.0.lanes.len()) * 52))>
            <div class="sq-head"><div class="sq-in">{move || acts.with(|acts| heads(&acts.0))}</div></div>
            <div class="sq" node_ref=body role="listbox" tabindex="0" aria-label="Members" style:height=height on:keydown=move |event| walk(&event, selection)>
                <div class="sq-in" aria-hidden="true">{move || acts.with(|acts| lifelines(&acts.0))}</div>
                <For each=shown key=|key| *key children=draw/>
            </div>
            {none}
        </div>
        <div class="foldline">
            <span><i class="ar-key"></i>"writes"</span>
            <span title="That it was read is known by what was written for it; when it was read is not."><i class="ar-key d"></i>"read from where it lay"</span>
        </div>
    }
}

/// The middle of a lane in percent.
fn middle(lane: usize, lanes: usize) -> f64 {
    (lane as f64 + 0.5) * 100.0 / lanes.max(1) as f64
}

fn heads(acts: &Acts) -> impl IntoView + use<> {
    let hues = use_hues();
    let lanes = acts.lanes.len();
    let head = |(index, lane): (usize, &Lane)| {
        let (left, width) = (format!("{:.2}%", middle(index, lanes)), format!("{:.2}%", 100.0 / lanes as f64));
        let name = view! { <span class="cut"><bdi>{lane.name.clone()}</bdi></span> };
        let inner = match lane.kind {
            LaneKind::Service => {
                view! { <span class=format!("svc {}", hues.class(&lane.name))>{name}</span> }.into_any()
            }
            _ => view! { <span class="dest"><Ico icon=Icon::Topic/>{name}</span> }.into_any(),
        };
        view! { <span class="lh" title=lane.name.clone() style:left=left style:max-width=width>{inner}</span> }
    };
    acts.lanes.iter().enumerate().map(head).collect_view()
}

fn lifelines(acts: &Acts) -> impl IntoView + use<> {
    let lanes = acts.lanes.len();
    let line = |(index, lane): (usize, &Lane)| {
        let class = if lane.kind == LaneKind::Service { "ll" } else { "ll d" };
        view! { <i class=class style:left=format!("{:.2}%", middle(index, lanes))></i> }
    };
    acts.lanes.iter().enumerate().map(line).collect_view()
}

fn act(picture: &Picture, acts: &Acts, row: usize, selection: Selection) -> AnyView {
    let Some(Act { member, what }) = acts.acts.get(row).copied() else { return ().into_any() };
    let top = format!("{}px", row as f64 * ROW);
    let zone = use_zone();
    let (Some(member), false) = (member, matches!(what, What::Idle(_) | What::Missing(_))) else {
        return aside(picture, what, top);
    };
    let at = picture.story.at[member].div_euclid(1000);
    let clock = matches!(what, What::Written { .. }).then(|| move || time::milli(at, zone.get()));
    let selected = move || selection.member.get() == Some(member) && clock.is_some();
    let tone = if clock.is_some() { tone(picture, member) } else { "" };
    view! {
        <div class=format!("sr {tone}") role="option" aria-selected=move || selected().to_string() style:top=top on:click=move |_| selection.open(member)>
            <time>{clock}</time>
            <div class="sq-in">{arrow(picture, acts, member, what)}</div>
        </div>
    }
    .into_any()
}

/// Rows that are about no member.
fn aside(picture: &Picture, what: What, top: String) -> AnyView {
    match what {
        What::Missing(missing) => {
            let text = sentence::plain(&picture.story.chain.missing[missing].what);
            view! { <div class="sr aside warn" style:top=top><span class="cut" title=text.clone()><Mark shape=Shape::Off level=Level::Warn small=true/>" "{text.clone()}</span></div> }.into_any()
        }
        What::Idle(micros) => view! { <div class="sr aside idle" style:top=top><span><b>{lasting(micros)}</b>" nothing happens"</span></div> }.into_any(),
        _ => ().into_any(),
    }
}

fn tone(picture: &Picture, member: usize) -> &'static str {
    match &picture.story.members()[member] {
        what if what.dead_letter.is_some() => "bad",
        _ if picture.story.is_replayed(member) => "act",
        what if what.retry.is_some() => "warn",
        _ => "",
    }
}

/// What is said over an arrow.
fn label(picture: &Picture, acts: &Acts, member: usize, what: What) -> String {
    let named = |lane: usize| middle_of(&sentence::tame(&acts.lanes[lane].name), LONGEST);
    let event = &picture.story.members()[member];
    let name = middle_of(last_words(&type_of(event), NAME), LONGEST);
    match what {
        What::Read { to, sure: true, .. } => format!("read by {}", named(to)),
        What::Read { to, .. } => format!("then {}", named(to)),
        _ if event.dead_letter.is_some() => format!("{name}, given up"),
        _ if picture.story.is_replayed(member) => format!("{name}, put back"),
        _ => event.retry.map_or(name.clone(), |attempt| format!("{name}, attempt {attempt}")),
    }
}

fn arrow(picture: &Picture, acts: &Acts, member: usize, what: What) -> impl IntoView + use<> {
    let (lanes, hues) = (acts.lanes.len(), use_hues());
    let (from, to, read) = match what {
        What::Read { from, to, .. } => (Some(from), to, true),
        What::Written { from, to } => (from, to, false),
        _ => (None, 0, false),
    };
    let (end, begin) = (middle(to, lanes), middle(from.unwrap_or(to), lanes));
    let line = from.map(|_| {
        let class = format!("ar{}{}", if end < begin { " back" } else { "" }, if read { " d" } else { "" });
        view! { <i class=class style:left=format!("{:.2}%", begin.min(end)) style:width=format!("{:.2}%", (end - begin).abs())></i> }
    });
    let service = if read { Some(to) } else { from };
    let works = service.filter(|lane| acts.lanes[*lane].kind == LaneKind::Service).map(|lane| {
        view! { <i class=format!("aw {}", hues.class(&acts.lanes[lane].name)) style:left=format!("{:.2}%", middle(lane, lanes))></i> }
    });
    let (shape, level) = super::drawing::shape(&picture.story, member);
    let mark = (!read)
        .then(|| view! { <span class="mk" style:left=format!("{end:.2}%")><Mark shape level small=true/></span> });
    let name = type_of(&picture.story.members()[member]);
    let label = label(picture, acts, member, what);
    // Over its arrow; beside the mark where there is none.
    let (class, left) = match from {
        Some(_) if begin.min(end) < 6.0 && (end - begin).abs() < 14.0 => ("ml at-left", begin.min(end)),
        Some(_) if begin.max(end) > 94.0 && (end - begin).abs() < 14.0 => ("ml at-right", begin.max(end)),
        Some(_) => ("ml", (begin + end) / 2.0),
        None => ("ml beside", end),
    };
    view! { {line}{works}{mark}<span class=class title=name style:left=format!("{left:.2}%")>{label}</span> }
}
