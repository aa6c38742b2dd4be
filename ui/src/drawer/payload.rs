//! The payload as a tree, as it was, and as bytes. Which of them is open stands in the address.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Bytes, EventDetail};

use super::tree::Tree;
use crate::{
    format::{bytes, json, number},
    state::url::use_address,
    ui::{Copy, Segments, Sentence},
};

/// More text than that makes a drawer slow; the rest is copied or downloaded.
const SHOWN: usize = 200_000;
/// More bytes than that nobody reads as hex.
const DUMPED: usize = 16_384;

/// The section.
#[component]
pub(super) fn PayloadSection(
    /// The event.
    event: Arc<EventDetail>,
) -> impl IntoView {
    let address = use_address();
    let asked = address.get("payload");
    let scanned = Arc::new(readable(&event).map(|text| (json::scan(&text), text)));
    let is_tree = scanned.as_ref().as_ref().is_some_and(|(scan, _)| scan.nodes.len() > 1);
    let open = Signal::derive(move || asked.get().unwrap_or_else(|| if is_tree { "tree" } else { "raw" }.to_owned()));
    let choose = move |tab: &'static str| address.replace(|query| query.set("payload", Some(tab)));
    let copied = Signal::stored(scanned.as_ref().as_ref().map(|(_, text)| text.clone()).unwrap_or_default());
    let body = move |event: &EventDetail| match (open.get().as_str(), scanned.as_ref()) {
        ("hex", _) => view! { <Hex event=event.clone()/> }.into_any(),
        ("tree", Some((scan, _))) if is_tree => view! { <Tree scan=scan.clone()/> }.into_any(),
        ("tree", Some(_)) => view! { <p class="small t3">"Not JSON: there is no tree."</p> }.into_any(),
        (_, Some((scan, text))) => view! { <Raw text=text.clone() is_json=scan.complete/> }.into_any(),
        (_, None) => view! { <Nothing event=event.clone()/> }.into_any(),
    };
    view! {
        <section>
            <h3>
                "Payload" <span class="n">{facts(&event)}</span>
                <span class="end">
                    <Segments label="Payload as" mini=true choices=&[("tree", "Tree"), ("raw", "Raw"), ("hex", "Hex")] chosen=open on_choose=choose/>
                    <Copy text=copied label="Copy payload"/>
                </span>
            </h3>
            {warning(&event).map(|text| view! { <p class="small warn payload-note"><Sentence text/></p> })}
            {move || body(&event)}
        </section>
    }
}

/// The text that people read: decoded where it was binary.
fn readable(event: &EventDetail) -> Option<String> {
    match (&event.decoded, &event.payload.content) {
        (Some(decoded), _) => Some(decoded.clone()),
        (None, Some(Bytes::Text(text))) => Some(text.clone()),
        _ => None,
    }
}

/// `412 B, JSON`.
fn facts(event: &EventDetail) -> String {
    let format = match event.summary.format.as_str() {
        "json" => "JSON",
        other => other,
    };
    format!("{}, {format}", number::bytes(event.payload.size as u64))
}

fn warning(event: &EventDetail) -> Option<String> {
    if let Some(error) = &event.decode_error {
        return Some(format!("Could not be decoded: {error}"));
    }
    let whole = number::bytes(event.payload.size as u64);
    event.payload.truncated.then(|| format!("Only the first part is shown; the whole is {whole}."))
}

#[component]
fn Nothing(event: EventDetail) -> impl IntoView {
    let text = match event.payload.content {
        None => "A tombstone: there is a key and no payload. A compacted topic forgets the key.",
        Some(_) => "Not text. Hex shows the bytes.",
    };
    view! { <p class="small t3">{text}</p> }
}

#[component]
fn Raw(text: String, is_json: bool) -> impl IntoView {
    let text = if is_json { json::pretty(&text) } else { text };
    let cut = text.char_indices().nth(SHOWN).map(|(at, _)| at);
    let shown = cut.map_or(text.as_str(), |at| &text[..at]).to_owned();
    let rest =
        cut.map(|at| format!("{} more are not drawn; Copy takes them all.", number::bytes((text.len() - at) as u64)));
    view! { <pre class="code raw" tabindex="0">{shown}</pre>{rest.map(|rest| view! { <p class="small t3">{rest}</p> })} }
}

#[component]
fn Hex(event: EventDetail) -> impl IntoView {
    let raw = event.payload.content.as_ref().map(bytes::raw).unwrap_or_default();
    let rest = raw.len().checked_sub(DUMPED).filter(|rest| *rest > 0);
    let lines = bytes::dump(&raw[..raw.len().min(DUMPED)])
        .map(|line| view! { <span class="t3">{line.offset}</span>"  "{line.hex}"  "<span class="s">{line.text}</span>"\n" })
        .collect_view();
    view! {
        <pre class="code hex" tabindex="0">{lines}</pre>
        {rest.map(|rest| view! { <p class="small t3">{format!("{} more are not drawn.", number::bytes(rest as u64))}</p> })}
    }
}
