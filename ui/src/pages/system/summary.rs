//! The sentence that opens the page, by rules from what the calls say: the worst that is known, else what is well.

use tapline_api::{GapList, SourceList, SourceState, System};

use crate::format::{number, time};

/// The answer.
pub(super) fn summary(sources: Option<&SourceList>, system: Option<&System>, gaps: Option<&GapList>) -> String {
    let Some(sources) = sources else { return "How Tapline itself stands.".to_owned() };
    let all = sources.sources.iter().filter(|source| source.state != SourceState::Archived).count();
    if all == 0 {
        return "No source is configured, so nothing is read.".to_owned();
    }
    if let Some(sentence) = worst(sources) {
        return sentence;
    }
    let damaged = system.map_or(0, |system| system.archive.damaged.len());
    if damaged > 0 {
        return format!("{} of the archive cannot be read.", number::count(damaged as u64, "file", "files"));
    }
    let gaps = gaps.map_or(0, |gaps| gaps.gaps.len());
    let read = if all == 1 { "The source is read".to_owned() } else { format!("All {all} sources are read") };
    match gaps {
        0 => format!("{read} and nothing is missing."),
        gaps => format!("{read}; {} of offsets never came.", number::count(gaps as u64, "range", "ranges")),
    }
}

fn worst(sources: &SourceList) -> Option<String> {
    let of = |state: SourceState| sources.sources.iter().filter(move |source| source.state == state);
    if let Some(source) = of(SourceState::Down).next() {
        return Some(format!("`{}` cannot be reached{}.", source.name, others(of(SourceState::Down).count())));
    }
    if let Some(source) = of(SourceState::Paused).next() {
        return Some(format!("Reading of `{}` is paused{}.", source.name, others(of(SourceState::Paused).count())));
    }
    if let Some(source) = of(SourceState::Degraded).next() {
        return Some(format!("`{}` is read only in part{}.", source.name, others(of(SourceState::Degraded).count())));
    }
    of(SourceState::Starting).next().map(|source| format!("`{}` is being connected.", source.name))
}

fn others(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        count => format!(", and {} more", count - 1),
    }
}

/// Where it comes from.
pub(super) fn detail(system: &System, now: i64) -> String {
    let up = time::parse(&system.started_at).map(|at| number::duration((now - at.div_euclid(1000)).max(0) as f64));
    let memory = system.memory.map(|memory| format!(", {} of memory", number::bytes(memory))).unwrap_or_default();
    let up = up.map(|up| format!(", up for {up}")).unwrap_or_default();
    format!("Tapline {}{up}{memory}; {} in the archive.", system.version, rows(system))
}

fn rows(system: &System) -> String {
    number::count(system.archive.rows + system.archive.hot_rows, "event", "events")
}

#[cfg(test)]
mod tests {
    use tapline_api::{ArchiveFigures, Gap, GapReason, SourceInfo};

    use super::*;

    fn source(name: &str, state: SourceState) -> SourceInfo {
        SourceInfo {
            name: name.into(),
            system: "kafka".into(),
            state,
            problems: Vec::new(),
            capabilities: Vec::new(),
            cluster: None,
            destinations: 1,
            partitions: 1,
            lag: None,
            rate: 0.0,
            bytes_rate: 0.0,
            backfill: None,
            rows: 0,
            newest: None,
            left_out: Vec::new(),
        }
    }

    fn list(states: &[SourceState]) -> SourceList {
        let source = |(index, state): (usize, &SourceState)| source(&format!("s{index}"), *state);
        SourceList { sources: states.iter().enumerate().map(source).collect() }
    }

    #[test]
    fn the_worst_source_is_named() {
        use SourceState::{Archived, Degraded, Down, Up};
        let said = |states: &[SourceState]| summary(Some(&list(states)), None, None);
        assert_eq!(said(&[Up, Degraded, Down, Down]), "`s2` cannot be reached, and 1 more.");
        assert_eq!(said(&[Up, Degraded]), "`s1` is read only in part.");
        assert_eq!(said(&[Archived]), "No source is configured, so nothing is read.");
        assert_eq!(said(&[Up, Up, Archived]), "All 2 sources are read and nothing is missing.");
    }

    #[test]
    fn damage_and_gaps_are_said_when_sources_are_well() {
        let up = list(&[SourceState::Up]);
        let gap = Gap {
            source: "s".into(),
            destination: "d".into(),
            incarnation: 1,
            partition: 0,
            from: 0,
            to: 9,
            reason: GapReason::Expired,
            seen_at: String::new(),
        };
        let gaps = GapList { gaps: vec![gap] };
        assert_eq!(summary(Some(&up), None, Some(&gaps)), "The source is read; 1 range of offsets never came.");
        let mut system = System {
            version: "0.1.0".into(),
            started_at: "2026-11-21T00:00:00Z".into(),
            memory: Some(412_000_000),
            memory_limit: 0,
            archive: ArchiveFigures { damaged: vec!["a".into()], rows: 1_920, ..ArchiveFigures::default() },
            settings: Vec::new(),
        };
        assert_eq!(summary(Some(&up), Some(&system), Some(&gaps)), "1 file of the archive cannot be read.");
        let now = time::parse("2026-11-21T01:30:00Z").unwrap() / 1000;
        assert_eq!(
            detail(&system, now),
            "Tapline 0.1.0, up for 1 h 30 min, 412 MB of memory; 1,920 events in the archive."
        );
        system.memory = None;
        assert!(!detail(&system, now).contains("memory"));
    }
}
