//! A rule as the fields of a form, and back: whatever the form does not show stays as it was. Pure.

use tapline_api::{AlertRule, Labels};

use super::{asks::Asks, lines};

/// The label and the annotations that have fields of their own.
const SEVERITY: &str = "severity";
const OWN: [&str; 4] = ["summary", "description", "next_step", "runbook_url"];

/// What stands in the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) asks: Asks,
    pub(super) condition: String,
    pub(super) expr: String,
    pub(super) sql: String,
    /// `for`.
    pub(super) hold: String,
    pub(super) keep: String,
    /// Empty where the rule does not say.
    pub(super) severity: String,
    /// The other labels, a line each.
    pub(super) labels: String,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) next_step: String,
    pub(super) runbook_url: String,
    /// The other annotations, a line each.
    pub(super) annotations: String,
    /// Only those in `channels` are told.
    pub(super) only_some: bool,
    pub(super) channels: Vec<String>,
    pub(super) enabled: bool,
}

impl Default for Draft {
    /// A rule that nobody wrote yet.
    fn default() -> Self {
        let severity = Labels::from([(SEVERITY.to_owned(), "warning".to_owned())]);
        let rule = AlertRule { labels: severity, hold: Some("5m".to_owned()), enabled: true, ..AlertRule::default() };
        Self::of("", &rule)
    }
}

impl Draft {
    /// The fields of a rule.
    pub(super) fn of(name: &str, rule: &AlertRule) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let note = |name: &str| rule.annotations.get(name).cloned().unwrap_or_default();
        let asks = match (&rule.expr, &rule.sql) {
            (Some(_), _) => Asks::Expr,
            (None, Some(_)) => Asks::Sql,
            (None, None) => Asks::Condition,
        };
        Self {
            name: name.to_owned(),
            asks,
            condition: text(&rule.condition),
            expr: text(&rule.expr),
            sql: text(&rule.sql),
            hold: text(&rule.hold),
            keep: text(&rule.keep_firing_for),
            severity: rule.labels.get(SEVERITY).cloned().unwrap_or_default(),
            labels: lines::written(&without(&rule.labels, &[SEVERITY])),
            summary: note(OWN[0]),
            description: note(OWN[1]),
            next_step: note(OWN[2]),
            runbook_url: note(OWN[3]),
            annotations: lines::written(&without(&rule.annotations, &OWN)),
            only_some: rule.channels.is_some(),
            channels: rule.channels.clone().unwrap_or_default(),
            enabled: rule.enabled,
        }
    }

    /// The rule that the fields make; an error is the sentence to show.
    pub(super) fn rule(&self) -> Result<AlertRule, String> {
        let (expr, condition, sql) = match self.asks {
            Asks::Expr => (Some(asked(&self.expr, "Write the expression that is asked.")?), None, None),
            Asks::Condition => (None, Some(asked(&self.condition, "Choose a condition.")?), None),
            Asks::Sql => (None, None, Some(asked(&self.sql, "Write the query that is asked.")?)),
        };
        let mut labels = lines::read(&self.labels)?;
        put(&mut labels, SEVERITY, &self.severity);
        let mut annotations = lines::read(&self.annotations)?;
        let notes = [&self.summary, &self.description, &self.next_step, &self.runbook_url];
        OWN.iter().zip(notes).for_each(|(name, text)| put(&mut annotations, name, text));
        Ok(AlertRule {
            expr,
            condition,
            sql,
            hold: filled(&self.hold),
            keep_firing_for: filled(&self.keep),
            labels,
            annotations,
            channels: self.only_some.then(|| self.channels.clone()),
            enabled: self.enabled,
        })
    }

    /// Puts another condition in place of the one that is asked; its matchers stay.
    pub(super) fn choose(&mut self, condition: &str) {
        self.condition = format!("{condition}{}", &self.condition[self.named().len()..]);
    }

    /// The name of the condition, without its matchers.
    pub(super) fn named(&self) -> &str {
        self.condition.split('{').next().unwrap_or_default()
    }

    /// Whether a channel is told, or not any more.
    pub(super) fn tell(&mut self, channel: &str, told: bool) {
        self.channels.retain(|name| name != channel);
        if told {
            self.channels.push(channel.to_owned());
        }
    }
}

