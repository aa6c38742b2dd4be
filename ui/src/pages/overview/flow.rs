//! Geometry of the flow map: where nodes stand, how edges run, how wide they are, what belongs to one path. Columns and
//! rows are the server's. Pure.

use std::collections::{HashMap, HashSet};

use tapline_api::{FlowMap, FlowNode};

use super::columns::across_page;

/// Pixels between rows.
const GAP: f64 = 64.0;
/// Pixels above the first row for each edge that runs back.
const BACK: f64 = 12.0;
/// Pixels of a label.
const LABEL: (f64, f64) = (64.0, 15.0);
/// A node in place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    /// Percent from the left.
    pub(super) x: f64,
    /// Pixels from the top.
    pub(super) y: f64,
}

/// An edge in place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    /// Indices of its nodes.
    pub(super) ends: (usize, usize),
    /// Path data; 1,000 wide, as high as the map.
    pub(super) path: String,
    /// Width in pixels.
    pub(super) width: f64,
    /// Where its label stands: percent, pixels.
    pub(super) label: (f64, f64),
    /// Index in the answer.
    pub(super) edge: usize,
}

/// A map in place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Laid {
    /// In the order of the answer.
    pub(super) nodes: Vec<Placed>,
    /// Those whose nodes are both there.
    pub(super) curves: Vec<Curve>,
    /// Pixels.
    pub(super) height: f64,
    /// Pixels that it takes at least, so that no node covers another.
    pub(super) width: f64,
}

/// Lays a map out.
pub(super) fn lay_out(map: &FlowMap) -> Laid {
    let columns = map.nodes.iter().map(|node| node.column + 1).max().unwrap_or(0);
    if columns == 0 {
        return Laid::default();
    }
    let rows =
        |column: u32| map.nodes.iter().filter(|node| node.column == column).map(|node| node.row + 1).max().unwrap_or(0);
    let most = (0..columns.min(64)).map(rows).max().unwrap_or(0);
    let ends = ends(map);
    let back = ends.iter().filter(|(from, to, _)| runs_back(&map.nodes[*from], &map.nodes[*to])).count();
    let top = if back > 0 { 10.0 + BACK * back.min(6) as f64 } else { 0.0 };
    let height = top + f64::from(most) * GAP;
    let (centres, width) = across_page(map, columns.min(64), back > 0);
    let nodes: Vec<Placed> = map
        .nodes
        .iter()
        .map(|node| Placed {
            x: centres.get(node.column as usize).copied().unwrap_or(50.0),
            // A short column stands in the middle.
            y: top + (f64::from(node.row) + 0.5 + f64::from(most.saturating_sub(rows(node.column))) / 2.0) * GAP,
        })
        .collect();
    let mut curves = curves(map, &nodes, &ends);
    part_labels(map, &mut curves, width);
    Laid { nodes, curves, height, width }
}

fn ends(map: &FlowMap) -> Vec<(usize, usize, usize)> {
    let places: HashMap<&str, usize> =
        map.nodes.iter().enumerate().map(|(index, node)| (node.id.as_str(), index)).collect();
    let place = |id: &str| places.get(id).copied();
    map.edges
        .iter()
        .enumerate()
        .filter_map(|(index, edge)| Some((place(&edge.from)?, place(&edge.to)?, index)))
        .collect()
}

fn runs_back(from: &FlowNode, to: &FlowNode) -> bool {
    to.column <= from.column
}

fn curves(map: &FlowMap, nodes: &[Placed], ends: &[(usize, usize, usize)]) -> Vec<Curve> {
    let most = map.edges.iter().map(|edge| edge.events).max().unwrap_or(0).max(1) as f64;
    let mut lane = 0;
    ends.iter()
        .map(|&(from, to, edge)| {
            let (a, b) = (&nodes[from], &nodes[to]);
            let width = 1.0 + 3.0 * (map.edges[edge].events as f64 / most).sqrt();
            let back = runs_back(&map.nodes[from], &map.nodes[to]);
            let (path, label) = if back { over(a, b, lane) } else { across(a, b) };
            lane += usize::from(back);
            Curve { ends: (from, to), path, width, label, edge }
        })
        .collect()
}

/// Labels that would stand on each other move apart, the later one down.
fn part_labels(map: &FlowMap, curves: &mut [Curve], width: f64) {
    let mut placed: Vec<(f64, f64)> = Vec::new();
    for curve in curves.iter_mut().filter(|curve| map.edges[curve.edge].label.is_some()) {
        let near = |place: &(f64, f64), label: (f64, f64)| {
            (place.0 - label.0).abs() / 100.0 * width < LABEL.0 && (place.1 - label.1).abs() < LABEL.1
        };
        while placed.iter().any(|place| near(place, curve.label)) {
            curve.label.1 += LABEL.1;
        }
        placed.push(curve.label);
    }
}

