//! Geometry of the flow map: where nodes stand, how edges run, how wide they are, what belongs to one path. Columns and
//! rows are the server's. Pure.

use std::collections::{HashMap, HashSet};

use tapline_api::{FlowMap, FlowNode, Level};

/// Pixels between rows.
const GAP: f64 = 64.0;
/// Pixels above the first row for each edge that runs back.
const BACK: f64 = 12.0;
/// Pixels at least between the nodes of two columns: room for a label.
const BETWEEN: f64 = 34.0;
/// Pixels left free at both sides; more where an edge runs back around the last column.
const SIDE: f64 = 4.0;
const AROUND: f64 = 40.0;
/// Pixels of a node beside its name, of a character, of the mark of its state, and of the widest node there is.
const FRAME: f64 = 32.0;
const CHARACTER: f64 = 6.1;
const MARK: f64 = 16.0;
const WIDEST: f64 = 148.0;

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
    let curves = curves(map, &nodes, &ends);
    Laid { nodes, curves, height, width }
}

/// The middle of each column in percent, and the width of all in pixels: columns are as wide as their widest node.
fn across_page(map: &FlowMap, columns: u32, back: bool) -> (Vec<f64>, f64) {
    let widest = |column: u32| {
        let nodes = map.nodes.iter().filter(|node| node.column == column);
        nodes.map(node_width).fold(0.0_f64, f64::max)
    };
    let widths: Vec<f64> = (0..columns).map(widest).collect();
    let around = if back { AROUND } else { SIDE };
    let between = BETWEEN * f64::from(columns.saturating_sub(1));
    let whole = SIDE + widths.iter().sum::<f64>() + between + around;
    let mut left = SIDE;
    let centre = |width: f64| {
        let centre = left + width / 2.0;
        left += width + BETWEEN;
        centre / whole * 100.0
    };
    (widths.into_iter().map(centre).collect(), whole)
}

/// About as wide as it will be drawn.
fn node_width(node: &FlowNode) -> f64 {
    let mark = if node.level >= Level::Warn { MARK } else { 0.0 };
    (FRAME + CHARACTER * node.name.chars().count() as f64 + mark).min(WIDEST)
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
mod tests {
    use tapline_api::FlowEdge;

    use super::*;

    fn map(nodes: &[(&str, u32, u32)], edges: &[(&str, &str, u64)]) -> FlowMap {
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
            [(12.0, 64.0), (50.0, 32.0), (50.0, 96.0), (88.0, 64.0)]
        );
        assert_eq!((laid.height, laid.width.round(), laid.curves[0].width), (128.0, 190.0, 4.0));
        assert!(laid.curves[0].path.starts_with("M121.1 64.0C"), "{}", laid.curves[0].path);
    }

    #[test]
    fn no_node_covers_its_neighbour_however_long_its_name() {
        let laid =
            lay_out(&map(&[("orders", 0, 0), ("orders-retry-1000", 1, 0), ("x".repeat(80).as_str(), 2, 0)], &[]));
        let left = |node: usize| laid.nodes[node].x / 100.0 * laid.width;
        assert!(left(1) - left(0) > (68.6 + 135.7) / 2.0 + 30.0);
        assert!(left(2) + WIDEST / 2.0 <= laid.width);
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
