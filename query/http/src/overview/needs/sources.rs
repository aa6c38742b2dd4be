//! Sources: not reachable, faulty, behind; destinations that fell silent; offsets that were gone before they were read.

use std::collections::BTreeMap;

use tapline_api::{DestinationKind, GapReason, Level, Need, SourceInfo, SourceState};
use tapline_model::time;

use super::{action, spark};
use crate::href;
use crate::overview::facts::{Activity, Facts};
use crate::words::{counted, duration, name, sentence, short, thousands};

/// A tap this many seconds of traffic behind, and this many events, is told.
const BEHIND_SECONDS: f64 = 30.0;
const BEHIND_EVENTS: u64 = 1_000;

/// Events in range and period before from which silence can be told.
const REGULAR: u64 = 30;

/// Silence of so many usual pauses, and at least this long (microseconds), is told.
const PAUSES: i64 = 20;
const LEAST_SILENCE: i64 = 120_000_000;

pub(super) fn needs(facts: &Facts) -> Vec<Need> {
    let only_waits = |source: &&SourceInfo| source.state == SourceState::Paused && source.faults().next().is_none();
    // Why they wait is the archive's to say.
    let mut needs: Vec<Need> = facts.sources.iter().filter(|source| !only_waits(source)).filter_map(faulty).collect();
    needs.extend(facts.sources.iter().filter_map(behind));
    needs.extend(gaps(facts));
    needs.extend(silent(facts));
    needs
}

fn faulty(source: &SourceInfo) -> Option<Need> {
    let shown = name(&source.name);
    let (level, what) = match source.state {
        SourceState::Down => (Level::Bad, format!("{shown} cannot be reached")),
        SourceState::Degraded if source.partitions == 0 => (Level::Warn, format!("Nothing is read from {shown}")),
        SourceState::Degraded => (Level::Warn, format!("{shown} is read, but not all of it")),
        SourceState::Paused => (Level::Bad, format!("Reading {shown} waits")),
        SourceState::Starting | SourceState::Up | SourceState::Archived => return None,
    };
    let detail = sentence(source.faults().next().unwrap_or("it is tried again"));
    Some(Need {
        level,
        mark: "source".to_owned(),
        sentence: what,
        detail,
        figure: None,
        figure_note: None,
        spark: Vec::new(),
        actions: vec![action("Open sources", "/system".to_owned())],
    })
}

#[expect(clippy::cast_precision_loss, reason = "compared and shown with three digits")]
fn behind(source: &SourceInfo) -> Option<Need> {
    let lag = source.lag.filter(|lag| *lag >= BEHIND_EVENTS && *lag as f64 > source.rate * BEHIND_SECONDS)?;
    let catches_up = (source.rate > 0.0).then(|| lag as f64 / source.rate);
    Some(Need {
        level: Level::Warn,
        mark: "behind".to_owned(),
        sentence: format!("Tapline itself is {} behind on {}", counted(lag, "event"), name(&source.name)),
        detail: "Every number about this source is that much older.".to_owned(),
        figure: Some(format!("{} unread", short(lag as f64))),
        figure_note: catches_up.map(|seconds| format!("{} of reading", duration((seconds * 1e6) as i64))),
        spark: Vec::new(),
        actions: vec![action("Open sources", "/system".to_owned())],
    })
}

/// Only what retention took: a rule or an erasure was meant, and what clients are never given is mostly markers.
fn gaps(facts: &Facts) -> Vec<Need> {
    let mut lost = BTreeMap::<(&str, &str), u64>::new();
    for gap in facts.gaps.iter().filter(|gap| gap.reason == GapReason::Expired) {
        let seen = time::parse(&gap.seen_at, facts.now).unwrap_or(i64::MIN);
        if (facts.from..facts.axis.to()).contains(&seen) {
            *lost.entry((&gap.source, &gap.destination)).or_default() += gap.to.abs_diff(gap.from);
        }
    }
    let need = |((source, destination), offsets): ((&str, &str), u64)| Need {
        level: Level::Warn,
        mark: "gap".to_owned(),
        sentence: format!("{} of {} expired before they were read", counted(offsets, "offset"), name(destination)),
        detail: format!("Retention on {} deleted them first; they are in no answer.", name(source)),
        figure: Some(thousands(offsets)),
        figure_note: Some("never archived".to_owned()),
        spark: Vec::new(),
        actions: vec![action("Open gaps", "/system".to_owned())],
    };
    lost.into_iter().map(need).collect()
}

fn silent(facts: &Facts) -> Vec<Need> {
    if !facts.is_live() {
        return Vec::new();
    }
    let ordinary = |source: &str, destination: &str| {
        let known = facts.known.iter().find(|known| known.source == source && known.name == destination);
        known.is_none_or(|known| known.kind == DestinationKind::Topic)
    };
    let active = facts
        .destinations
        .iter()
        .filter(|((source, destination), _)| facts.is_up(source) && ordinary(source, destination));
    active.filter_map(|((_, destination), activity)| silence(facts, destination, activity)).collect()
}