fn across(a: &Placed, b: &Placed) -> (String, (f64, f64)) {
    let (x1, x2, middle) = (a.x * 10.0, b.x * 10.0, (a.x + b.x) * 5.0);
    let path = format!("M{x1:.1} {:.1}C{middle:.1} {:.1} {middle:.1} {:.1} {x2:.1} {:.1}", a.y, a.y, b.y, b.y);
    // A flat edge is too short between its nodes for words: they stand above it.
    let label = if (a.y - b.y).abs() < 48.0 { a.y.min(b.y) - 20.0 } else { (a.y + b.y) / 2.0 };
    (path, ((a.x + b.x) / 2.0, label))
}

/// Over everything, each in a lane of its own, and down to its end.
fn over(a: &Placed, b: &Placed, lane: usize) -> (String, (f64, f64)) {
    let (x1, x2, y) = (a.x * 10.0, b.x * 10.0, 8.0 + BACK * (lane % 6) as f64);
    // Around the node, not out of the map.
    let out = (60.0 + 14.0 * (lane % 6) as f64).min(1010.0 - x1).max(30.0);
    let path = format!(
        "M{x1:.1} {:.1}C{:.1} {:.1} {:.1} {y:.1} {:.1} {y:.1}L{:.1} {y:.1}C{x2:.1} {y:.1} {x2:.1} {:.1} {x2:.1} {:.1}",
        a.y,
        x1 + out,
        a.y,
        x1 + out,
        x1 - 20.0,
        x2 + 90.0,
        (y + b.y) / 2.0,
        b.y
    );
    (path, ((a.x + b.x) / 2.0, y))
}

/// The nodes before and after one, itself included: what its path consists of.
pub(super) fn path_of(curves: &[Curve], node: usize) -> HashSet<(usize, usize)> {
    let mut edges = HashSet::new();
    for forward in [true, false] {
        let (mut seen, mut next) = (HashSet::from([node]), vec![node]);
        while let Some(here) = next.pop() {
            for curve in curves {
                let (near, far) = if forward { curve.ends } else { (curve.ends.1, curve.ends.0) };
                if near == here {
                    edges.insert(curve.ends);
                    if seen.insert(far) {
                        next.push(far);
                    }
                }
            }
        }
    }
    edges
}

#[cfg(test)]
pub(super) mod tests {
    use tapline_api::{FlowEdge, Level};

    use super::*;

    pub(in super::super) fn map(nodes: &[(&str, u32, u32)], edges: &[(&str, &str, u64)]) -> FlowMap {
        let node = |&(id, column, row): &(&str, u32, u32)| FlowNode {
            id: id.into(),
            name: id.into(),
            kind: "service".into(),
            level: Level::Mute,
            column,
            row,
        };
        let edge = |&(from, to, events): &(&str, &str, u64)| FlowEdge {
            from: from.into(),
            to: to.into(),
            events,
            level: Level::Mute,
            label: None,
        };
        FlowMap { nodes: nodes.iter().map(node).collect(), edges: edges.iter().map(edge).collect() }
    }

    #[test]
    fn columns_share_the_width_and_short_ones_stand_in_the_middle() {
        let laid = lay_out(&map(&[("a", 0, 0), ("b", 1, 0), ("c", 1, 1), ("d", 2, 0)], &[("a", "b", 4)]));
        assert_eq!(
            laid.nodes.iter().map(|node| (node.x.round(), node.y)).collect::<Vec<_>>(),
            [(13.0, 64.0), (50.0, 32.0), (50.0, 96.0), (87.0, 64.0)]
        );
        assert_eq!((laid.height, laid.curves[0].width), (128.0, 4.0));
        assert!(laid.curves[0].path.ends_with(" 500.0 32.0"), "{}", laid.curves[0].path);
    }

    #[test]
    fn an_edge_back_runs_over_everything_and_strangers_are_left_out() {
        let laid = lay_out(&map(&[("a", 0, 0), ("b", 1, 0)], &[("b", "a", 1), ("a", "nobody", 1)]));
        assert_eq!(laid.curves.len(), 1);
        assert!(laid.nodes[0].y > 28.0, "room above");
        assert!(laid.curves[0].label.1 < laid.nodes[0].y);
        assert_eq!(lay_out(&FlowMap::default()), Laid::default());
    }

    #[test]
    fn a_path_goes_both_ways_and_ends_in_circles() {
        let laid = lay_out(&map(
            &[("a", 0, 0), ("b", 1, 0), ("c", 2, 0), ("x", 0, 1), ("y", 1, 1)],
            &[("a", "b", 1), ("b", "c", 1), ("c", "a", 1), ("x", "y", 1)],
        ));
        let mut path: Vec<_> = path_of(&laid.curves, 1).into_iter().collect();
        path.sort_unstable();
        assert_eq!(path, [(0, 1), (1, 2), (2, 0)]);
    }
}
