//! How far consumer groups were behind, minute by minute, for months: Parquet files that any engine reads.
//!
//! Owns the folder, its files and their thinning. What is worth a row is decided by whoever looks at groups; what a chart
//! shows is made by whoever draws it. Unlike events this is not in the Delta table: it comes by the minute and is
//! rewritten four times, a log entry each time would outgrow the rows.

mod error;
mod file;
mod folder;
mod history;
mod merge;
mod row;
mod sample;
mod segment;

pub use error::HistoryError;
pub use file::Wanted;
/// The folder of an archive that holds it.
pub const FOLDER: &str = "lag_history";

pub use history::{History, Part};
pub use merge::Run;
pub use row::{Row, rows, seconds};
pub use sample::{SCHEMA, Sample, WHOLE};
