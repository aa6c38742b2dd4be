//! A payload as a tree that folds. Only lines that are open are drawn, and of a long list only its beginning.

use std::{collections::HashSet, sync::Arc};

use leptos::prelude::*;

use crate::{
    format::{
        id::looks_like_id,
        json::{Kind, Node, Scan},
    },
    state::url::{chain_path, use_address},
    ui::{Ico, Icon},
};

/// Values of one container that are drawn before someone asks for all.
const FIRST: usize = 100;
/// Containers deeper than that begin folded.
const OPEN_DEPTH: usize = 3;
/// A container shorter than that, on one line, needs no unfolding.
const INLINE: usize = 64;

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// The node with this number.
    Node(usize),
    /// That many values of the container with this number are not drawn.
    More { container: usize, depth: usize, left: usize },
}

/// The lines to draw: what is folded or stands on one line has none for its inside.
fn lines(nodes: &[Node], folded: &HashSet<usize>, all: &HashSet<usize>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut at = 0;
    while let Some(node) = nodes.get(at) {
        let parent = parent(nodes, at);
        let hidden =
            node.index.is_some_and(|index| index >= FIRST) && parent.is_some_and(|parent| !all.contains(&parent));
        if let (true, Some(container)) = (hidden, parent) {
            let left = nodes[container].children - node.index.unwrap_or(0);
            lines.push(Line::More { container, depth: node.depth, left });
            at = nodes[container].end.max(at + 1);
            continue;
        }
        lines.push(Line::Node(at));
        at = if folded.contains(&at) || inline(nodes, at).is_some() { node.end.max(at + 1) } else { at + 1 };
    }
    lines
}

fn parent(nodes: &[Node], at: usize) -> Option<usize> {
    let depth = nodes[at].depth.checked_sub(1)?;
    // Only values of lists are asked for: the list is near.
    (0..at).rev().find(|before| nodes[*before].depth == depth)
}

/// Which containers begin folded.
fn folded_at_first(nodes: &[Node]) -> HashSet<usize> {
    let deep = |(_, node): &(usize, &Node)| node.depth >= OPEN_DEPTH && node.children > 0;
    nodes.iter().enumerate().filter(deep).map(|(at, _)| at).collect()
}

/// A small container of plain values, on one line; never the root.
fn inline(nodes: &[Node], at: usize) -> Option<String> {
    let node = nodes.get(at).filter(|node| node.depth > 0 && matches!(node.kind, Kind::Object | Kind::Array))?;
    let inside = nodes.get(at + 1..node.end)?;
    if inside.len() != node.children || inside.len() > 8 {
        return None;
    }
    let value = |node: &Node| {
        let text = if node.kind == Kind::Text { format!("{:?}", node.text) } else { node.text.clone() };
        node.key.as_ref().map_or(text.clone(), |key| format!("{key}: {text}"))
    };
    let text = inside.iter().map(value).collect::<Vec<_>>().join(", ");
    let wrapped = match (node.kind, text.is_empty()) {
        (Kind::Object, true) => "{ }".to_owned(),
        (Kind::Object, false) => format!("{{ {text} }}"),
        (_, true) => "[ ]".to_owned(),
        (_, false) => format!("[ {text} ]"),
    };
    // An object inside an object is worth its own lines; one inside a list is a row.
    let row = node.index.is_some() || node.kind == Kind::Array || node.children == 0;
    (row && wrapped.chars().count() <= INLINE).then_some(wrapped)
}

/// The tree.
#[component]
pub(super) fn Tree(
    /// What the payload holds.
    scan: Scan,
) -> impl IntoView {
    let nodes = Arc::new(scan.nodes);
    let folded = RwSignal::new(folded_at_first(&nodes));
    let all = RwSignal::new(HashSet::new());
    let drawn = move || {
        let lines = folded.with(|folded| all.with(|all| lines(&nodes, folded, all)));
        // The root says nothing that the heading does not.
        let line = |line: Line| match line {
            Line::Node(0) if nodes[0].children > 0 => ().into_any(),
            Line::Node(at) => view! { <NodeLine nodes=Arc::clone(&nodes) at folded/> }.into_any(),
            Line::More { container, depth, left } => view! { <MoreLine container depth left all/> }.into_any(),
        };
        lines.into_iter().map(line).collect_view()
    };
    let cut = (!scan.complete).then(|| view! { <div class="c">"… what follows could not be read as JSON"</div> });
    view! { <div class="tree" role="tree" aria-label="Payload">{drawn}{cut}</div> }
}

