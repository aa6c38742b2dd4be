//! The archive: taps that wait, rows that cannot be written, damaged files, a disk that gets full.

use tapline_api::{Level, Need};

use super::action;
use crate::overview::facts::Facts;
use crate::words::{counted, size};

pub(super) fn needs(facts: &Facts) -> Vec<Need> {
    [paused(facts), unwritten(facts), damaged(facts), disk(facts)].into_iter().flatten().collect()
}

fn need(level: Level, mark: &str, sentence: String, detail: String) -> Need {
    Need {
        level,
        mark: mark.to_owned(),
        sentence,
        detail,
        figure: None,
        figure_note: None,
        spark: Vec::new(),
        actions: vec![action("Open archive", "/system".to_owned())],
    }
}

fn paused(facts: &Facts) -> Option<Need> {
    let reason = facts.paused.clone()?;
    Some(need(Level::Bad, "failing", "Nothing is read at the moment".to_owned(), sentence(&reason)))
}

fn unwritten(facts: &Facts) -> Option<Need> {
    let fault = facts.unwritten.clone()?;
    let what = "Rows stay in memory and are not safe yet".to_owned();
    Some(need(Level::Bad, "failing", what, sentence(&fault)))
}

fn damaged(facts: &Facts) -> Option<Need> {
    let first = facts.damaged.first()?;
    let files = counted(facts.damaged.len() as u64, "data file");
    let (detail, sentence) =
        (format!("`{first}`. Every other file stays readable."), format!("{files} cannot be read"));
    Some(need(Level::Bad, "failing", sentence, detail))
}

/// Told before the guard pauses the taps: at three times the reserve.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn disk(facts: &Facts) -> Option<Need> {
    let (free, reserve) = facts.disk.filter(|(free, reserve)| *free < reserve.saturating_mul(3))?;
    if facts.paused.is_some() {
        return None;
    }
    let sentence = format!("The archive's disk has {} left", size(free as f64));
    let detail = format!("At {} reading stops, so that nothing that was read is lost.", size(reserve as f64));
    Some(need(Level::Warn, "behind", sentence, detail))
}

/// Reasons are written in lower case without a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overview::facts::tests::facts;

    #[test]
    fn damaged_files_are_named() {
        let mut facts = facts();
        facts.damaged = vec!["archived_day=2026-11-21/a.parquet: 12 bytes instead of 40".into(), "b: gone".into()];
        let need = needs(&facts).remove(0);
        assert_eq!((need.level, need.sentence.as_str()), (Level::Bad, "2 data files cannot be read"));
        assert!(need.detail.contains("a.parquet: 12 bytes instead of 40"));
    }

    #[test]
    fn a_pause_says_why() {
        let mut facts = facts();
        facts.paused = Some("the archive's disk has 12 MiB free; free some space".into());
        facts.disk = Some((12 << 20, 1 << 30));
        let needs = needs(&facts);
        assert_eq!(needs.len(), 1, "the disk is told once");
        assert_eq!(needs[0].detail, "The archive's disk has 12 MiB free; free some space.");
    }

    #[test]
    fn rows_that_cannot_be_written_are_told() {
        let mut facts = facts();
        facts.unwritten = Some("cannot create a.parquet: Read-only file system (os error 30)".into());
        let need = needs(&facts).remove(0);
        assert_eq!((need.level, need.sentence.as_str()), (Level::Bad, "Rows stay in memory and are not safe yet"));
        assert_eq!(need.detail, "Cannot create a.parquet: Read-only file system (os error 30).");
    }

    #[test]
    fn a_disk_that_gets_full_is_told_before() {
        let mut facts = facts();
        facts.disk = Some((2_500_000_000, 1_000_000_000));
        assert_eq!(needs(&facts)[0].sentence, "The archive's disk has 2.50 GB left");
        facts.disk = Some((3_500_000_000, 1_000_000_000));
        assert_eq!(needs(&facts), []);
    }
}