fn without(labels: &Labels, names: &[&str]) -> Labels {
    let others = labels.iter().filter(|(name, _)| !names.contains(&name.as_str()));
    others.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A field of its own wins over a line of the same name, where it says something.
fn put(labels: &mut Labels, name: &str, text: &str) {
    if let Some(text) = filled(text) {
        labels.insert(name.to_owned(), text);
    }
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn asked(text: &str, missing: &str) -> Result<String, String> {
    filled(text).ok_or_else(|| missing.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels() -> impl Strategy<Value = Labels> {
        prop::collection::btree_map(r"[a-z_]{1,8}|severity|summary", r"[a-z {}$.\n\\]{0,8}[a-z]", 0..5)
    }

    prop_compose! {
        fn rule()(
            which in 0..3_u8,
            text in r"[a-z(){} \n]{0,12}[a-z]",
            hold in prop::option::of("[0-9]{1,2}[smh]"),
            keep in prop::option::of("[0-9]{1,2}[smh]"),
            labels in labels(),
            annotations in labels(),
            channels in prop::option::of(prop::collection::vec("[a-z#]{1,6}", 0..3)),
            enabled in any::<bool>(),
        ) -> AlertRule {
            let asked = |of| (which == of).then(|| text.trim().to_owned());
            let trimmed = |labels: Labels, own: &[&str]| -> Labels {
                let trim = |name: &str, value: String| if own.contains(&name) { value.trim().to_owned() } else { value };
                labels.into_iter().map(|(name, value)| { let value = trim(&name, value); (name, value) }).collect()
            };
            AlertRule {
                expr: asked(0),
                condition: asked(1),
                sql: asked(2),
                hold,
                keep_firing_for: keep,
                labels: trimmed(labels, &[SEVERITY]),
                annotations: trimmed(annotations, &OWN),
                channels,
                enabled,
            }
        }
    }

    proptest! {
        #[test]
        fn the_fields_of_a_rule_make_that_rule(rule in rule()) {
            prop_assert_eq!(Draft::of("A", &rule).rule(), Ok(rule));
        }
    }

    #[test]
    fn only_what_is_chosen_is_asked() {
        let draft = Draft { condition: "tap_falls_behind".to_owned(), expr: "up == 0".to_owned(), ..Draft::default() };
        let rule = draft.rule().unwrap();
        assert_eq!((rule.condition.as_deref(), rule.expr), (Some("tap_falls_behind"), None));
        let other = Draft { asks: Asks::Expr, ..draft }.rule().unwrap();
        assert_eq!((other.condition, other.expr.as_deref()), (None, Some("up == 0")));
    }

    #[test]
    fn a_new_rule_is_asked_and_warns_and_says_what_it_lacks() {
        assert_eq!(Draft::default().rule(), Err("Choose a condition.".to_owned()));
        let sql = Draft { asks: Asks::Sql, sql: " ".to_owned(), ..Draft::default() };
        assert_eq!(sql.rule(), Err("Write the query that is asked.".to_owned()));
        let rule = Draft { condition: "a".to_owned(), ..Draft::default() }.rule().unwrap();
        assert_eq!((rule.enabled, rule.labels[SEVERITY].as_str(), rule.hold.as_deref()), (true, "warning", Some("5m")));
        let line = Draft { labels: "team".to_owned(), condition: "a".to_owned(), ..Draft::default() };
        assert!(line.rule().is_err());
    }

    #[test]
    fn another_condition_keeps_the_matchers() {
        let mut draft = Draft { condition: r#"group_stands_still{group=~"bill.*"}"#.to_owned(), ..Draft::default() };
        assert_eq!(draft.named(), "group_stands_still");
        draft.choose("group_loses_data");
        assert_eq!(draft.condition, r#"group_loses_data{group=~"bill.*"}"#);
    }

    #[test]
    fn channels_are_told_once() {
        let mut draft = Draft::default();
        draft.tell("oncall", true);
        draft.tell("oncall", true);
        assert_eq!(draft.channels, ["oncall"]);
        draft.tell("oncall", false);
        assert!(draft.channels.is_empty());
    }
}