#[component]
fn MoreLine(container: usize, depth: usize, left: usize, all: RwSignal<HashSet<usize>>) -> impl IntoView {
    let show = move |_| {
        all.update(|all| {
            all.insert(container);
        })
    };
    view! { <div style=("--d", depth.to_string())><button type="button" class="link plain" on:click=show>{format!("{left} more")}</button></div> }
}

#[component]
fn NodeLine(nodes: Arc<Vec<Node>>, at: usize, folded: RwSignal<HashSet<usize>>) -> impl IntoView {
    let node = nodes[at].clone();
    let inline = inline(&nodes, at);
    let folds = node.children > 0 && inline.is_none();
    let is_folded = folds && folded.with_untracked(|folded| folded.contains(&at));
    let depth = node.depth.to_string();
    let name = node.key.clone().or(node.index.map(|index| index.to_string()));
    let flip = move |_| {
        folded.update(|folded| {
            if !folded.remove(&at) {
                folded.insert(at);
            }
        });
    };
    let caret = folds.then(|| {
        let (icon, label) = if is_folded { (Icon::Right, "Unfold") } else { (Icon::Down, "Fold") };
        view! { <button type="button" class="plain" aria-label=label aria-expanded=(!is_folded).to_string() on:click=flip><Ico icon/></button> }
    });
    view! {
        <div role="treeitem" style=("--d", depth)>
            {caret}
            {name.map(|name| view! { <span class="k">{name}</span>{if folds { " " } else { ": " }} })}
            <Value node inline/>
        </div>
    }
}

#[component]
fn Value(node: Node, inline: Option<String>) -> impl IntoView {
    let address = use_address();
    let count = |one: &str, many: &str| format!("{} {}", node.children, if node.children == 1 { one } else { many });
    match (node.kind, inline) {
        (_, Some(inline)) => view! { <span class="c">{inline}</span> }.into_any(),
        (Kind::Object, None) => view! { <span class="c">{count("field", "fields")}</span> }.into_any(),
        (Kind::Array, None) => view! { <span class="c">{count("item", "items")}</span> }.into_any(),
        (Kind::Text, None) if looks_like_id(&node.text) => {
            let path = chain_path(&node.key.as_ref().map_or(node.text.clone(), |key| format!("{key}={}", node.text)));
            view! { <a class="s idv" href=move || address.link(&path)>{node.text}</a> }.into_any()
        }
        (Kind::Text, None) => view! { <span class="s" title=node.text.clone()>{node.text.clone()}</span> }.into_any(),
        (Kind::Number, None) => view! { <span class="nb">{node.text}</span> }.into_any(),
        (Kind::Word, None) => view! { <span class="w">{node.text}</span> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::scan;

    fn drawn(text: &str) -> Vec<Line> {
        let nodes = scan(text).nodes;
        lines(&nodes, &folded_at_first(&nodes), &HashSet::new())
    }

    #[test]
    fn small_rows_stand_on_one_line() {
        let nodes = scan(r#"{"lines":[{"sku":"A","qty":1},{"sku":"B","qty":4}],"card":{"type":"X"}}"#).nodes;
        assert_eq!(inline(&nodes, 2).as_deref(), Some(r#"{ sku: "A", qty: 1 }"#));
        assert_eq!(inline(&nodes, 8), None);
        assert_eq!(lines(&nodes, &HashSet::new(), &HashSet::new()).len(), 6);
    }

    #[test]
    fn what_is_folded_hides_its_inside() {
        let nodes = scan(r#"{"a":{"b":{"c":1}},"d":2}"#).nodes;
        assert_eq!(lines(&nodes, &HashSet::from([1]), &HashSet::new()), [Line::Node(0), Line::Node(1), Line::Node(4)]);
    }

    #[test]
    fn a_long_list_shows_its_beginning_until_asked() {
        let text = format!("{{\"all\":[{}],\"after\":1}}", vec!["[[1],[2],[3],[4]]"; 250].join(","));
        let drawn = drawn(&text);
        assert!(drawn.contains(&Line::More { container: 1, depth: 2, left: 150 }));
        assert_eq!(drawn.iter().filter(|line| matches!(line, Line::More { .. })).count(), 1);
        assert!(matches!(drawn.last(), Some(Line::Node(_))));
    }
}
