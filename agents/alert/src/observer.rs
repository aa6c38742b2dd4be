//! Where rules look: whoever knows metrics, answers SQL, and can say what an alert is about.

use std::collections::{BTreeMap, BTreeSet};

use tapline_api::{Labels, SqlAnswer};

use crate::expr::Series;

/// Takes a sample: the name of its metric, its labels, its value.
pub type Take<'a> = &'a mut dyn FnMut(&str, &[(&str, &str)], f64);

/// What rules look at. Every call may block.
pub trait Observer: Send + Sync {
    /// Gives each sample of these metrics as it is now; those that cannot be read at the moment, each with why.
    fn samples(&self, names: &BTreeSet<&str>, take: Take<'_>) -> BTreeMap<String, String>;

    /// Sources that cannot tell a metric at the moment, or what a query asks, each with why. What is not seen of them is
    /// not over.
    fn blind(&self, metric: Option<&str>) -> BTreeMap<String, String>;

    /// Whether what a window of this metric holds can be asked of the archive: it counts events by their own time.
    fn is_archived(&self, metric: &str) -> bool;

    /// How a metric went between two moments, microseconds, with a point at most each `step`; `None` where that is not kept.
    fn past(&self, metric: &str, from: i64, to: i64, step: i64) -> Option<Vec<Series>>;

    /// Answers a query with so many rows at most.
    ///
    /// # Errors
    /// A sentence for whoever wrote it.
    fn sql(&self, sql: &str, most: usize) -> Result<SqlAnswer, String>;

    /// What there is to say of what these labels name.
    fn explain(&self, labels: &Labels) -> Explained;
}

/// What there is to say of an alert.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explained {
    /// What is wrong.
    pub sentence: Option<String>,
    /// The numbers.
    pub detail: Option<String>,
    /// The page that explains it, without the server's address; empty for the page of alerts.
    pub href: String,
}
