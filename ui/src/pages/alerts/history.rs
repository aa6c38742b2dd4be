//! What began and ended lately, newest first.

use leptos::prelude::*;
use tapline_api::{Alert, AlertList, AlertState, Level};

use super::{acts::Acts, opened::RuleLink, words};
use crate::{
    format::{self, time},
    order::sort_by_key,
    react::memo,
    state::{
        time_range::use_zone,
        url::{Query, use_address},
    },
    ui::{Ico, Icon, Mark, Sentence, Shape},
};

/// Lines that are shown; the table has all.
const MOST: usize = 12;

/// All of it, as rows.
const QUERY: &str = "SELECT *\nFROM alert_history";

/// Something that began or ended.
#[derive(Debug, Clone, PartialEq)]
struct Turn {
    /// Milliseconds since 1970.
    at: i64,
    shape: Shape,
    level: Level,
    rule: String,
    /// What follows the name of the rule.
    text: String,
}

/// The panel.
#[component]
pub(super) fn History(acts: Acts) -> impl IntoView {
    let address = use_address();
    let turns = memo(move || acts.list.data.with(|list| list.as_deref().map(turns).unwrap_or_default()));
    let content = move || match turns.with(Vec::is_empty) {
        true => view! { <p class="pad t2 small">"Nothing began or ended lately."</p> }.into_any(),
        false => view! { <ol class="changes">{turns.get().into_iter().map(line).collect_view()}</ol> }.into_any(),
    };
    let sql = move || {
        let mut query = Query::default();
        query.set("sql", Some(QUERY));
        address.link(&query.on("/sql"))
    };
    view! {
        <section class="panel" aria-label="History">
            <div class="head"><h2>"History"</h2><span class="t3">"newest first"</span>
                <span class="end"><a class="btn btn-quiet btn-s" href=sql><Ico icon=Icon::Sql/>"SQL"</a></span></div>
            {content}
        </section>
    }
}

fn line(turn: Turn) -> impl IntoView {
    let (zone, now) = (use_zone(), format::now());
    let clock = move || match zone.get().day(turn.at) == zone.get().day(now) {
        true => time::minute(turn.at, zone.get()),
        false => time::day(turn.at, zone.get()),
    };
    let title = move || time::full(turn.at * 1000, zone.get());
    view! {
        <li><time title=title>{clock}</time><Mark shape=turn.shape level=turn.level small=true/>
            <span><b><RuleLink name=turn.rule/></b>" "<Sentence text=turn.text/></span></li>
    }
}

/// Begins and ends of what fires and of what ended.
fn turns(list: &AlertList) -> Vec<Turn> {
    let fires = list.alerts.iter().filter(|alert| alert.state == AlertState::Firing);
    let mut all: Vec<Turn> =
        fires.chain(&list.ended).flat_map(|alert| [began(alert), ended(alert)]).flatten().collect();
    sort_by_key(&mut all, |turn| std::cmp::Reverse(turn.at));
    all.truncate(MOST);
    all
}

fn began(alert: &Alert) -> Option<Turn> {
    let muted = if alert.muted.is_some() { "; muted" } else { "" };
    // How bad it was: of what ended the level is that all is well.
    let level = words::level(&alert.severity);
    Some(Turn {
        at: moment(alert.fired_at.as_deref())?,
        shape: words::shape(level.max(Level::Act)),
        level,
        rule: alert.rule.clone(),
        text: format!("began: {}{muted}", alert.sentence.trim_end_matches('.')),
    })
}

/// One that never fired has not ended either.
fn ended(alert: &Alert) -> Option<Turn> {
    let (begin, end) = (moment(alert.fired_at.as_deref())?, moment(alert.resolved_at.as_deref())?);
    let text = format!("ended after {}", time::largest((end - begin).max(0)));
    Some(Turn { at: end, shape: Shape::Well, level: Level::Ok, rule: alert.rule.clone(), text })
}

fn moment(text: Option<&str>) -> Option<i64> {
    text.and_then(time::parse).map(|micros| micros.div_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_230_764_000;

    fn alert(rule: &str, fired: Option<i64>, resolved: Option<i64>) -> Alert {
        let at = |ago: i64| time::rfc3339((NOW - ago) * 1000);
        let state = if resolved.is_some() { AlertState::Resolved } else { AlertState::Firing };
        let (fired_at, resolved_at) = (fired.map(at), resolved.map(at));
        Alert {
            rule: rule.to_owned(),
            state,
            fired_at,
            resolved_at,
            sentence: "It stands.".to_owned(),
            ..Alert::default()
        }
    }

    #[test]
    fn begins_and_ends_stand_newest_first() {
        let list = AlertList {
            alerts: vec![alert("A", Some(60_000), None)],
            ended: vec![alert("B", Some(2_000_000), Some(20_000)), alert("C", None, Some(5_000))],
            ..AlertList::default()
        };
        let said: Vec<String> = turns(&list).into_iter().map(|turn| format!("{} {}", turn.rule, turn.text)).collect();
        assert_eq!(said, ["B ended after 33 min", "A began: It stands", "B began: It stands"]);
    }

    #[test]
    fn only_the_newest_are_shown() {
        let alerts: Vec<Alert> = (0..40).map(|n| alert("A", Some(n * 1_000), None)).collect();
        let shown = turns(&AlertList { alerts, ..AlertList::default() });
        assert_eq!((shown.len(), shown[0].at), (MOST, NOW));
    }
}