/// A destination is silent when nothing has come for many of its usual pauses. What comes with times of the past is no
/// silence: somebody reads or writes a backlog.
#[expect(clippy::cast_precision_loss, reason = "rates are shown with three digits")]
fn silence(facts: &Facts, destination: &str, activity: &Activity) -> Option<Need> {
    let events = activity.total() + activity.series.total_before();
    let (first, last) = (activity.first?, activity.last?);
    let pause = (last - first) / i64::try_from(events.max(1)).ok()?;
    let silent = facts.now - activity.archived.map_or(last, |archived| archived.max(last));
    if events < REGULAR || silent < LEAST_SILENCE || silent < pause.saturating_mul(PAUSES) {
        return None;
    }
    let usual = events as f64 * 60e6 / (last - first).max(1) as f64;
    let (from, to) = (time::format(last - LEAST_SILENCE), time::format(facts.now));
    let link = href::events(&[("destination", destination), ("from", &from), ("to", &to)]);
    Some(Need {
        level: Level::Warn,
        mark: "standing_still".to_owned(),
        sentence: format!("{} has been silent for {}", name(destination), duration(silent)),
        detail: format!("It had {} a minute before; the source is read without a fault.", short(usual)),
        figure: Some("0/min".to_owned()),
        figure_note: Some(format!("was {}", short(usual))),
        spark: spark(&activity.series.points),
        actions: vec![action("See its last events", link)],
    })
}

#[cfg(test)]
mod tests {
    use tapline_api::Gap;

    use super::*;
    use crate::overview::facts::tests::{MINUTE, active, facts, source};

    #[test]
    fn sources_that_are_down_come_with_their_reason() {
        let mut facts = facts();
        facts.sources[0].state = SourceState::Down;
        facts.sources[0].problems = vec!["no broker answers at localhost:9092; tried again in 4 s".into()];
        let need = needs(&facts).remove(0);
        assert_eq!((need.level, need.sentence.as_str()), (Level::Bad, "`shop` cannot be reached"));
        assert_eq!(need.detail, "No broker answers at localhost:9092; tried again in 4 s.");
        facts.sources[0].state = SourceState::Degraded;
        assert_eq!(needs(&facts)[0].level, Level::Warn);
        facts.sources[0].partitions = 0;
        assert_eq!(needs(&facts)[0].sentence, "Nothing is read from `shop`", "a broker that has no topic yet");
        facts.sources[0].state = SourceState::Starting;
        assert_eq!(needs(&facts), []);
    }

    #[test]
    fn a_tap_that_is_behind_says_so() {
        let mut facts = facts();
        facts.sources[0] = SourceInfo { lag: Some(43_100), rate: 100.0, ..source("shop") };
        let need = needs(&facts).remove(0);
        assert_eq!(need.sentence, "Tapline itself is 43,100 events behind on `shop`");
        assert_eq!(
            (need.figure.as_deref(), need.figure_note.as_deref()),
            (Some("43.1k unread"), Some("7 min 11 s of reading"))
        );
        facts.sources[0].rate = 5_000.0;
        assert_eq!(needs(&facts), [], "nine seconds of traffic are no delay");
    }

    #[test]
    fn offsets_that_expired_are_told_once_a_destination() {
        let mut facts = facts();
        let gap = |from, to, reason, seen: i64| Gap {
            source: "shop".into(),
            destination: "orders".into(),
            incarnation: 1,
            partition: 0,
            from,
            to,
            reason,
            seen_at: time::format(seen),
        };
        let now = facts.now - MINUTE;
        facts.gaps = vec![
            gap(0, 1_000, GapReason::Expired, now),
            gap(5, 209, GapReason::Expired, now),
            gap(0, 9, GapReason::Excluded, now),
            gap(0, 9, GapReason::Expired, facts.from - 1),
        ];
        let needs = needs(&facts);
        assert_eq!(needs.len(), 1);
        assert_eq!(needs[0].sentence, "1,204 offsets of `orders` expired before they were read");
    }

    #[test]
    fn silence_is_measured_by_a_destinations_own_past() {
        let mut facts = facts();
        let regular = active(&facts, 600, facts.from, facts.now - 6 * MINUTE);
        facts.destinations.insert(("shop".into(), "orders".into()), regular);
        let need = needs(&facts).remove(0);
        assert_eq!(need.sentence, "`orders` has been silent for 6 min");
        assert!(need.detail.starts_with("It had 11 a minute before"), "{}", need.detail);

        let rare = active(&facts, 40, facts.from - 60 * MINUTE, facts.now - 6 * MINUTE);
        facts.destinations.insert(("shop".into(), "orders".into()), rare);
        assert_eq!(needs(&facts), [], "three minutes is its usual pause");

        let regular = active(&facts, 600, facts.from, facts.now - 6 * MINUTE);
        let arriving = Activity { archived: Some(facts.now - MINUTE), ..regular.clone() };
        facts.destinations.insert(("shop".into(), "orders".into()), arriving);
        assert_eq!(needs(&facts), [], "a backlog that arrives is no silence");

        facts.destinations.insert(("shop".into(), "orders".into()), regular);
        facts.sources[0].state = SourceState::Starting;
        assert_eq!(needs(&facts), [], "who does not read cannot say that it is silent");
    }
}
