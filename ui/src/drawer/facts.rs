//! Identifiers and the plain facts of an event: where it stands, when, how large.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{EventDetail, IdView};

use crate::{
    format::{address::position, bytes, id, now, number, time},
    state::{hues::use_hues, time_range::use_zone},
    ui::{Copy, Ico, Icon, IdLink},
};

/// The identifiers, each a link to its chain.
#[component]
pub(super) fn Ids(
    /// The event.
    event: Arc<EventDetail>,
) -> impl IntoView {
    let count = event.ids.len();
    let dropped = (event.ids_dropped > 0).then(|| format!(", {} more were found beyond the limit", event.ids_dropped));
    let one = |id: &IdView| {
        let text = format!("{}={}", id.name, id.value);
        view! { <IdLink id=text limit=44/> }
    };
    (count > 0).then(|| {
        view! {
            <section>
                <h3>"IDs" <span class="n">{count.to_string()}{dropped}</span></h3>
                <p class="idlist">{event.ids.iter().map(one).collect_view()}</p>
            </section>
        }
    })
}

/// Address, times and sizes.
#[component]
pub(super) fn Facts(
    /// The event.
    event: Arc<EventDetail>,
) -> impl IntoView {
    let hues = use_hues();
    let summary = &event.summary;
    let producer = summary.producer.clone().map(|producer| {
        let class = format!("svc {}", hues.class(&producer));
        view! { <dt>"Producer"</dt><dd><span class=class>{producer}</span></dd> }
    });
    let key = summary.key.as_ref().map(|key| {
        let key = bytes::line(key);
        view! { <dt>"Key"</dt><dd class="mono">{id::middle(&key, 40)}<Copy text=Signal::stored(key) label="Copy key"/></dd> }
    });
    let partition = summary.partition.map(|partition| view! { <dt>"Partition"</dt><dd>{partition}</dd> });
    let kind = event.timestamp_kind.clone().unwrap_or_else(|| "broker's time".to_owned());
    view! {
        <section>
            <h3>"Where and when"</h3>
            <dl class="kv">
                <dt>"Source"</dt><dd>{summary.source.clone()}" "<span class="t3">{event.system.clone()}</span></dd>
                <dt>"Destination"</dt><dd><span class="dest"><Ico icon=Icon::Topic/>{summary.destination.clone()}</span></dd>
                {partition}
                <dt>{if summary.position.bytes().all(|byte| byte.is_ascii_digit()) { "Offset" } else { "Position" }}</dt>
                <dd class="mono">{position(&summary.position)}</dd>
                {producer}
                {key}
                <Moment name="Written" at=summary.timestamp.clone() note=kind/>
                <Moment name="Archived" at=Some(summary.archived_at.clone()) note=stored(&event.stored).to_owned()/>
                <dt>"Size"</dt><dd title=format!("{} bytes", number::exact(summary.size.unsigned_abs().into()))>{number::bytes(summary.size.unsigned_abs().into())}" "<span class="t3">"key, headers and payload"</span></dd>
            </dl>
        </section>
    }
}

fn stored(stored: &str) -> &'static str {
    if stored == "hot" { "in memory, committed soon" } else { "in the archive" }
}

#[component]
fn Moment(name: &'static str, at: Option<String>, note: String) -> impl IntoView {
    let zone = use_zone();
    let micros = at.as_deref().and_then(time::parse);
    let shown = move || match micros {
        Some(micros) => {
            let relative = time::relative(micros.div_euclid(1000), now());
            view! { {time::full(micros, zone.get())}" "<span class="t3">{relative}", "{note.clone()}</span> }.into_any()
        }
        None => view! { <span class="t3">"unknown"</span> }.into_any(),
    };
    view! { <dt>{name}</dt><dd>{shown}</dd> }
}
