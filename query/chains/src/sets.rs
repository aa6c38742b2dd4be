//! Disjoint sets: which of some numbered things belong together.

/// Sets of `0..size`, each thing alone at first.
pub(crate) struct Sets(Vec<usize>);

impl Sets {
    pub(crate) fn new(size: usize) -> Self {
        Self((0..size).collect())
    }

    /// The least member of the set that holds `at`.
    pub(crate) fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    pub(crate) fn same(&mut self, a: usize, b: usize) -> bool {
        self.root(a) == self.root(b)
    }

    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.0[high] = low;
    }
}
