//! Alerts that fire for what no other rule of the overview has told: those of rules that people wrote.

use tapline_api::{Alert, Level, Need};

use super::action;
use crate::overview::facts::Facts;

/// Alerts told one by one.
const MOST: usize = 5;

/// Only of what is now, and of what `told` does not name.
pub(super) fn needs(facts: &Facts, told: &[Need]) -> Vec<Need> {
    if !facts.is_live() {
        return Vec::new();
    }
    let is_told = |alert: &&Alert| told.iter().any(|need| is_about(need, alert));
    let news = facts.alerts.iter().filter(|alert| alert.level > Level::Mute && !is_told(alert));
    news.take(MOST).map(need).collect()
}

/// A need that leads to the same page, or names the same group, destination or source.
fn is_about(need: &Need, alert: &Alert) -> bool {
    let names = ["group", "destination", "source"].into_iter().filter_map(|label| alert.labels.get(label));
    let named = names.into_iter().next().is_some_and(|name| need.sentence.contains(&format!("`{name}`")));
    named || need.actions.iter().any(|action| action.href == alert.href)
}

fn need(alert: &Alert) -> Need {
    let detail = alert.detail.iter().chain(&alert.next_step).map(|text| text.trim_end_matches('.').to_owned());
    let detail = detail.collect::<Vec<_>>().join(". ");
    Need {
        level: alert.level,
        mark: if alert.level == Level::Bad { "failing" } else { "behind" }.to_owned(),
        sentence: alert.sentence.trim_end_matches('.').to_owned(),
        detail: if detail.is_empty() { String::new() } else { format!("{detail}.") },
        figure: None,
        figure_note: None,
        spark: Vec::new(),
        actions: vec![action("Open", alert.href.clone()), action("See alerts", "/alerts".to_owned())],
    }
}

#[cfg(test)]
mod tests {
    use tapline_api::Labels;

    use super::*;
    use crate::overview::facts::tests::facts;

    fn alert(group: &str, level: Level) -> Alert {
        Alert {
            level,
            sentence: format!("Behind: `{group}` (90)"),
            detail: Some("90 unread".to_owned()),
            labels: Labels::from([("group".to_owned(), group.to_owned())]),
            href: format!("/consumers?source=shop&group={group}"),
            ..Alert::default()
        }
    }

    #[test]
    fn what_another_sentence_tells_is_not_told_twice() {
        let mut facts = facts();
        facts.alerts = vec![alert("billing", Level::Bad), alert("shipping", Level::Warn), alert("x", Level::Mute)];
        let told = Need { sentence: "`billing` stands still".to_owned(), ..need(&alert("other", Level::Bad)) };
        let found = needs(&facts, &[told]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].sentence.as_str(), found[0].detail.as_str()), ("Behind: `shipping` (90)", "90 unread."));
        assert_eq!(needs(&facts, &[]).len(), 2, "what is for information needs nobody");
        facts.to = facts.now - 3_600_000_000;
        assert!(needs(&facts, &[]).is_empty());
    }
}
