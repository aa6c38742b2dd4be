//! The groups of all brokers: who looks at them, and what was seen last.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tapline_adapter::{GroupOptions, Source};
use tapline_api::{GroupDetail, GroupHistory, GroupList, LagState, Level};
use tapline_archive::Archive;
use tapline_history::{History, HistoryError};
use tapline_model::time;

use crate::board::{Board, GroupStanding};
use crate::chart::{Grid, chart};
use crate::stop::Stop;
use crate::watcher::Watched;
use crate::{keeper, show};

/// How groups are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LagOptions {
    /// From the beginning of a pass to that of the next.
    pub interval: Duration,
}

impl Default for LagOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(15) }
    }
}

/// The groups of all brokers. Dropping it ends the looking.
pub struct Lags {
    boards: Vec<Arc<ArcSwap<Board>>>,
    /// A thread a broker, and one that writes the history.
    threads: Vec<Stop>,
    history: Arc<History>,
}

impl Drop for Lags {
    fn drop(&mut self) {
        self.threads.clear();
        if let Err(error) = self.history.close() {
            tracing::warn!(error = &error as &dyn std::error::Error, "the last minutes of the lag history are lost");
        }
    }
}

impl Lags {
    /// Begins to look at the groups of these sources, each as far as its options say.
    ///
    /// # Errors
    /// When a thread cannot be started. A source without groups to be asked for is told as a problem.
    pub fn start(
        archive: &Arc<Archive>,
        history: Arc<History>,
        sources: Vec<(Arc<dyn Source>, GroupOptions)>,
        options: &LagOptions,
    ) -> std::io::Result<Self> {
        let keeper = keeper::start(Arc::clone(&history))?;
        let mut lags = Self { boards: Vec::new(), threads: vec![keeper], history };
        for (source, groups) in sources {
            let board = Board { source: source.name().to_owned(), ..Board::default() };
            let board = Arc::new(ArcSwap::from_pointee(board));
            let watched = Watched {
                source,
                groups,
                archive: Arc::clone(archive),
                history: Arc::clone(&lags.history),
                board: Arc::clone(&board),
                interval: options.interval,
            };
            lags.boards.push(board);
            lags.threads.push(watched.start()?);
        }
        Ok(lags)
    }

    /// The groups of these sources that are in one of these states, worst first; without sources or states of all.
    pub fn list(&self, sources: &[&str], states: &[LagState]) -> GroupList {
        let mut boards = self.boards();
        boards.retain(|board| sources.is_empty() || sources.contains(&board.source.as_str()));
        show::list(&boards, states)
    }

    /// How many groups fall behind.
    pub fn behind(&self) -> usize {
        let is_behind = |group: &&GroupStanding| group.worst().level() >= Level::Warn;
        self.boards().iter().map(|board| board.groups.iter().filter(is_behind).count()).sum()
    }

    /// Sources whose groups nobody can tell at the moment, each with why.
    pub fn unknown(&self) -> BTreeMap<String, String> {
        let now = time::now();
        let why = |board: &Board| match board.silent_for(now) {
            _ if board.at == 0 => Some("its groups were not asked yet".to_owned()),
            None if board.unasked > 0 => Some("not all of its groups could be asked yet".to_owned()),
            Some(silent) => Some(format!("its groups were not heard of for {}", tapline_api::duration(silent))),
            None => None,
        };
        self.boards().iter().filter_map(|board| Some((board.source.clone(), why(board)?))).collect()
    }

    /// One group; `None` if it was not seen.
    pub fn detail(&self, source: &str, group: &str) -> Option<GroupDetail> {
        let board = self.boards().into_iter().find(|board| board.source == source)?;
        let standing = board.groups.iter().find(|standing| standing.name == group)?;
        Some(show::detail(source, standing))
    }

    /// How far groups were behind.
    pub fn history(&self) -> &Arc<History> {
        &self.history
    }

    /// How a group went between two moments, microseconds; `None` if it was not seen. Blocks on the disk.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn chart(&self, source: &str, group: &str, from: i64, to: i64) -> Result<Option<GroupHistory>, HistoryError> {
        let Some(board) = self.boards().into_iter().find(|board| board.source == source) else { return Ok(None) };
        let standing = board.groups.iter().find(|standing| standing.name == group);
        let grid = Grid::new(from, to, time::now());
        standing.map(|standing| chart(&self.history, source, standing, &grid)).transpose()
    }

    /// Every group with its partitions, source by source.
    pub fn details(&self) -> Vec<GroupDetail> {
        let boards = self.boards();
        boards.iter().flat_map(|board| board.groups.iter().map(|group| show::detail(&board.source, group))).collect()
    }

    fn boards(&self) -> Vec<Arc<Board>> {
        self.boards.iter().map(|board| board.load_full()).collect()
    }
}
