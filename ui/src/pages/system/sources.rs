//! One block a source: how it stands, how much it reads, what it can do and why not, what is wrong.

use leptos::prelude::*;
use tapline_api::{Backfill, Level, SourceInfo, SourceList, SourceState};

use super::capabilities::capabilities;
use crate::{
    api::load::Load,
    format::{self, number, time},
    state::{time_range::use_zone, url::use_address},
    ui::{Mark, Pill, Sentence, Shape, empty::Empty},
};

/// The panel's head.
#[component]
pub(super) fn Head(load: Load<SourceList>) -> impl IntoView {
    let count = move || load.data.with(|list| list.as_ref().map(|list| list.sources.len()));
    view! { <div class="head"><h2>"Sources"</h2><span class="t3">{count}</span></div> }
}

/// The panel's content.
pub(super) fn sources(list: &SourceList) -> AnyView {
    let address = use_address();
    if list.sources.is_empty() {
        return view! {
            <Empty title="No source is configured" why="A source is a broker that Tapline reads without being noticed: name, kind and address in `tapline.toml`.">
                <a class="btn" href=move || address.link("/")>"See the lines"</a>
            </Empty>
        }
        .into_any();
    }
    view! { <ul class="srcs">{list.sources.iter().map(source).collect_view()}</ul> }.into_any()
}

/// Shape, colour and word of a state.
fn state(state: SourceState) -> (Shape, Level, &'static str) {
    match state {
        SourceState::Starting => (Shape::Running, Level::Act, "Connecting"),
        SourceState::Up => (Shape::Well, Level::Ok, "Up"),
        SourceState::Degraded => (Shape::Behind, Level::Warn, "In part"),
        SourceState::Down => (Shape::Failing, Level::Bad, "Down"),
        SourceState::Paused => (Shape::Standing, Level::Warn, "Paused"),
        SourceState::Archived => (Shape::Off, Level::Mute, "Archived only"),
    }
}

fn source(source: &SourceInfo) -> impl IntoView + use<> {
    let (shape, level, word) = state(source.state);
    let problem = |problem: &String| view! { <li><Mark shape level=level.max(Level::Warn) small=true/><span><Sentence text=problem.clone()/></span></li> };
    let problems = source.problems.iter().map(problem).collect_view();
    let kind = match &source.cluster {
        Some(cluster) => format!("{}, cluster {cluster}", source.system),
        None => source.system.clone(),
    };
    view! {
        <li class="src">
            <div class="src-head">
                <Pill shape level text=word/><b class="mono">{source.name.clone()}</b><span class="t3 cut" title=kind.clone()>{kind.clone()}</span>
                {source.backfill.as_ref().map(backfill)}
            </div>
            {figures(source)}
            {(!source.problems.is_empty()).then(|| view! { <ul class=if level == Level::Bad { "problems worst" } else { "problems" }>{problems}</ul> })}
            {(source.state != SourceState::Archived).then(|| capabilities(&source.capabilities))}
            {left_out(source)}
        </li>
    }
}

fn figures(source: &SourceInfo) -> impl IntoView + use<> {
    let (zone, now) = (use_zone(), format::now());
    let newest = source.newest.as_deref().and_then(time::parse);
    let age = newest.map_or_else(|| "none yet".to_owned(), |micros| time::relative(micros.div_euclid(1000), now));
    let exact = move || newest.map(|micros| time::full(micros, zone.get()));
    let lag = source.lag.map_or_else(|| "unknown".to_owned(), number::short);
    let lag_title = "Records that stand on the broker and are not read yet";
    let read = format!(
        "{}, {}",
        number::count(source.destinations as u64, "destination", "destinations"),
        number::count(source.partitions as u64, "partition", "partitions")
    );
    // Of what is not configured any more, only what was archived is known.
    let live = (source.state != SourceState::Archived).then(|| view! {
        <div><dt>"Rate"</dt><dd>{number::rate(source.rate)}<span class="t3">{format!("{}/s", number::bytes(source.bytes_rate.max(0.0) as u64))}</span></dd></div>
        <div title=lag_title><dt>"Behind the broker"</dt><dd>{lag}<span class="t3">{source.lag.map(|lag| if lag == 1 { "record" } else { "records" })}</span></dd></div>
    });
    let verb = if live.is_some() { "Reads" } else { "Read" };
    view! {
        <dl class="figs">
            <div><dt>{verb}</dt><dd>{read}</dd></div>
            {live}
            <div title=number::exact(source.rows)><dt>"Rows"</dt><dd>{number::short(source.rows)}</dd></div>
            <div title=exact><dt>"Newest row"</dt><dd>{age}</dd></div>
        </dl>
    }
}

fn backfill(backfill: &Backfill) -> impl IntoView + use<> {
    let end = backfill.seconds_left.map_or_else(
        || "no end in sight at this rate".to_owned(),
        |seconds| format!("{} left", number::duration(seconds * 1000.0)),
    );
    let text = format!(
        "reads {} of before at {}, {end}",
        number::count(backfill.left, "record", "records"),
        number::rate(backfill.rate).replace(" ev", "")
    );
    view! { <span class="stt push t2 small"><Mark shape=Shape::Running level=Level::Act small=true/>{text}</span> }
}

/// Destinations that exist and are not read.
fn left_out(source: &SourceInfo) -> Option<impl IntoView + use<>> {
    let row = |(name, why): &(String, String)| view! { <li><code>{name.clone()}</code><span class="t2"><Sentence text=why.clone()/></span></li> };
    let rows = source.left_out.iter().map(row).collect_view();
    let count = number::count(source.left_out.len() as u64, "destination is", "destinations are");
    (!source.left_out.is_empty())
        .then(|| view! { <details class="not-read"><summary>{count}" not read"</summary><ul>{rows}</ul></details> })
}
