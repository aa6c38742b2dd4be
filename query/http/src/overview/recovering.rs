//! What is known and mends itself.

use tapline_api::{Level, Need, Replay, SourceInfo, SourceState};

use tapline_chains::closed;

use super::facts::Facts;
use super::needs::action;
use crate::href;
use crate::words::{counted, duration, name, short};

pub(super) fn all(facts: &Facts) -> Vec<Need> {
    let starting = facts.sources.iter().filter_map(starting);
    let sources = starting.chain(facts.sources.iter().filter_map(backfill));
    facts.replays.iter().map(replay).chain(sources).collect()
}

/// Somebody has decided it, and it goes on by itself.
fn replay(replay: &Replay) -> Need {
    let progress = &replay.progress;
    let waits = replay.why.as_ref().map(|why| format!("; it waits: {why}")).unwrap_or_default();
    let detail = closed(&format!("{}{waits}", tapline_replay::course(progress)));
    let percent = progress.confirmed.saturating_mul(100) / progress.items.max(1);
    let actions = vec![action("Open replay", href::replay(&replay.id))];
    Need { actions, ..need(replay.sentence.clone(), detail, Some(format!("{percent} %"))) }
}

fn need(sentence: String, detail: String, figure: Option<String>) -> Need {
    Need {
        level: Level::Act,
        mark: "running".to_owned(),
        sentence,
        detail,
        figure,
        figure_note: None,
        spark: Vec::new(),
        actions: vec![action("Open sources", "/system".to_owned())],
    }
}

fn starting(source: &SourceInfo) -> Option<Need> {
    let starts = source.state == SourceState::Starting;
    starts.then(|| {
        need(format!("{} is being connected", name(&source.name)), "No fault was seen so far.".to_owned(), None)
    })
}

fn backfill(source: &SourceInfo) -> Option<Need> {
    let left = source.backfill.as_ref().filter(|backfill| backfill.left > 0)?;
    #[expect(clippy::cast_possible_truncation, reason = "a float that is too large saturates")]
    let detail = match left.seconds_left {
        Some(seconds) => {
            format!("Done in about {} at {} events a second.", duration((seconds * 1e6) as i64), short(left.rate))
        }
        None => "It goes on when the source can be read.".to_owned(),
    };
    let sentence =
        format!("{} still to be read of what stood on {} before", counted(left.left, "event"), name(&source.name));
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let figure = format!("{} left", short(left.left as f64));
    Some(need(sentence, detail, Some(figure)))
}

#[cfg(test)]
mod tests {
    use tapline_api::{Backfill, Progress, ReplayState};

    use super::*;
    use crate::overview::facts::tests::facts;

    #[test]
    fn a_backfill_says_when_it_is_done() {
        let mut facts = facts();
        facts.sources[0].backfill = Some(Backfill { left: 120_000, rate: 500.0, seconds_left: Some(240.0) });
        let need = all(&facts).remove(0);
        assert_eq!(need.sentence, "120,000 events still to be read of what stood on `shop` before");
        assert_eq!(need.detail, "Done in about 4 min at 500 events a second.");
        facts.sources[0].backfill = Some(Backfill { left: 0, rate: 0.0, seconds_left: None });
        assert_eq!(all(&facts), []);
    }

    #[test]
    fn a_replay_that_runs_says_how_far_it_is() {
        let mut facts = facts();
        let progress = Progress { items: 1_259, confirmed: 640, seconds_left: Some(61.0), ..Progress::default() };
        facts.replays = vec![Replay {
            id: "r-3".to_owned(),
            state: ReplayState::Running,
            why: None,
            sentence: "Puts 1,259 `OrderPlaced` from `orders-dlt` back on `orders`".to_owned(),
            who: "mara".to_owned(),
            reason: String::new(),
            fingerprint: None,
            planned_at: String::new(),
            started_at: None,
            ended_at: None,
            progress,
        }];
        let need = all(&facts).remove(0);
        assert_eq!(need.detail, "640 of 1,259 sent, 1 min 1 s left.");
        assert_eq!((need.figure.as_deref(), need.actions[0].href.as_str()), (Some("50 %"), "/replays/r-3"));
    }

    #[test]
    fn a_source_that_starts_is_no_fault() {
        let mut facts = facts();
        facts.sources[0].state = SourceState::Starting;
        assert_eq!(all(&facts)[0].sentence, "`shop` is being connected");
    }
}
