//! The flow map: services and destinations from left to right, width by rate, colour where it fails.

use std::{collections::HashSet, sync::Arc};

use leptos::prelude::*;
use tapline_api::{FlowMap, FlowNode, Level};

use super::flow::{self, Laid};
use crate::{
    format::number,
    state::{
        hues::use_hues,
        url::{Query, use_address},
    },
    ui::{Ico, Icon, Mark, Shape, state::tone},
};

type Lit = RwSignal<Option<Arc<HashSet<(usize, usize)>>>>;

/// Columns that have room beside what changed.
const SHORT: u32 = 6;

/// Whether a map takes the whole width of a usual screen.
pub(super) fn is_long(map: &FlowMap) -> bool {
    map.nodes.iter().any(|node| node.column >= SHORT)
}

/// The panel.
pub(super) fn map(map: FlowMap) -> impl IntoView {
    let note = if map.nodes.is_empty() { "" } else { "rate as width; red where it fails" };
    let content = if map.nodes.is_empty() {
        view! { <p class="pad t2 small">"No event in this time range says who wrote it. A service is known by its CloudEvents source, its headers or the rules of the configuration."</p> }.into_any()
    } else {
        drawn(map).into_any()
    };
    view! {
        <section class="panel flow-panel">
            <div class="head"><h2>"Flow map"</h2><span class="t3">{note}</span></div>
            {content}
        </section>
    }
}

fn drawn(map: FlowMap) -> impl IntoView {
    let laid = Arc::new(flow::lay_out(&map));
    let lit: Lit = RwSignal::new(None);
    let label = said(&map);
    let edges = edges(&map, &laid, lit);
    let labels = labels(&map, &laid, lit);
    let nodes = map.nodes.iter().enumerate().map(|(index, one)| node(one, index, &laid, lit)).collect_view();
    let view_box = format!("0 0 1000 {:.0}", laid.height);
    view! {
        <div class="pad fmap-scroll">
            <div class="fmap" role="group" aria-label=label style:height=format!("{:.0}px", laid.height) style:min-width=format!("{:.0}px", laid.width)>
                <svg viewBox=view_box preserveAspectRatio="none" aria-hidden="true">{edges}</svg>
                {labels}
                {nodes}
            </div>
        </div>
    }
}

/// The map in words.
fn said(map: &FlowMap) -> String {
    let failing: Vec<String> = map.edges.iter().filter_map(|edge| edge.label.clone()).collect();
    let nodes = number::count(map.nodes.len() as u64, "service or destination", "services and destinations");
    if failing.is_empty() {
        format!("Flow map of {nodes}")
    } else {
        format!("Flow map of {nodes}: {}", failing.join(", "))
    }
}

fn edges(map: &FlowMap, laid: &Laid, lit: Lit) -> impl IntoView + use<> {
    let curve = |curve: &flow::Curve| {
        let edge = &map.edges[curve.edge];
        let class = match edge.level {
            Level::Bad => "e e-bad",
            Level::Warn => "e e-warn",
            _ => "e",
        };
        let ends = curve.ends;
        let dim = move || lit.with(|lit| lit.as_ref().is_some_and(|lit| !lit.contains(&ends)));
        let title = format!("{} events", number::exact(edge.events));
        view! { <path class=class class:dim=dim d=curve.path.clone() stroke-width=format!("{:.2}", curve.width)><title>{title}</title></path> }
    };
    laid.curves.iter().map(curve).collect_view()
}

fn labels(map: &FlowMap, laid: &Laid, lit: Lit) -> impl IntoView + use<> {
    let label = |curve: &flow::Curve| {
        let edge = &map.edges[curve.edge];
        let (left, top) = curve.label;
        let ends = curve.ends;
        let dim = move || lit.with(|lit| lit.as_ref().is_some_and(|lit| !lit.contains(&ends)));
        edge.label.clone().map(|text| view! { <span class=format!("el {}", tone(edge.level)) class:dim=dim style:left=format!("{left:.2}%") style:top=format!("{top:.0}px")>{text}</span> })
    };
    laid.curves.iter().map(label).collect_view()
}

fn node(node: &FlowNode, index: usize, laid: &Arc<Laid>, lit: Lit) -> impl IntoView + use<> {
    let (hues, address) = (use_hues(), use_address());
    let service = node.kind == "service";
    let class = format!(
        "node {}{}",
        if service { format!("svc-node {}", hues.class(&node.name)) } else { "dest-node".to_owned() },
        if node.level == Level::Bad { " bad-node" } else { "" }
    );
    let mut query = Query::default();
    query.set(if service { "producer" } else { "destination" }, Some(&node.name));
    let (href, place, curves) = (query.on("/events"), laid.nodes[index].clone(), Arc::clone(laid));
    let isolate = move || lit.set(Some(Arc::new(flow::path_of(&curves.curves, index))));
    let isolate_by_key = isolate.clone();
    let dim = move || {
        lit.with(|lit| {
            lit.as_ref()
                .is_some_and(|lit| !lit.is_empty() && !lit.iter().any(|(from, to)| *from == index || *to == index))
        })
    };
    view! {
        <a class=class class:dim=dim href=move || address.link(&href) title=node.name.clone() style:left=format!("{:.2}%", place.x) style:top=format!("{:.1}px", place.y)
            on:pointerenter=move |_| isolate() on:pointerleave=move |_| lit.set(None) on:focus=move |_| isolate_by_key() on:blur=move |_| lit.set(None)>
            {(!service).then(|| view! { <Ico icon=Icon::Topic/> })}
            <span class="cut">{node.name.clone()}</span>
            {state(node)}
        </a>
    }
}

fn state(node: &FlowNode) -> Option<impl IntoView + use<>> {
    let shape = match (node.level, node.kind.as_str()) {
        (Level::Bad, "dead_letter") => Shape::DeadLetter,
        (Level::Bad, _) => Shape::Failing,
        (Level::Warn, _) => Shape::Behind,
        _ => return None,
    };
    Some(view! { <Mark shape level=node.level small=true/> })
}
