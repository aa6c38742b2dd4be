//! How alerts, rules and channels stand, as shape, colour and words. Pure.

use tapline_api::{Alert, AlertList, AlertRuleView, AlertState, Level, Muted};

use super::spans;
use crate::{
    format::{number, time},
    ui::Shape,
};

/// Shape, colour and word.
pub(super) type Stands = (Shape, Level, &'static str);

/// The shape of a level where nothing more is known.
pub(super) fn shape(level: Level) -> Shape {
    match level {
        Level::Bad => Shape::Failing,
        Level::Warn => Shape::Behind,
        Level::Ok => Shape::Well,
        Level::Act => Shape::New,
        Level::Mute => Shape::Off,
    }
}

/// How bad a severity is.
pub(super) fn level(severity: &str) -> Level {
    match severity {
        "critical" | "error" => Level::Bad,
        "info" => Level::Mute,
        _ => Level::Warn,
    }
}

/// How an alert stands.
pub(super) fn alert(alert: &Alert) -> Stands {
    match (alert.state, alert.muted.is_some()) {
        (AlertState::Inactive | AlertState::Resolved, _) => (Shape::Well, Level::Ok, "Over"),
        (AlertState::Pending, _) => (Shape::New, Level::Mute, "May fire soon"),
        (AlertState::Firing, true) => (Shape::Acknowledged, Level::Mute, "Fires, muted"),
        (AlertState::Firing, false) => (firing(alert.level), alert.level, "Fires"),
    }
}

/// One that fires is never drawn as if it were well or off.
fn firing(level: Level) -> Shape {
    match level {
        Level::Mute | Level::Ok => Shape::New,
        _ => shape(level),
    }
}

/// How a rule stands; `muted` where nobody hears of what it found.
pub(super) fn rule(rule: &AlertRuleView, muted: bool) -> Stands {
    let level = level(&rule.severity);
    match (rule.problem.is_some(), rule.rule.enabled, rule.state) {
        (_, false, _) => (Shape::Off, Level::Mute, "Rests"),
        (_, _, AlertState::Firing) if muted => (Shape::Acknowledged, Level::Mute, "Fires, muted"),
        // Also while it cannot be asked: what fires is held.
        (_, _, AlertState::Firing) => (firing(level), level, "Fires"),
        (true, _, _) => (Shape::Behind, Level::Warn, "Cannot be asked"),
        (_, _, AlertState::Pending) => (Shape::New, Level::Mute, "May fire soon"),
        _ if rule.asked_at.is_none() => (Shape::New, Level::Mute, "Not asked yet"),
        _ => (Shape::Well, Level::Ok, "Finds nothing"),
    }
}

/// Whether all that fires of a rule is muted.
pub(super) fn is_muted(list: &AlertList, rule: &str) -> bool {
    let mut fires = list.alerts.iter().filter(|it| it.rule == rule && it.state == AlertState::Firing).peekable();
    fires.peek().is_some() && fires.all(|it| it.muted.is_some())
}

/// Who was told of an alert, or why nobody was.
pub(super) fn told(alert: &Alert, list: &AlertList, now: i64) -> String {
    match &alert.muted {
        Some(Muted::Alert { rule }) => format!("muted by {rule}"),
        Some(Muted::Silence { id }) => match list.silences.iter().find(|it| it.id == *id) {
            Some(silence) => format!("silenced, {}", until(&silence.to, now)),
            None => "silenced".to_owned(),
        },
        None if !alert.told.is_empty() => alert.told.join(", "),
        None if list.channels.is_empty() => "nobody: no channel is configured".to_owned(),
        None => "nobody yet".to_owned(),
    }
}

/// `38 min left`.
pub(super) fn until(end: &str, now: i64) -> String {
    match time::parse(end).map(|at| at.div_euclid(1000) - now) {
        Some(left) if left > 0 => format!("{} left", time::largest(left)),
        _ => "over".to_owned(),
    }
}

/// How long it fires, or has been found: `13 min`.
pub(super) fn since(alert: &Alert, now: i64) -> Option<String> {
    let begin = alert.fired_at.as_deref().unwrap_or(&alert.active_at);
    let at = time::parse(begin)?.div_euclid(1000);
    Some(time::largest((now - at).max(0)))
}

/// `fires in 3 min`, of one that waits for its rule's `for`.
pub(super) fn fires_in(alert: &Alert, hold: Option<&str>, now: i64) -> Option<String> {
    let begin = time::parse(&alert.active_at)?.div_euclid(1000);
    let left = begin + hold.and_then(spans::parse)? - now;
    Some(if left > 0 { format!("fires in {}", time::largest(left)) } else { "fires at the next look".to_owned() })
}

/// What a rule finds, in the unit that its metric is named by: `45 min`, `1.2 GB`, `14.8k`.
pub(super) fn value(value: f64, asks: Option<&str>) -> String {
    let metric = asks.and_then(metric).unwrap_or_default();
    match () {
        // Narrow columns have room for one unit; the exact value is told where one points at it.
        () if metric.ends_with("_seconds") && value >= 10.0 => time::largest((value * 1000.0) as i64),
        () if metric.ends_with("_seconds") && value >= 0.0 => number::duration(value * 1000.0),
        () if metric.ends_with("_bytes") && (0.0..1e18).contains(&value) => number::bytes(value as u64),
        () => number::si(value),
    }
}

/// The metric whose own value is found: `a` of `a{b="c"} > 5`. What a function makes of one has another unit.
fn metric(asks: &str) -> Option<&str> {
    let asks = asks.trim();
    let end = asks.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))).unwrap_or(asks.len());
    let (name, rest) = asks.split_at(end);
    let rest = match rest.trim_start().strip_prefix('{') {
        Some(matchers) => &matchers[closing(matchers)?..],
        None => rest,
    };
    let rest = rest.trim_start();
    let compared = rest.is_empty() || rest.starts_with(['<', '>', '=', '!']);
    let else_whose = [" or ", " bool "].iter().any(|word| rest.contains(word));
    (compared && !else_whose).then_some(name).filter(|name| !name.is_empty())
}

