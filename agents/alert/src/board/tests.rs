//! Alerts from look to look: what fires, what is held, what a restart finds. A small world is shared with the tests of
//! who is told.

use super::*;
use crate::expr::Sample;
use tapline_api::AlertRule;

const SECOND: i64 = 1_000_000;

/// Groups with their lag.
pub(crate) struct World(Vec<(String, f64)>);

impl World {
    pub(crate) fn of(groups: &[(&str, f64)]) -> Self {
        Self(groups.iter().map(|(name, lag)| ((*name).to_owned(), *lag)).collect())
    }

    fn answer(&self) -> Answer {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let sample = |(group, lag): &(String, f64)| Sample {
            labels: Labels::from([label("cluster_name", "shop"), label("group", group)]),
            value: *lag,
        };
        Answer { found: self.0.iter().map(sample).collect(), ..Answer::default() }
    }
}

fn rule(hold: &str, keep: &str) -> Rule {
    let rule = AlertRule {
        expr: Some("lag > 5".to_owned()),
        hold: Some(hold.to_owned()),
        keep_firing_for: Some(keep.to_owned()),
        enabled: true,
        ..AlertRule::default()
    };
    Rule::read("Behind", &rule, &BTreeSet::from(["lag"]), &BTreeSet::new()).unwrap()
}

fn explain(labels: &Labels) -> Explained {
    Explained {
        sentence: labels.get("group").map(|group| format!("`{group}` is behind")),
        detail: None,
        href: "/consumers".to_owned(),
    }
}

/// One on which everything fires that was found.
pub(crate) fn board(world: &World, at: i64) -> Board {
    let mut board = Board::default();
    board.look(&rule("0s", "0s"), &world.answer(), at, &explain);
    board
}

/// The same world later.
pub(crate) fn late(board: &mut Board, world: &World, at: i64) {
    board.look(&rule("0s", "0s"), &world.answer(), at, &explain);
}

#[test]
fn an_alert_is_pending_fires_and_is_over() {
    let (mut board, rule, late) = (Board::default(), rule("60s", "30s"), World::of(&[("billing", 9.0)]));
    let fine = World::of(&[]);
    board.look(&rule, &late.answer(), 0, &explain);
    assert_eq!(board.changes(0).alerts.len(), 1, "that it is pending is written down");
    board.saved();
    board.look(&rule, &late.answer(), 30 * SECOND, &explain);
    assert!(board.changes(0).alerts.is_empty() && !board.alive.values().next().unwrap().is_firing());
    board.look(&rule, &late.answer(), 60 * SECOND, &explain);
    let alive = board.alive.values().next().unwrap();
    assert_eq!(alive.record.fired_at, Some(60 * SECOND));
    assert_eq!(alive.record.annotations["summary"], "`billing` is behind");
    assert_eq!((alive.record.labels["source"].as_str(), alive.record.href.as_str()), ("shop", "/consumers"));
    assert_eq!(board.changes(0).alerts.len(), 1);
    board.saved();
    board.look(&rule, &fine.answer(), 80 * SECOND, &explain);
    assert!(board.alive.values().next().unwrap().is_firing(), "it is kept for half a minute");
    board.look(&rule, &fine.answer(), 90 * SECOND, &explain);
    assert!(board.alive.is_empty());
    assert_eq!(board.over[0].resolved_at, Some(90 * SECOND));
    board.settle();
    assert!(board.over.is_empty(), "nobody was told, so nobody is owed its end");
    assert_eq!(board.changes(0).alerts[0].resolved_at, Some(90 * SECOND), "that it is over is still written down");
}

#[test]
fn what_was_pending_only_leaves_nothing_behind() {
    let (mut board, rule) = (Board::default(), rule("60s", "0s"));
    board.look(&rule, &World::of(&[("billing", 9.0)]).answer(), 0, &explain);
    board.saved();
    board.look(&rule, &World::of(&[]).answer(), SECOND, &explain);
    let changes = board.changes(SECOND);
    assert!(board.alive.is_empty() && board.over.is_empty() && changes.alerts.is_empty());
    assert_eq!(changes.forgotten.len(), 1);
}

#[test]
fn what_nobody_can_say_is_over_is_held() {
    let mut board = board(&World::of(&[("billing", 9.0)]), 0);
    let rule = rule("0s", "0s");
    let away = |source: &str| Answer {
        blind: BTreeMap::from([(source.to_owned(), "its broker does not answer".to_owned())]),
        ..Answer::default()
    };
    board.look(&rule, &away("shop"), SECOND, &explain);
    assert_eq!(board.alive.values().next().unwrap().held.as_deref(), Some("its broker does not answer"));
    let failed = Answer { held: Some("the query takes too long".to_owned()), ..Answer::default() };
    board.look(&rule, &failed, 2 * SECOND, &explain);
    assert_eq!(board.alive.len(), 1);
    board.look(&rule, &away("another"), 3 * SECOND, &explain);
    assert!(board.alive.is_empty(), "another source's trouble is not this one's");
}

#[test]
fn a_restart_holds_what_fires_and_does_not_count_the_time_between() {
    let mut before = board(&World::of(&[("billing", 9.0)]), 5 * SECOND);
    before.look(&rule("60s", "0s"), &World::of(&[("billing", 9.0), ("late", 7.0)]).answer(), 20 * SECOND, &explain);
    let written = before.changes(20 * SECOND).alerts;
    // Nobody looked for an hour.
    let now = 3_620 * SECOND;
    let mut after = Board::restore(written, now, 3_600 * SECOND);
    assert_eq!(after.changes(now).forgotten.len(), 1, "the pending one stands under its new begin");
    after.look(&rule("60s", "0s"), &World::of(&[("billing", 9.0), ("late", 7.0)]).answer(), now, &explain);
    let fired: Vec<bool> = after.alive.values().map(Alive::is_firing).collect();
    assert_eq!(fired.iter().filter(|fired| **fired).count(), 1, "the pending one waits for the rest of its minute");
    after.look(
        &rule("60s", "0s"),
        &World::of(&[("billing", 9.0), ("late", 7.0)]).answer(),
        now + 60 * SECOND,
        &explain,
    );
    assert!(after.alive.values().all(Alive::is_firing));
}

#[test]
fn alerts_of_a_rule_that_is_gone_are_over() {
    let mut board = board(&World::of(&[("billing", 9.0)]), 0);
    board.retain(&BTreeSet::from(["Behind"]), 1);
    assert_eq!(board.alive.len(), 1);
    board.retain(&BTreeSet::new(), 2);
    assert_eq!((board.alive.len(), board.over.len()), (0, 1));
}
