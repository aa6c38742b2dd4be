//! The list: one row a cause.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Cause, CauseList};

use super::states::StatePill;
use crate::{
    api::load::Load,
    charts::sparkline::Sparkline,
    format::{self, id::last_words, number, sentence, time},
    react::memo,
    state::{time_range::use_zone, url::use_address},
    ui::{Ico, Icon, Segments, Sentence, rows::Rows},
};

/// The panel's head: how many there are, a filter, which of them.
#[component]
pub(super) fn Head(list: Load<CauseList>) -> impl IntoView {
    let address = use_address();
    let (state, text) = (address.get("state"), address.get("q"));
    let chosen = Signal::derive(move || state.get().unwrap_or_else(|| "open".to_owned()));
    let choose = move |state: &'static str| {
        address.replace(|query| {
            query.set("state", (state != "open").then_some(state));
            query.set("cause", None);
            query.set("cursor", None);
        })
    };
    let note = move || list.data.with(|list| list.as_ref().map(|list| counts(list)));
    let filter = move |event| {
        let text = event_target_value(&event);
        address.replace(|query| {
            query.set("q", Some(text.trim()).filter(|text| !text.is_empty()));
            query.set("cause", None);
            query.set("cursor", None);
        });
    };
    view! {
        <div class="head"><h2>"Causes"</h2><span class="t3">{note}</span>
            <div class="end">
                <input class="input causes-q" type="search" aria-label="Filter causes" placeholder="exception, group, topic" prop:value=move || text.get().unwrap_or_default() on:change=filter/>
                <Segments label="Which causes" choices=&[("open", "Open"), ("closed", "Closed"), ("all", "All")] chosen on_choose=choose/>
            </div>
        </div>
    }
}

/// `4 open, 31 closed`.
fn counts(list: &CauseList) -> String {
    format!("{} open, {} closed", number::exact(list.open), number::exact(list.resolved))
}

/// The panel's content.
#[component]
pub(super) fn Causes(list: Arc<CauseList>, chosen: Memo<Option<String>>) -> impl IntoView {
    let address = use_address();
    if list.causes.is_empty() {
        return view! { <p class="pad t2">"No cause matches."</p> }.into_any();
    }
    let (count, next) = (list.causes.len(), list.next.clone());
    let (keyed, drawn) = (Arc::clone(&list), list);
    let more = next.map(|next| {
        let more = move |_| address.push(|query| {
            query.set("cursor", Some(&next));
            query.set("cause", None);
        });
        view! { <p class="pad"><button type="button" class="link plain small" on:click=more>"Further causes, with fewer dead letters"</button></p> }
    });
    view! {
        <div class="scroll causes-box"><table class="table r3 fixed causes">
            <thead><tr>
                <th class="c-state">"State"</th><th>"Cause"</th><th class="c-from">"From, by group"</th>
                <th class="c-num num" aria-sort="descending">"Waiting"<Ico icon=Icon::Down/></th><th class="c-trend">"Last 24 h"</th>
                <th class="c-time num">"First"</th><th class="c-time num">"Last"</th>
            </tr></thead>
            <Rows count=Signal::derive(move || count) height=52.0 key=move |index| key(keyed.causes.get(index))
                row=move |index| drawn.causes.get(index).map(|cause| view! { <Row cause=cause.clone() chosen/> })/>
        </table></div>
        {more}
    }
    .into_any()
}

/// Another row when something of it changed.
fn key(cause: Option<&Cause>) -> String {
    cause
        .map(|cause| {
            format!("{}/{:?}/{}/{}/{:?}", cause.fingerprint, cause.state, cause.count, cause.waiting, cause.last)
        })
        .unwrap_or_default()
}

#[component]
fn Row(cause: Cause, chosen: Memo<Option<String>>) -> impl IntoView {
    let (id, opened) = (cause.fingerprint.clone(), cause.fingerprint.clone());
    let selected = memo(move || chosen.with(|chosen| chosen.as_deref() == Some(id.as_str())));
    let of = (cause.waiting != cause.count).then(|| format!("of {}", number::exact(cause.count)));
    let trend: Vec<f64> = cause.trend.iter().map(|count| *count as f64).collect();
    let (origin, title) =
        (cause.origin.clone().unwrap_or_else(|| "not named".to_owned()), sentence::plain(&cause.title));
    view! {
        <tr aria-selected=move || selected.get().to_string() on:click=move |_| super::open(&opened)>
            <td><StatePill state=cause.state/></td>
            <td title=sentence::plain(&cause.sentence)>
                <button type="button" class="plain cn cut"><Sentence text=sentence::capital(&cause.title)/></button>
                <span class="two mono cut">{place(&cause)}</span>
            </td>
            <td><span class="dest"><Ico icon=Icon::Topic/><span class="cut">{origin}</span></span><span class="two cut">{cause.consumer_group.clone()}</span></td>
            <td class="num"><b>{number::exact(cause.waiting)}</b><span class="two">{of}</span></td>
            <td><Sparkline points=trend tone=if cause.growing { "bad" } else { "" } label=format!("Dead letters of the last 24 hours: {title}")/></td>
            {moment(cause.first.as_deref())}
            {moment(cause.last.as_deref())}
        </tr>
    }
}

fn moment(text: Option<&str>) -> impl IntoView + use<> {
    let (zone, now) = (use_zone(), format::now());
    let micros = text.and_then(time::parse);
    let title = move || micros.map(|micros| time::full(micros, zone.get()));
    view! { <td class="num t2" title=title>{micros.map(|micros| time::relative(micros.div_euclid(1000), now))}</td> }
}

/// `InvalidFormatException at OrderPlacedListener.java:58`.
pub(super) fn place(cause: &Cause) -> String {
    let class = cause.root_cause.as_deref().map(|class| last_words(class, 1));
    match (class, cause.frame.as_deref()) {
        (Some(class), Some(frame)) => format!("{class} at {frame}"),
        (Some(class), None) => class.to_owned(),
        (None, Some(frame)) => format!("at {frame}"),
        (None, None) => cause.framework.clone(),
    }
}
