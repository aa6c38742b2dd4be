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
use crate::shape::{Shape, beginning};
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
    shape: Option<Shape>,
}

impl<'v> Story<'v> {
    /// Finds and connects the members of a chain, and learns what chains like it usually do.
    pub(crate) fn read(
        view: &'v View,
        ledger: &'v Ledger,
        text: &str,
        now: i64,
        options: &'v ChainOptions,
    ) -> Result<Self, ChainError> {
        let mut story = Self::connect(view, ledger, text, now, options)?;
        story.shape = story.learn_shape();
        Ok(story)
    }

    /// Finds and connects the members of a chain.
    pub(crate) fn connect(
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
        Ok(Self { book, ledger, now, start, walk, graph, distances, shape: None })
    }

    /// The shape of the first member's type. A truncated chain, or one whose beginning is missing, has none.
    fn learn_shape(&self) -> Option<Shape> {
        let options = self.book.options;
        let whole = self.is_whole_story() && !self.walk.truncated && self.book.unread.is_empty();
        let first = beginning(self.members()).filter(|_| whole && options.sample_rows > 0)?;
        options.shapes.of(self.book.view(), options.sample_rows).get(first.kind()).cloned()
    }

    /// Members in causal order.
    pub(crate) fn members(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.graph.order.iter().map(|row| &self.book.rows[*row])
    }

    /// The row of a member.
    pub(crate) fn row(&self, row: RowAt) -> &Row {
        &self.book.rows[row]
    }

    /// Whether the members are a chain, not the rows of a hub or reference.
    pub(crate) fn is_whole_story(&self) -> bool {
        self.start.verdict == Verdict::Connects
    }

    /// The first member's time.
    pub(crate) fn begun(&self) -> Option<i64> {
        self.members().map(Row::at).min()
    }

    /// What chains that begin like this one usually do.
    pub(crate) fn shape(&self) -> Option<&Shape> {
        self.shape.as_ref()
    }

    /// The newest member's time.
    pub(crate) fn last(&self) -> Option<i64> {
        self.members().map(Row::at).max()
    }
}

/// The newest rows of a hub or reference, without what they are part of.
fn direct(book: &mut Book<'_>, start: &mut Start) -> Walk {
    // Of a run that is too long the newest thousands are worth showing; of a tenant a screenful is enough.
    let value = start.id.as_ref().map(|id| id.value.as_str());
    let is_scope = |row: &RowAt| book.rows[*row].ids.iter().any(|id| id.role.is_scope() && Some(&*id.value) == value);
    let is_run = start.verdict == Verdict::Hub && start.rows.iter().any(is_scope);
    let shown = if is_run { book.options.max_members } else { book.options.direct_rows };
    let left_out = start.rows.len().saturating_sub(shown);
    start.rows.drain(..left_out);
    let mut walk = Walk::only(&start.rows);
    walk.truncated = left_out > 0 || start.total > start.rows.len();
    // Edges between the rows shown come from what they share besides the ID asked for.
    let held = start.rows.iter().flat_map(|row| book.tokens_of(*row)).map(|(token, _)| *token);
    walk.connecting = held.collect::<BTreeSet<_>>();
    walk
}
