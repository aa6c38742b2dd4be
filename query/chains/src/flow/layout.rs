//! Where nodes stand: columns by the longest way from the left, rows near those of their neighbours.

/// Place of a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) column: u32,
    pub(super) row: u32,
}

/// Lays out `0..nodes`, which are in the order in which a reader should meet them. Edges that close a circle are
/// drawn backwards: they do not move anything.
pub(super) fn layers(nodes: usize, edges: &[(usize, usize)]) -> Vec<Spot> {
    let mut next = vec![Vec::new(); nodes];
    for (from, to) in edges.iter().filter(|(from, to)| from != to) {
        next[*from].push(*to);
    }
    next.iter_mut().for_each(|targets| targets.sort_unstable());
    let (order, forward) = forward_edges(&next);
    let mut columns = vec![0u32; nodes];
    for from in &order {
        for to in &forward[*from] {
            columns[*to] = columns[*to].max(columns[*from] + 1);
        }
    }
    rows(&columns, &forward)
}

/// A depth-first walk without recursion: nodes in topological order of the edges that do not lead back.
fn forward_edges(next: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; next.len()];
    let (mut order, mut forward) = (Vec::with_capacity(next.len()), vec![Vec::new(); next.len()]);
    for root in 0..next.len() {
        if marks[root] != Mark::New {
            continue;
        }
        marks[root] = Mark::Open;
        let mut path = vec![(root, 0)];
        while let Some((node, at)) = path.last_mut() {
            let Some(target) = next[*node].get(*at).copied() else {
                marks[*node] = Mark::Done;
                order.push(*node);
                path.pop();
                continue;
            };
            *at += 1;
            if marks[target] != Mark::Open {
                forward[*node].push(target);
            }
            if marks[target] == Mark::New {
                marks[target] = Mark::Open;
                path.push((target, 0));
            }
        }
    }
    order.reverse();
    (order, forward)
}

/// Each column from left to right: nodes by the mean row of what leads to them, then in the order given.
fn rows(columns: &[u32], forward: &[Vec<usize>]) -> Vec<Spot> {
    let mut before = vec![Vec::new(); columns.len()];
    for (from, targets) in forward.iter().enumerate() {
        targets.iter().for_each(|to| before[*to].push(from));
    }
    let mut spots: Vec<Spot> = columns.iter().map(|column| Spot { column: *column, row: 0 }).collect();
    for column in 0..=columns.iter().copied().max().unwrap_or(0) {
        let mut here: Vec<(f64, usize)> = (0..columns.len())
            .filter(|node| columns[*node] == column)
            .map(|node| {
                let rows: f64 = before[node].iter().map(|from| f64::from(spots[*from].row)).sum();
                (rows / before[node].len().max(1) as f64, node)
            })
            .collect();
        here.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (row, (_, node)) in (0u32..).zip(here) {
            spots[node].row = row;
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_with_a_way_back_goes_from_left_to_right() {
        let spots = layers(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]);
        assert_eq!(spots.iter().map(|spot| spot.column).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    #[test]
    fn neighbours_share_rows() {
        let spots = layers(6, &[(0, 1), (0, 2), (1, 4), (2, 3), (2, 5)]);
        assert_eq!((spots[1].row, spots[4].row), (0, 0));
        assert!(spots[3].row > spots[4].row);
    }

    proptest! {
        #[test]
        fn no_two_nodes_share_a_place(nodes in 1..20usize, edges in proptest::collection::vec((0..20usize, 0..20usize), 0..60)) {
            let edges: Vec<_> = edges.into_iter().map(|(from, to)| (from % nodes, to % nodes)).collect();
            let spots = layers(nodes, &edges);
            let places: BTreeSet<_> = spots.iter().map(|spot| (spot.column, spot.row)).collect();
            prop_assert_eq!(places.len(), nodes);
        }
    }
}
