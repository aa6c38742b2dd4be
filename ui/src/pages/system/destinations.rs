//! Every destination in the archive: what it is, how much of it there is, since when, how far behind its tap stands.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{DestinationInfo, DestinationKind, DestinationList, Level, Origin};

use crate::{
    api::load::Load,
    format::{self, number, time},
    state::{
        time_range::use_zone,
        url::{Query, use_address},
    },
    ui::{Ico, Icon, Mark, Sentence, Shape, empty::Empty, rows::Rows},
};

/// The panel's head.
#[component]
pub(super) fn Head(load: Load<DestinationList>) -> impl IntoView {
    let count = move || load.data.with(|list| list.as_ref().map(|list| number::exact(list.destinations.len() as u64)));
    view! { <div class="head"><h2>"Destinations"</h2><span class="t3">{count}</span></div> }
}

/// The panel's content.
pub(super) fn destinations(list: Arc<DestinationList>) -> AnyView {
    if list.destinations.is_empty() {
        return view! { <Empty title="Nothing archived yet" why="Each topic that a source reads gets a row here with its first event."/> }.into_any();
    }
    let count = list.destinations.len();
    let rows = Arc::clone(&list);
    view! {
        <table class="table fixed dests">
            <thead><tr>
                <th>"Destination"</th><th class="d-src">"Source"</th><th class="d-kind">"Kind"</th><th class="d-num num">"Rows"</th><th class="d-num num">"Bytes"</th>
                <th class="d-part num">"Partitions"</th><th class="d-num num">"Behind"</th><th class="d-num num">"Single holes"</th><th class="d-time num">"First"</th><th class="d-time num">"Last"</th>
            </tr></thead>
            <Rows count=Signal::derive(move || count) key=move |index| key(list.destinations.get(index)) row=move |index| rows.destinations.get(index).map(row)/>
        </table>
    }
    .into_any()
}

/// Another row when a number changed.
fn key(info: Option<&DestinationInfo>) -> String {
    info.map(|info| {
        let of = info.origins.iter().map(why).collect::<String>();
        let DestinationInfo { source, name, incarnation, rows, last, .. } = info;
        format!("{source}/{name}/{incarnation}/{rows}/{last:?}/{:?}/{of}", behind(info))
    })
    .unwrap_or_default()
}

/// Records that stand on the broker beyond what was read; unknown while an end was never heard of.
fn behind(info: &DestinationInfo) -> Option<u64> {
    let behind = info.places.iter().map(|place| place.end.map(|end| (end - place.next).max(0).unsigned_abs()));
    let sum: Option<u64> = behind.sum();
    sum.filter(|_| !info.places.is_empty())
}

fn row(info: &DestinationInfo) -> impl IntoView + use<> {
    let address = use_address();
    let mut query = Query::default();
    query.set("destination", Some(&info.name));
    query.set("source", Some(&info.source));
    let href = query.on("/events");
    let life = (info.incarnation > 1).then(|| view! { <small class="t3" title="The topic was deleted and made anew">{format!(" life {}", info.incarnation)}</small> });
    let holes: u64 = info.places.iter().map(|place| place.single_holes).sum();
    let behind = behind(info);
    let behind_text = behind.map_or_else(|| "unknown".to_owned(), number::short);
    view! {
        <tr>
            <td><a class="dest" href=move || address.link(&href) title=info.name.clone()><Ico icon=Icon::Topic/><span class="cut">{info.name.clone()}</span></a>{life}</td>
            <td class="t2">{info.source.clone()}</td>
            <td><span class="d-of">{kind(info.kind)}{of(&info.origins)}</span></td>
            <td class="num" title=number::exact(info.rows)>{number::short(info.rows)}</td>
            <td class="num">{number::bytes(info.bytes)}</td>
            <td class="num">{info.places.len()}</td>
            <td class="num" class:t3=behind.is_none_or(|behind| behind == 0)>{behind_text}</td>
            <td class="num t2">{number::short(holes)}</td>
            {moment(info.first.as_deref())}
            {moment(info.last.as_deref())}
        </tr>
    }
}

