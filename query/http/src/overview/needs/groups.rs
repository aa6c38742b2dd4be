//! Consumer groups that fall behind: one need a group.

use tapline_api::{Group, LagState, Level, Need};

use super::{action, spark};
use crate::href;
use crate::overview::facts::Facts;
use crate::words::{counted, short};

/// Groups told one by one.
const MOST: usize = 5;

/// Who stands still for less than this has perhaps only paused, seconds.
const SOON: f64 = 120.0;

/// Only of what is now: how groups stood is not asked of the past.
pub(super) fn needs(facts: &Facts) -> Vec<Need> {
    if !facts.is_live() {
        return Vec::new();
    }
    let behind: Vec<&Group> = facts.groups.iter().filter(|group| is_needed(group)).collect();
    let mut needs: Vec<Need> = behind.iter().take(MOST).map(|group| need(group)).collect();
    let others = behind.get(MOST..).unwrap_or_default();
    if let Some(worst) = others.iter().map(|group| group.state.level()).max() {
        needs.push(rest(others.len(), worst));
    }
    needs
}

fn is_needed(group: &Group) -> bool {
    let late = group.behind.as_ref().is_none_or(|behind| behind.seconds >= SOON);
    match group.state {
        LagState::DataLoss => true,
        // It went back because somebody wanted it to.
        LagState::Ok | LagState::NeverCommitted | LagState::Rewind => false,
        LagState::Ahead => true,
        LagState::Warn | LagState::Stall | LagState::Stop => late,
    }
}

fn need(group: &Group) -> Need {
    let margin = group.retention_margin.filter(|_| group.lag > Some(0));
    let margin = margin.map(|margin| format!("its first unread event may be deleted in {}", tapline_api::span(margin)));
    let members = match group.members {
        Some(0) => Some("it has no member".to_owned()),
        Some(members) => Some(counted(members as u64, "member")),
        None => None,
    };
    let reads = format!("It reads {}", group.destinations.join(", "));
    let detail: Vec<String> = [Some(reads), members, margin].into_iter().flatten().collect();
    let trend: Vec<u64> = group.trend.iter().flatten().copied().collect();
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let figure = group.lag.map(|lag| format!("{} unread", short(lag as f64)));
    let sentence = group.sentence.strip_suffix('.').unwrap_or(&group.sentence);
    Need {
        level: group.state.level(),
        mark: mark(group.state).to_owned(),
        sentence: sentence.to_owned(),
        detail: format!("{}.", detail.join(", ")),
        figure,
        figure_note: None,
        spark: spark(&trend),
        actions: vec![action("Open group", href::group(&group.source, &group.name))],
    }
}

fn mark(state: LagState) -> &'static str {
    match state {
        LagState::Stop | LagState::Stall => "standing_still",
        LagState::DataLoss => "failing",
        _ => "behind",
    }
}

fn rest(count: usize, level: Level) -> Need {
    Need {
        level,
        mark: "behind".to_owned(),
        sentence: format!("{} {} behind", counted(count as u64, "more group"), if count == 1 { "is" } else { "are" }),
        detail: "Those named stand worse.".to_owned(),
        figure: None,
        figure_note: None,
        spark: Vec::new(),
        actions: vec![action("See groups", "/consumers?show=behind".to_owned())],
    }
}

#[cfg(test)]
mod tests {
    use tapline_api::{Behind, Drain};

    use super::*;
    use crate::overview::facts::tests::facts;

    fn group(state: LagState, seconds: f64) -> Group {
        Group {
            source: "shop".to_owned(),
            name: "billing".to_owned(),
            state,
            sentence: "`billing` has stopped on `orders/3`: 40 events are not read.".to_owned(),
            protocol: None,
            broker_state: None,
            destinations: vec!["orders".to_owned()],
            partitions: 6,
            members: Some(2),
            lag: Some(40),
            behind: Some(Behind { seconds, exact: true }),
            written: None,
            read: None,
            drain: Drain::Never,
            retention_margin: Some(7_200.0),
            retention_known: true,
            lost: 0,
            trend: vec![Some(1), None, Some(40)],
        }
    }

    #[test]
    fn who_stands_still_for_minutes_needs_a_person() {
        let mut facts = facts();
        facts.groups = vec![group(LagState::Stop, 700.0), group(LagState::Stop, 30.0), group(LagState::Ok, 900.0)];
        let needs = needs(&facts);
        assert_eq!(needs.len(), 1);
        assert_eq!(needs[0].sentence, "`billing` has stopped on `orders/3`: 40 events are not read");
        assert_eq!(needs[0].detail, "It reads orders, 2 members, its first unread event may be deleted in 2 h.");
        assert_eq!((needs[0].figure.as_deref(), needs[0].level), (Some("40 unread"), Level::Bad));
        assert_eq!(needs[0].actions[0].href, "/consumers?source=shop&group=billing");
    }

    #[test]
    fn the_past_is_not_told_by_how_groups_stand_now() {
        let mut facts = facts();
        facts.groups = vec![group(LagState::Stop, 700.0)];
        facts.to = facts.now - 3_600_000_000;
        assert_eq!(needs(&facts), []);
    }
}
