//! Why an event is connected to others: strongest first, each with its evidence.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Edge, EdgeRule, EventDetail};

use super::link::EventLink;
use crate::{
    format::address::parts,
    format::address::position,
    order::sort_by,
    ui::{Ico, Icon, Pill, Sentence},
};

/// The section; nothing where nothing is connected.
#[component]
pub(super) fn Edges(
    /// The event.
    event: Arc<EventDetail>,
) -> impl IntoView {
    let mut edges = event.edges.clone();
    sort_by(&mut edges, |one, other| other.confidence.total_cmp(&one.confidence));
    let own = event.summary.address.clone();
    (!edges.is_empty()).then(|| {
        let note = format!("{}, strongest first", edges.len());
        let row = |edge: Edge| view! { <EdgeRow own=own.clone() edge/> };
        view! {
            <section>
                <h3>"Edges" <span class="n">{note}</span></h3>
                <ul class="edges">{edges.into_iter().map(row).collect_view()}</ul>
            </section>
        }
    })
}

#[component]
fn EdgeRow(own: String, edge: Edge) -> impl IntoView {
    let outward = edge.from == own;
    let other = if outward { edge.to.clone() } else { edge.from.clone() };
    let (icon, word) = if outward { (Icon::Right, "to ") } else { (Icon::Left, "from ") };
    view! {
        <li>
            <Ico icon/>
            <span>{word}<EventLink text=short(&other) to=other/><small>{rule(edge.rule)}": "<Sentence text=edge.evidence/></small></span>
            <Pill text=confidence(edge.confidence)/>
        </li>
    }
}

/// `orders 4 · 412,117`.
fn short(address: &str) -> String {
    match parts(address).as_slice() {
        [_, destination, partition, offset] => {
            let partition = if partition == "-" { String::new() } else { format!(" {partition}") };
            format!("{destination}{partition} · {}", position(offset))
        }
        _ => address.to_owned(),
    }
}

/// What a rule says, in words.
pub(crate) fn rule(rule: EdgeRule) -> &'static str {
    match rule {
        EdgeRule::Causation => "declared cause",
        EdgeRule::Link => "span link",
        EdgeRule::Parent => "parent span",
        EdgeRule::DeadLetter => "dead letter and its origin",
        EdgeRule::Replay => "replay and its original",
        EdgeRule::MessageId => "same message",
        EdgeRule::Correlation => "same correlation",
        EdgeRule::Id => "same ID",
        EdgeRule::Time => "near in time",
    }
}

/// How sure an edge is, in a word.
pub(crate) fn confidence(value: f64) -> &'static str {
    match value {
        v if v >= 0.95 => "certain",
        v if v >= 0.75 => "likely",
        v if v >= 0.4 => "possible",
        _ => "weak",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_short_and_confidence_is_a_word() {
        assert_eq!(short("shop/orders/4/412117"), "orders 4 · 412,117");
        assert_eq!(short("shop/a%2Fb/-/1-0"), "a/b · 1-0");
        assert_eq!([1.0, 0.8, 0.5, 0.1].map(confidence), ["certain", "likely", "possible", "weak"]);
    }
}