fn moment(text: Option<&str>) -> impl IntoView + use<> {
    let (zone, now) = (use_zone(), format::now());
    let micros = text.and_then(time::parse);
    let title = move || micros.map(|micros| time::full(micros, zone.get()));
    view! { <td class="num t2" title=title>{micros.map(|micros| time::relative(micros.div_euclid(1000), now))}</td> }
}

fn kind(kind: DestinationKind) -> impl IntoView {
    match kind {
        DestinationKind::Topic => view! { <span class="t2">"events"</span> }.into_any(),
        DestinationKind::Retry => {
            view! { <span class="stt"><Mark shape=Shape::Event level=Level::Warn small=true/>"retries"</span> }
                .into_any()
        }
        DestinationKind::DeadLetter => {
            view! { <span class="stt"><Mark shape=Shape::DeadLetter level=Level::Bad small=true/>"dead letters"</span> }
                .into_any()
        }
    }
}

/// Origins that are named; of the rest it is told how many there are.
const NAMED: usize = 2;

/// Of which destinations it holds the events, and how that is known.
fn of(origins: &[Origin]) -> impl IntoView + use<> {
    let title = origins.iter().map(why).collect::<Vec<_>>().join("\n");
    let doubt = origins.iter().all(|origin| origin.reason == "name").then_some(", by name");
    (!origins.is_empty())
        .then(|| view! { <span class="t3 cut" title=title>"of "<Sentence text=named(origins)/>{doubt}</span> })
}

/// `orders`, `orders` and `payments`, `orders`, `payments` and 3 more; names between backticks.
fn named(origins: &[Origin]) -> String {
    let names: Vec<_> = origins.iter().take(NAMED).map(|origin| format!("`{}`", origin.destination)).collect();
    match origins.len().saturating_sub(NAMED) {
        0 => names.join(" and "),
        more => format!("{} and {} more", names.join(", "), number::short(more as u64)),
    }
}

fn why(origin: &Origin) -> String {
    let name = &origin.destination;
    match origin.reason.as_str() {
        "pinned" => format!("{name}: the configuration says so"),
        "headers" => format!("{name}: headers of {} say so", number::count(origin.seen, "event", "events")),
        "name" => format!("{name}: only its name says so, no header of its events"),
        other => format!("{name}: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use tapline_api::PlaceView;

    use super::*;

    fn info(places: &[(i64, Option<i64>)]) -> DestinationInfo {
        let place = |&(next, end): &(i64, Option<i64>)| PlaceView { partition: 0, next, end, rows: 0, single_holes: 0 };
        DestinationInfo {
            source: "s".into(),
            name: "d".into(),
            incarnation: 1,
            kind: DestinationKind::Topic,
            origins: Vec::new(),
            rows: 0,
            bytes: 0,
            first: None,
            last: None,
            places: places.iter().map(place).collect(),
        }
    }

    #[test]
    fn how_far_behind_is_unknown_while_an_end_is() {
        assert_eq!(behind(&info(&[(5, Some(9)), (3, Some(3))])), Some(4));
        assert_eq!(behind(&info(&[(5, Some(9)), (3, None)])), None);
        assert_eq!(behind(&info(&[(9, Some(5))])), Some(0));
        assert_eq!(behind(&info(&[])), None);
    }

    #[test]
    fn origins_are_named_up_to_two() {
        let origin = |name: &str, reason: &str| Origin { destination: name.into(), reason: reason.into(), seen: 1 };
        let all = ["orders", "payments", "a", "b"].map(|name| origin(name, "headers"));
        assert_eq!(named(&all[..1]), "`orders`");
        assert_eq!(named(&all[..2]), "`orders` and `payments`");
        assert_eq!(named(&all), "`orders`, `payments` and 2 more");
        assert_eq!(why(&all[0]), "orders: headers of 1 event say so");
        assert_eq!(why(&origin("orders", "pinned")), "orders: the configuration says so");
    }
}
