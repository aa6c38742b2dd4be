//! One chain with everything that the rules look at: members in causal order, edges, what was asked.

use std::collections::{BTreeSet, HashMap};

use tapline_archive::{Ledger, View};

use crate::book::{Book, RowAt};
use crate::edges::Graph;
use crate::error::ChainError;
use crate::judge::{Judge, Verdict};
use crate::options::ChainOptions;
use crate::query::{self, Start};
use crate::row::Row;
use crate::walk::Walk;

/// See the module.
pub(crate) struct Story<'v> {
    pub(crate) book: Book<'v>,
    pub(crate) ledger: &'v Ledger,
    pub(crate) now: i64,
    pub(crate) start: Start,
    pub(crate) walk: Walk,
    pub(crate) graph: Graph,
    pub(crate) distances: HashMap<RowAt, u32>,
}

impl<'v> Story<'v> {
    /// Finds and connects the members of a chain.
    pub(crate) fn read(
        view: &'v View,
        ledger: &'v Ledger,
        text: &str,
        now: i64,
        options: &'v ChainOptions,
    ) -> Result<Self, ChainError> {
        let mut book = Book::new(view, ledger, options);
        let mut judge = Judge::default();
        let mut start = query::start(&mut book, &mut judge, text)?;
        let walk = if start.verdict == Verdict::Connects {
            Walk::from(&mut book, &mut judge, &start.rows)?
        } else {
            direct(&mut book, &mut start)
        };
        let mut members: Vec<RowAt> = walk.members.keys().copied().collect();
        book.sort(&mut members);
        let graph = Graph::new(&book, &members, &walk.connecting);
        let distances = graph.distances(&start.rows, &walk.members);
        Ok(Self { book, ledger, now, start, walk, graph, distances })
    }

    /// Members in causal order.
    pub(crate) fn members(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.graph.order.iter().map(|row| &self.book.rows[*row])
    }

    /// The row of a member.
    pub(crate) fn row(&self, row: RowAt) -> &Row {
        &self.book.rows[row]
    }

    /// The newest member's time.
    pub(crate) fn last(&self) -> Option<i64> {
        self.members().map(Row::at).max()
    }
}

/// The newest rows of a hub or reference, without what they are part of.
fn direct(book: &mut Book<'_>, start: &mut Start) -> Walk {
    let unscoped = start.verdict == Verdict::Hub && start.total <= book.options.max_members;
    let shown = if unscoped { book.options.max_members } else { book.options.direct_rows };
    let left_out = start.rows.len().saturating_sub(shown);
    start.rows.drain(..left_out);
    let mut walk = Walk::only(&start.rows);
    walk.truncated = left_out > 0 || start.total > start.rows.len();
    // Edges between the rows shown come from what they share besides the ID asked for.
    let held = start.rows.iter().flat_map(|row| book.tokens_of(*row)).map(|(token, _)| *token);
    walk.connecting = held.collect::<BTreeSet<_>>();
    walk
}
