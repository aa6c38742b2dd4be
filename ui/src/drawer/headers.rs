//! Headers, decoded, those of one family together; values that are IDs lead to their chain.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{EventDetail, HeaderView};

use crate::{
    format::{bytes, id, number},
    order::sort_by_key,
    ui::IdLink,
};

/// Headers shown before someone asks for all.
const FIRST: usize = 12;
/// Longer ones first.
const PREFIXES: [&str; 5] = ["kafka_dlt-", "kafka_", "__connect.errors.", "x-", "__streams.errors."];
/// A longer value is folded away.
const LONG: usize = 400;

/// Headers that belong together.
#[derive(Debug, Clone, PartialEq)]
struct Family {
    /// As people call it; none for those that belong to nobody.
    name: Option<&'static str>,
    headers: Vec<HeaderView>,
}

/// Families in the order in which their first header stands; those of nobody last.
fn families(headers: &[HeaderView]) -> Vec<Family> {
    let mut families: Vec<(Option<String>, Family)> = Vec::new();
    for header in headers {
        let place = families.iter().position(|(family, _)| *family == header.family);
        let place = place.unwrap_or_else(|| {
            let name = header.family.as_deref().map(said);
            families.push((header.family.clone(), Family { name, headers: Vec::new() }));
            families.len() - 1
        });
        families[place].1.headers.push(header.clone());
    }
    sort_by_key(&mut families, |(family, _)| family.is_none());
    families.into_iter().map(|(_, family)| family).collect()
}

fn said(family: &str) -> &'static str {
    match family {
        "cloudevents" => "CloudEvents",
        "trace" => "Trace context",
        "spring_kafka" => "Spring Kafka",
        "kafka_connect" => "Kafka Connect",
        "kafka_streams" => "Kafka Streams",
        "share_group" => "Share group",
        "spring_cloud_stream" => "Spring Cloud Stream",
        "masstransit" => "MassTransit",
        "nservicebus" => "NServiceBus",
        "dapr" => "Dapr",
        "debezium" => "Debezium",
        "tapline" => "Tapline",
        _ => "Framework",
    }
}

/// The section.
#[component]
pub(super) fn Headers(
    /// The event.
    event: Arc<EventDetail>,
) -> impl IntoView {
    let count = event.headers.len();
    let all = RwSignal::new(count <= FIRST);
    let toggle = (count > FIRST).then(|| {
        view! { <button type="button" class="link plain small" on:click=move |_| all.update(|all| *all = !*all)>{move || if all.get() { "Show fewer" } else { "Show all" }}</button> }
    });
    let shown = move || {
        let mut left = if all.get() { usize::MAX } else { FIRST };
        let family = |mut family: Family| {
            family.headers.truncate(left);
            left -= family.headers.len();
            (!family.headers.is_empty()).then(|| view! { <FamilyRows family/> })
        };
        families(&event.headers).into_iter().filter_map(family).collect_view()
    };
    let note = if count == 0 { "none".to_owned() } else { format!("{}, decoded", number::exact(count as u64)) };
    view! {
        <section>
            <h3>"Headers" <span class="n">{note}</span><span class="end">{toggle}</span></h3>
            {shown}
        </section>
    }
}

/// A header's name without what the name of its family says already.
fn own(name: &str) -> &str {
    let prefix = PREFIXES.into_iter().find(|prefix| name.len() > prefix.len() && name.starts_with(prefix));
    prefix.map_or(name, |prefix| &name[prefix.len()..])
}

#[component]
fn FamilyRows(family: Family) -> impl IntoView {
    let head = family.name.map(|name| view! { <p class="family">{name}</p> });
    let named = family.name.is_some();
    let row = move |header: HeaderView| {
        let name = if named { own(&header.name) } else { &header.name };
        view! { <dt class="mono cut" title=header.name.clone()>{id::middle(name, 30)}</dt><dd class="mono"><Value header/></dd> }
    };
    view! { {head}<dl class="kv hd">{family.headers.into_iter().map(row).collect_view()}</dl> }
}

#[component]
fn Value(header: HeaderView) -> impl IntoView {
    let Some(value) = &header.value else { return view! { <span class="t3">"null"</span> }.into_any() };
    let text = header.decoded.clone().unwrap_or_else(|| bytes::line(value));
    let encoding = (header.encoding != "text").then(|| view! { <small class="t3">{header.encoding.clone()}</small> });
    if text.is_empty() {
        return view! { <span class="t3">"empty"</span> }.into_any();
    }
    if text.len() > LONG || text.contains('\n') {
        let first: String = text.lines().next().unwrap_or_default().chars().take(60).collect();
        return view! { <details class="fold-text"><summary>{first}"…"</summary><pre class="code">{text}</pre></details> }.into_any();
    }
    if header.encoding == "text" && id::looks_like_id(&text) && !text.contains('/') {
        return view! { <IdLink id=text limit=30/> }.into_any();
    }
    view! { <span title=text.clone()>{id::middle(&text, 64)}</span>" "{encoding} }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_does_not_repeat_its_family() {
        assert_eq!(
            ["kafka_dlt-original-topic", "kafka_exception-fqcn", "kafka_", "ce_id"].map(own),
            ["original-topic", "exception-fqcn", "kafka_", "ce_id"]
        );
    }

    #[test]
    fn families_stay_together_and_those_of_nobody_come_last() {
        let header = |name: &str, family: Option<&str>| HeaderView {
            name: name.into(),
            value: None,
            decoded: None,
            encoding: "text".into(),
            family: family.map(str::to_owned),
        };
        let headers = [
            header("x", None),
            header("ce_id", Some("cloudevents")),
            header("y", None),
            header("ce_type", Some("cloudevents")),
        ];
        let names: Vec<(Option<&str>, usize)> =
            families(&headers).iter().map(|family| (family.name, family.headers.len())).collect();
        assert_eq!(names, [(Some("CloudEvents"), 2), (None, 2)]);
    }
}