/// What stands behind the `}` that ends matchers; one in a string ends nothing.
fn closing(matchers: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in matchers.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// `Slack`, as its makers write it.
pub(super) fn kind(kind: &str) -> &str {
    match kind {
        "alertmanager" => "Alertmanager",
        "webhook" => "Webhook",
        "slack" => "Slack",
        "pagerduty" => "PagerDuty",
        "smtp" => "Mail",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use tapline_api::{AlertRule, Channel, Silence};

    use super::*;

    const NOW: i64 = 1_795_230_764_000;

    fn at(ms: i64) -> String {
        time::rfc3339(ms * 1000)
    }

    fn fires() -> Alert {
        Alert { rule: "A".to_owned(), state: AlertState::Firing, level: Level::Bad, ..Alert::default() }
    }

    #[test]
    fn who_was_told_or_why_nobody_was() {
        let channel = Channel { name: "oncall".to_owned(), ..Channel::default() };
        let silence = Silence { id: "s-4".to_owned(), to: at(NOW + 2_280_000), ..Silence::default() };
        let list = AlertList { channels: vec![channel], silences: vec![silence], ..AlertList::default() };
        let said = |muted, told: &[&str]| {
            let told = told.iter().map(|name| (*name).to_owned()).collect();
            super::told(&Alert { muted, told, ..fires() }, &list, NOW)
        };
        assert_eq!(said(None, &["oncall", "shop"]), "oncall, shop");
        assert_eq!(said(None, &[]), "nobody yet");
        assert_eq!(said(Some(Muted::Silence { id: "s-4".to_owned() }), &["oncall"]), "silenced, 38 min left");
        assert_eq!(said(Some(Muted::Alert { rule: "B".to_owned() }), &[]), "muted by B");
        assert_eq!(super::told(&fires(), &AlertList::default(), NOW), "nobody: no channel is configured");
    }

    #[test]
    fn a_pending_one_says_when_it_fires() {
        let alert = Alert { state: AlertState::Pending, active_at: at(NOW - 60_000), ..fires() };
        assert_eq!(fires_in(&alert, Some("5m"), NOW).as_deref(), Some("fires in 4 min"));
        assert_eq!(fires_in(&alert, Some("30s"), NOW).as_deref(), Some("fires at the next look"));
        assert_eq!(fires_in(&alert, None, NOW), None);
        assert_eq!(since(&alert, NOW).as_deref(), Some("1 min"));
        assert_eq!(since(&Alert { fired_at: Some(at(NOW - 2_000)), ..alert }, NOW).as_deref(), Some("2 s"));
    }

    #[test]
    fn a_value_has_the_unit_of_its_metric_and_of_nothing_else() {
        let of = |text, asks| value(text, Some(asks));
        assert_eq!(of(2_714.0, "lag_seconds > 300"), "45 min");
        assert_eq!(of(4.2, "lag_seconds > 3"), "4.2 s");
        assert_eq!(of(2_700.0, r#"lag_seconds{group=~"}\"bill.*"} >= 300"#), "45 min");
        assert_eq!(of(1_200_000_000.0, "disk_free_bytes < 1e9"), "1.20 GB");
        assert_eq!(of(14_800.0, "rate(lag_seconds[5m]) > 1"), "14.8k");
        assert_eq!(of(7.0, "lag_seconds / 60 > 5"), "7");
        assert_eq!(of(1.0, "lag_seconds > bool 5"), "1");
        assert_eq!(value(0.26, None), "0.26");
    }

    #[test]
    fn what_fires_never_looks_well_and_what_nobody_hears_of_is_quiet() {
        let mut list = AlertList { alerts: vec![fires()], ..AlertList::default() };
        assert_eq!(alert(&list.alerts[0]).0, Shape::Failing);
        assert_eq!(alert(&Alert { level: Level::Mute, ..fires() }).0, Shape::New);
        assert!(!is_muted(&list, "A") && !is_muted(&list, "B"));
        list.alerts[0].muted = Some(Muted::Alert { rule: "B".to_owned() });
        assert!(is_muted(&list, "A"));
        assert_eq!(alert(&list.alerts[0]).0, Shape::Acknowledged);
    }

    #[test]
    fn a_rule_that_cannot_be_asked_says_so_unless_it_fires() {
        let enabled = AlertRule { enabled: true, ..AlertRule::default() };
        let view = AlertRuleView { rule: enabled, severity: "info".to_owned(), ..AlertRuleView::default() };
        assert_eq!(rule(&view, false).2, "Not asked yet");
        let asked = AlertRuleView { asked_at: Some(String::new()), ..view.clone() };
        assert_eq!(rule(&asked, false).2, "Finds nothing");
        let firing = AlertRuleView { state: AlertState::Firing, ..view.clone() };
        assert_eq!((rule(&firing, false).0, rule(&firing, true).2), (Shape::New, "Fires, muted"));
        assert_eq!(rule(&AlertRuleView { rule: AlertRule::default(), ..firing.clone() }, false).2, "Rests");
        assert_eq!(rule(&AlertRuleView { problem: Some(String::new()), ..asked }, false).2, "Cannot be asked");
        assert_eq!(rule(&AlertRuleView { problem: Some(String::new()), ..firing }, false).2, "Fires");
    }
}
