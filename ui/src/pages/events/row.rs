//! One row of the list.

use leptos::prelude::*;
use tapline_api::{EventSummary, Level};

use super::{feed::Row, preview};
use crate::{
    drawer,
    format::{address::position, bytes, id, number, time},
    state::{hues::use_hues, settings::Zone, url::use_address},
    ui::{IdLink, Mark, Shape},
};

/// A column of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Broker's time.
    Time,
    /// Event type, with its colour.
    Type,
    /// Producing service.
    Producer,
    /// Where it stands.
    Place,
    /// Message key, a link to its chain.
    Key,
    /// Key, headers and payload.
    Size,
    /// The beginning of the body.
    Body,
}

/// All columns in their order, with the word by which they are chosen.
pub(super) const COLUMNS: [(Column, &str); 7] = [
    (Column::Time, "Time"),
    (Column::Type, "Type"),
    (Column::Producer, "Producer"),
    (Column::Place, "Partition and offset"),
    (Column::Key, "Key"),
    (Column::Size, "Size"),
    (Column::Body, "Body"),
];

/// What rows share.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// In which zone clocks are read.
    pub(super) zone: Zone,
    /// Now, milliseconds since 1970: whether a row is of today.
    pub(super) now: i64,
    /// Whether the destination goes without saying.
    pub(super) one_destination: bool,
}

fn element_id(address: &str) -> String {
    format!("event-{address}")
}

/// Scrolls so that a row can be seen.
pub(super) fn bring_into_view(address: &str) {
    let Some(row) = document().get_element_by_id(&element_id(address)) else { return };
    let rect = row.get_bounding_client_rect();
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(0.0);
    if rect.top() < 100.0 || rect.bottom() > height - 40.0 {
        row.scroll_into_view_with_bool(rect.top() < 100.0);
    }
}

/// The row.
#[component]
pub(super) fn EventRow(
    /// The event.
    row: Row,
    /// Columns to show.
    columns: Vec<Column>,
    /// What rows share.
    manner: Manner,
    /// Address of the row that the keys stand on.
    cursor: RwSignal<Option<String>>,
) -> impl IntoView {
    let address = use_address();
    let (own, here) = (row.address.clone(), row.address.clone());
    let selected = move || cursor.with(|cursor| cursor.as_ref() == Some(&here)).to_string();
    let open = move |_| drawer::open(address, Some(&own));
    let cells = columns.into_iter().map(|column| cell(column, &row, manner)).collect_view();
    view! { <tr id=element_id(&row.address) aria-selected=selected on:click=open>{cells}</tr> }
}

fn cell(column: Column, row: &EventSummary, manner: Manner) -> AnyView {
    match column {
        Column::Time => clock(row, manner).into_any(),
        Column::Type => kind(row).into_any(),
        Column::Producer => producer(row).into_any(),
        Column::Place => place(row, manner).into_any(),
        Column::Key => key(row).into_any(),
        Column::Size => size(row).into_any(),
        Column::Body => body(row).into_any(),
    }
}

fn clock(row: &EventSummary, manner: Manner) -> impl IntoView + use<> {
    let micros = row.timestamp.as_deref().and_then(time::parse);
    let text = micros.map_or("no time".to_owned(), |at| time::row(at.div_euclid(1000), manner.now, manner.zone));
    let title = micros.map(|at| time::full(at, manner.zone));
    view! { <td class="t2" title=title>{text}</td> }
}

fn kind(row: &EventSummary) -> impl IntoView + use<> {
    let hues = use_hues();
    let name = row.event_type.clone().unwrap_or_default();
    let class = format!("svc cut {}", hues.kind(&name));
    let dead = row.dead_letter.clone().map(|cause| {
        view! { <span title=format!("Dead letter: {cause}") role="img" aria-label="dead letter"><Mark shape=Shape::DeadLetter level=Level::Bad small=true/></span> }
    });
    let retry = row
        .retry
        .map(|attempt| view! { <small class="t3" title="on a retry topic">{format!("retry {attempt}")}</small> });
    let title = name.clone();
    let word = if name.is_empty() {
        view! { <span class="t3">"no type"</span> }.into_any()
    } else {
        // What stands beside the name takes its room.
        let room = match (row.retry.is_some(), row.dead_letter.is_some()) {
            (true, _) => 11,
            (_, true) => 14,
            _ => 18,
        };
        view! { <span class=class title=title>{id::last_words(&name, room).to_owned()}</span> }.into_any()
    };
    view! { <td class="kind">{word}{dead}{retry}</td> }
}

fn producer(row: &EventSummary) -> impl IntoView + use<> {
    let hues = use_hues();
    let name = row.producer.clone();
    let service = name.map(|name| view! { <span class=format!("svc {}", hues.class(&name))>{name.clone()}</span> });
    view! { <td>{service}</td> }
}

fn place(row: &EventSummary, manner: Manner) -> impl IntoView + use<> {
    let destination =
        (!manner.one_destination).then(|| view! { <span class="t2">{id::middle(&row.destination, 22)}</span>" " });
    let partition = row.partition.map(|partition| view! { {partition.to_string()}" "<span class="t3">"·"</span>" " });
    let title = format!("{} {}", row.source, row.destination);
    view! { <td class="num t2 pc place" title=title>{destination}{partition}{position(&row.position)}</td> }
}

fn key(row: &EventSummary) -> impl IntoView + use<> {
    let key = row.key.as_ref().map(bytes::line).filter(|key| !key.is_empty());
    view! { <td class="cut">{key.map(|key| view! { <IdLink id=key limit=20/> })}</td> }
}

fn size(row: &EventSummary) -> impl IntoView + use<> {
    let exact = u64::from(row.size.unsigned_abs());
    let (number, unit) = number::size(exact);
    view! { <td class="num t2 size" title=format!("{} bytes", number::exact(exact))>{number}<span class="unit">" "{unit}</span></td> }
}

fn body(row: &EventSummary) -> impl IntoView + use<> {
    let key = row.key.as_ref().map(bytes::line);
    let one = |piece: preview::Piece| {
        let name = (!piece.name.is_empty()).then(|| view! { <span class="k">{piece.name}</span>" " });
        view! { {name}<span class=piece.class>{piece.value}</span>"  " }
    };
    let pieces = match row.preview.as_deref() {
        Some(preview) => preview::pieces(preview, key.as_deref()).into_iter().map(one).collect_view().into_any(),
        None => {
            view! { <span class="c">{if row.format == "null" { "tombstone" } else { "not text" }}</span> }.into_any()
        }
    };
    view! { <td class="mono cut body">{pieces}</td> }
}
