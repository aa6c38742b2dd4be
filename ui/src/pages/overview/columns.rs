//! Columns of the flow map: as wide as their widest node, so that none covers another whatever it is called.

use tapline_api::{FlowMap, FlowNode, Level};

/// Pixels at least between the nodes of two columns.
const BETWEEN: f64 = 19.0;
/// Pixels left free at both sides; more where an edge runs back around the last column.
const SIDE: f64 = 4.0;
const AROUND: f64 = 30.0;
/// Pixels of a service and of a destination beside the name, of a character, of the mark of a state, and of the widest
/// node there is.
const SERVICE: f64 = 18.0;
const DESTINATION: f64 = 34.0;
const CHARACTER: f64 = 4.7;
const MARK: f64 = 16.0;
const WIDEST: f64 = 148.0;

/// The middle of each column in percent, and the width of all in pixels: columns are as wide as their widest node.
pub(super) fn across_page(map: &FlowMap, columns: u32, back: bool) -> (Vec<f64>, f64) {
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
    let frame = if node.kind == "service" { SERVICE } else { DESTINATION };
    (frame + CHARACTER * node.name.chars().count() as f64 + mark).min(WIDEST)
}

#[cfg(test)]
mod tests {
    use super::{
        super::flow::{lay_out, tests::map},
        *,
    };

    #[test]
    fn no_node_covers_its_neighbour_however_long_its_name() {
        let laid =
            lay_out(&map(&[("orders", 0, 0), ("orders-retry-1000", 1, 0), ("x".repeat(80).as_str(), 2, 0)], &[]));
        let left = |node: usize| laid.nodes[node].x / 100.0 * laid.width;
        assert!(left(1) - left(0) > 5.0 * (6.0 + 17.0) / 2.0 + BETWEEN);
        assert!(left(2) + WIDEST / 2.0 <= laid.width);
    }
}
