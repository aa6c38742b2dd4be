//! The archive: taps that wait, rows that cannot be written, damaged files, a disk that gets full.

use tapline_api::{Level, Need};
use tapline_chains::closed;

use super::action;
use crate::overview::facts::Facts;
use crate::words::{counted, sentence, size};

pub(super) fn needs(facts: &Facts) -> Vec<Need> {
    [stalled(facts), damaged(facts), disk(facts)].into_iter().flatten().collect()
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

/// Taps that wait and rows that cannot be written have one cause, which is told once: a full disk does both, and rows
/// that stay in memory fill it until taps wait.
fn stalled(facts: &Facts) -> Option<Need> {
    let kept = facts.unwritten.as_deref();
    let (what, detail) = match (facts.paused.as_deref(), kept) {
        (None, None) => return None,
        (None, Some(fault)) => ("Rows stay in memory and are not safe yet", sentence(fault)),
        (Some(reason), None) => ("Nothing is read at the moment", sentence(reason)),
        (Some(reason), Some(fault)) => (
            "Nothing is read at the moment",
            format!("{} Rows stay in memory and are not safe yet: {}", sentence(reason), closed(fault)),
        ),
    };
    Some(need(Level::Bad, "failing", what.to_owned(), detail))
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
    fn a_full_disk_is_one_thing_that_needs_a_person() {
        let mut facts = facts();
        let reason = "the archive's disk has 0 MiB free, below the reserve of 200 MiB; free some space";
        facts.paused = Some(reason.into());
        facts.unwritten = Some("cannot create a.parquet: No space left on device (os error 28)".into());
        facts.disk = Some((0, 200 << 20));
        facts.sources[0].state = tapline_api::SourceState::Paused;
        facts.sources[0].problems = vec![tapline_api::SourceInfo::WAITS.into()];
        let needs = crate::overview::needs::all(&facts);
        assert_eq!(needs.len(), 1, "{needs:?}");
        assert_eq!(
            needs[0].detail,
            "The archive's disk has 0 MiB free, below the reserve of 200 MiB; free some space. Rows stay in memory and \
             are not safe yet: cannot create a.parquet: No space left on device (os error 28)."
        );
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
