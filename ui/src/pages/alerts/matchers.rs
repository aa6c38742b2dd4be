//! Matchers of a silence: those of one alert or of all alerts of a rule, and how they are shown. Pure.

use tapline_api::Alert;

/// The label that carries the name of a rule.
const NAME: &str = "alertname";

/// Those that only this alert meets: its rule, and each of its labels.
pub(super) fn of_alert(alert: &Alert) -> Vec<String> {
    let labels = alert.labels.iter().filter(|(name, _)| name.as_str() != NAME);
    of_rule(&alert.rule).into_iter().chain(labels.map(|(name, value)| equal(name, value))).collect()
}

/// The one that all alerts of a rule meet.
pub(super) fn of_rule(name: &str) -> Vec<String> {
    vec![equal(NAME, name)]
}

/// A string of PromQL: a quote in it is written as such.
fn equal(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

/// What a line of its list begins with, and what else it asks: the rule where it names one, else its first matcher.
pub(super) fn shown(matchers: &[String]) -> (String, String) {
    let named = matchers.iter().position(|matcher| rule(matcher).is_some()).unwrap_or(0);
    let head = matchers.get(named).map(|matcher| rule(matcher).unwrap_or_else(|| matcher.clone()));
    let rest = matchers.iter().enumerate().filter(|(at, _)| *at != named).map(|(_, matcher)| matcher.as_str());
    (head.unwrap_or_else(|| "Every alert".to_owned()), rest.collect::<Vec<_>>().join(", "))
}

/// The rule that a matcher names.
fn rule(matcher: &str) -> Option<String> {
    let value = matcher.trim().strip_prefix(NAME)?.trim_start().strip_prefix('=')?.trim_start();
    let value = value.strip_prefix('"')?.strip_suffix('"')?;
    Some(value.replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// One a line, as they are typed.
pub(super) fn read(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> tapline_api::Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_alert_is_matched_by_its_rule_and_each_of_its_labels() {
        let labels = labels(&[("alertname", "Elsewhere"), ("group", "billing"), ("source", "shop")]);
        let alert = Alert { rule: "GroupStandsStill".to_owned(), labels, ..Alert::default() };
        let want = [r#"alertname="GroupStandsStill""#, r#"group="billing""#, r#"source="shop""#];
        assert_eq!(of_alert(&alert), want);
    }

    #[test]
    fn values_are_quoted_as_strings_of_promql() {
        let alert = Alert { rule: "A".to_owned(), labels: labels(&[("path", "a\\b \"c\"\nd")]), ..Alert::default() };
        assert_eq!(of_alert(&alert)[1], r#"path="a\\b \"c\"\nd""#);
    }

    #[test]
    fn a_silence_is_shown_by_its_rule() {
        let matchers = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let one = matchers(&[r#"group=~"bill.*""#, r#"alertname="Group \"stands\" still""#]);
        assert_eq!(shown(&one), (r#"Group "stands" still"#.to_owned(), r#"group=~"bill.*""#.to_owned()));
        let other = matchers(&[r#"severity!="critical""#, r#"alertname=~"Dead.*""#]);
        assert_eq!(shown(&other), (r#"severity!="critical""#.to_owned(), r#"alertname=~"Dead.*""#.to_owned()));
        assert_eq!(shown(&[]).0, "Every alert");
    }

    #[test]
    fn typed_matchers_stand_one_a_line() {
        assert_eq!(read(" a=\"b\"\n\n c=\"d\" \n"), [r#"a="b""#, r#"c="d""#]);
    }
}
