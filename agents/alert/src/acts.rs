//! What people do: write rules, ask for quiet, try a channel.

use tapline_api::{AlertRule, AlertRuleView, ChannelTest, Labels, NewSilence, RuleOrigin, Silence};
use tapline_model::time;
use tapline_state::{AlertRuleRecord, SilenceRecord};
use uuid::Uuid;

use crate::alerts::Alerts;
use crate::channel::ChannelKind;
use crate::courier::call;
use crate::error::AlertError;
use crate::matching::Matching;
use crate::payload::Told;
use crate::{rules, show};

/// Longest silence, microseconds; and characters of its reason.
const LONGEST: i64 = 366 * 86_400 * 1_000_000;
const REASON: usize = 1_000;

impl Alerts {
    /// Writes a rule. One that came with Tapline is hidden by one of its name.
    ///
    /// # Errors
    /// When the rule cannot be read, or stands in the configuration file.
    pub fn put_rule(&self, name: &str, rule: AlertRule, who: &str) -> Result<AlertRuleView, AlertError> {
        self.0.known.read(name, &rule)?;
        let rules = self.0.rules();
        let before = rules.0.get(name);
        if before.is_some_and(|entry| entry.origin == RuleOrigin::File) {
            return Err(AlertError::InFile(name.to_owned()));
        }
        if before.is_none() && rules.0.len() >= rules::MOST {
            return Err(AlertError::TooMany(rules.0.len()));
        }
        let record = AlertRuleRecord { name: name.to_owned(), rule, who: who.to_owned(), at: time::now() };
        self.0.state.set_alert_rule(&record, before.map(|entry| &entry.written))?;
        self.0.read_rules()?;
        self.0.look_now();
        self.rule(name)
    }

    /// Deletes a rule that was written here; what came with Tapline under its name counts again.
    ///
    /// # Errors
    /// When there is none, or it stands in the configuration file.
    pub fn delete_rule(&self, name: &str, who: &str) -> Result<(), AlertError> {
        match self.0.rules().0.get(name).map(|entry| entry.origin) {
            Some(RuleOrigin::File) => return Err(AlertError::InFile(name.to_owned())),
            Some(RuleOrigin::Page) if self.0.state.delete_alert_rule(name, who)? => {}
            _ => return Err(show::no_rule(name)),
        }
        self.0.read_rules()?;
        self.0.look_now();
        Ok(())
    }

    /// Mutes what meets its matchers.
    ///
    /// # Errors
    /// When a matcher or a time cannot be read.
    pub fn silence(&self, new: &NewSilence, who: &str) -> Result<Silence, AlertError> {
        Matching::parse(&new.matchers)?;
        let now = time::now();
        let wrong = |what: &str| AlertError::Silence(what.to_owned());
        let length = time::parse_duration(&new.length).ok().filter(|length| (1..=LONGEST).contains(length));
        let length = length.ok_or_else(|| wrong("`for` is no duration up to 366d; write such as `2h`"))?;
        let from = new.from.as_deref().map(|text| time::parse(text, now)).transpose();
        let from = from.map_err(|_| wrong("`from` is no time; write such as `now` or 2026-11-21T03:00:00Z"))?;
        let reason = new.reason.trim();
        if reason.is_empty() || reason.len() > REASON {
            return Err(wrong("`reason` is missing or too long; say in a sentence why nobody is to be told"));
        }
        let starts_at = from.unwrap_or(now);
        let ends_at = starts_at.saturating_add(length);
        if ends_at <= now {
            return Err(wrong("the silence would be over already; write a later `from` or a longer `for`"));
        }
        let (matchers, reason, who) = (new.matchers.clone(), reason.to_owned(), who.to_owned());
        let record = SilenceRecord { number: 0, matchers, starts_at, ends_at, reason, who };
        let number = self.0.state.add_silence(&record)?;
        self.0.read_silences(now)?;
        self.0.mute(now);
        Ok(show::silence(&SilenceRecord { number, ..record }, 0))
    }

    /// Ends a silence.
    ///
    /// # Errors
    /// When there is none, or it is over.
    pub fn end_silence(&self, id: &str, who: &str) -> Result<(), AlertError> {
        let now = time::now();
        let none =
            || AlertError::NotFound { what: "silence", name: cut(id), see: "GET /api/v1/alerts lists those in force" };
        let number = id.strip_prefix("s-").and_then(|number| number.parse().ok()).ok_or_else(none)?;
        if !self.0.state.end_silence(number, who, now)? {
            return Err(none());
        }
        self.0.read_silences(now)?;
        self.0.mute(now);
        Ok(())
    }

    /// Sends a channel something that is no alert. Blocks until it answers.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn test_channel(&self, name: &str, who: &str) -> Result<ChannelTest, AlertError> {
        let channel = self.0.channels.iter().find(|channel| channel.name == name);
        let channel = channel.ok_or_else(|| AlertError::NotFound {
            what: "channel",
            name: cut(name),
            see: "GET /api/v1/alerts lists them",
        })?;
        let id = format!("test_{}", Uuid::now_v7().simple());
        let mut told = vec![self.example(who, &id)];
        // What is opened at a receiver that waits for its end is closed again.
        if channel.kind == ChannelKind::PagerDuty {
            told.push(Told { until: Some(told[0].since), ..told[0].clone() });
        }
        let sent = call(&self.0, channel, &id, &told);
        Ok(match sent {
            Ok(answer) if answer.is_empty() => ChannelTest { taken: true, answer: "taken".to_owned() },
            Ok(answer) => ChannelTest { taken: true, answer },
            Err(fault) => ChannelTest { taken: false, answer: fault.answer },
        })
    }

    fn example(&self, who: &str, id: &str) -> Told {
        let text = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        Told {
            rule: "TaplineTest".to_owned(),
            labels: Labels::from([text("severity", "info")]),
            annotations: Labels::from([
                text("summary", "Tapline can tell you here"),
                text("description", &format!("{who} tried this channel. Nothing is wrong.")),
            ]),
            since: time::now(),
            until: None,
            value: Some(1.0),
            link: format!("{}/alerts", self.0.page),
            fingerprint: id.to_owned(),
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
