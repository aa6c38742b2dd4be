//! The rules in force: those of the configuration file, those written on the page, and those that came with Tapline. Of one
//! name the first of these counts.

use std::collections::{BTreeMap, BTreeSet};

use tapline_api::{AlertRule, RuleOrigin};
use tapline_state::AlertRuleRecord;

use crate::condition;
use crate::rule::{Rule, RuleError};

/// Rules that people write.
pub(crate) const MOST: usize = 500;

/// A rule as it stands in force.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) written: AlertRule,
    pub(crate) origin: RuleOrigin,
    /// Who wrote it here.
    pub(crate) who: Option<String>,
    /// What is wrong with one that was right when it was written: a channel may be gone.
    pub(crate) read: Result<Rule, RuleError>,
    /// What of it does not count any more.
    pub(crate) problem: Option<String>,
}

/// All of them, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules(pub(crate) BTreeMap<String, Entry>);

/// Names that rules may use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) metrics: BTreeSet<&'static str>,
    pub(crate) channels: BTreeSet<String>,
}

impl Known {
    pub(crate) fn read(&self, name: &str, rule: &AlertRule) -> Result<Rule, RuleError> {
        let channels = self.channels.iter().map(String::as_str).collect();
        Rule::read(name, rule, &self.metrics, &channels)
    }
}

impl Known {
    /// The rule with the channels that are there; all of them if none is left.
    fn without_gone(&self, rule: &AlertRule) -> AlertRule {
        let mut left = rule.channels.clone().unwrap_or_default();
        left.retain(|name| self.channels.contains(name));
        AlertRule { channels: Some(left).filter(|left| !left.is_empty()), ..rule.clone() }
    }
}

impl Rules {
    pub(crate) fn new(
        file: &BTreeMap<String, AlertRule>,
        page: Vec<AlertRuleRecord>,
        with_defaults: bool,
        known: &Known,
    ) -> Self {
        let mut all = BTreeMap::new();
        let mut put = |name: String, written: AlertRule, origin, who| {
            let read = known.read(&name, &written);
            let problem = read.as_ref().err().map(ToString::to_string);
            // A channel that is gone must not silence the rule.
            let read = match read {
                Err(RuleError::Channel { .. }) => known.read(&name, &known.without_gone(&written)),
                read => read,
            };
            all.insert(name, Entry { written, origin, who, read, problem });
        };
        for (name, rule) in condition::defaults().filter(|_| with_defaults) {
            put(name, rule, RuleOrigin::Default, None);
        }
        for record in page {
            put(record.name, record.rule, RuleOrigin::Page, Some(record.who));
        }
        for (name, rule) in file {
            put(name.clone(), rule.clone(), RuleOrigin::File, None);
        }
        Self(all)
    }

    /// Those that are asked.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &Rule> {
        self.0.values().filter_map(|entry| entry.read.as_ref().ok()).filter(|rule| rule.enabled)
    }
}

/// Whether a rule of this name came with Tapline.
pub(crate) fn is_default(name: &str) -> bool {
    condition::defaults().any(|(known, _)| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::CONDITIONS;

    /// All names that conditions use, as `/metrics` has them: a test of the server holds them against it.
    pub(crate) const METRICS: [&str; 19] = [
        "kafka_consumergroup_group_sum_lag",
        "tapline_group_state",
        "tapline_group_retention_margin_seconds",
        "tapline_group_drain_seconds",
        "tapline_dead_letters_total",
        "tapline_dead_letters_oldest_seconds",
        "tapline_dead_letter_cause_age_seconds",
        "tapline_destination_silence_seconds",
        "tapline_destination_usual_pause_seconds",
        "tapline_source_up",
        "tapline_source_lag_events",
        "tapline_source_rate",
        "tapline_paused",
        "tapline_write_fault",
        "tapline_expired_offsets_total",
        "tapline_archive_damaged_files",
        "kafka_consumergroup_group_lag_seconds",
        "kafka_consumergroup_group_max_lag_seconds",
        "tapline_disk_free_bytes",
    ];

    fn known() -> Known {
        Known { metrics: METRICS.into_iter().collect(), channels: BTreeSet::new() }
    }

    #[test]
    fn rules_that_came_with_tapline_can_be_read_and_each_condition_has_one() {
        let rules = Rules::new(&BTreeMap::new(), Vec::new(), true, &known());
        for (name, entry) in &rules.0 {
            let rule = entry.read.as_ref().unwrap_or_else(|error| panic!("{name}: {error}"));
            let (summary, next_step) = rule.words(&tapline_api::Labels::new(), 3.0);
            assert!(!summary.contains("{{") && next_step.is_some(), "{name}: {summary}");
        }
        let used: BTreeSet<&str> = rules.0.values().filter_map(|entry| entry.written.condition.as_deref()).collect();
        assert_eq!(used, CONDITIONS.iter().map(|condition| condition.name).collect());
    }

    #[test]
    fn the_file_counts_before_the_page_and_the_page_before_what_came_with_it() {
        let resting = AlertRule { enabled: false, condition: Some("new_cause".to_owned()), ..AlertRule::default() };
        let record = |name: &str| AlertRuleRecord {
            name: name.to_owned(),
            rule: resting.clone(),
            who: "mara".to_owned(),
            at: 1,
        };
        let file = BTreeMap::from([("SourceIsDown".to_owned(), resting.clone())]);
        let rules = Rules::new(&file, vec![record("SourceIsDown"), record("TapIsBehind")], true, &known());
        let origin = |name: &str| rules.0[name].origin;
        assert_eq!(origin("SourceIsDown"), RuleOrigin::File);
        assert_eq!(origin("TapIsBehind"), RuleOrigin::Page);
        assert_eq!(origin("DataIsDamaged"), RuleOrigin::Default);
        assert_eq!(rules.asked().count(), rules.0.len() - 2);
        assert_eq!(Rules::new(&file, Vec::new(), false, &known()).0.len(), 1);
    }

    #[test]
    fn a_channel_that_is_gone_does_not_silence_a_rule() {
        let rule = AlertRule {
            condition: Some("new_cause".to_owned()),
            channels: Some(vec!["gone".to_owned()]),
            enabled: true,
            ..AlertRule::default()
        };
        let record = AlertRuleRecord { name: "Mine".to_owned(), rule, who: "mara".to_owned(), at: 1 };
        let rules = Rules::new(&BTreeMap::new(), vec![record], false, &known());
        assert_eq!(rules.asked().next().and_then(|rule| rule.channels.clone()), None);
        assert!(rules.0["Mine"].problem.as_ref().is_some_and(|why| why.contains("no channel `gone`")));
    }
}
