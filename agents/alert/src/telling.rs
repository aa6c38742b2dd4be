//! Who is told what, and when: alerts that begin or end near to each other are told together.
//!
//! Decides by how alerts stand, not by what just happened to them, so that nothing is forgotten when deciding or writing
//! fails: who was not told yet is told at the next look. Sending is `courier`'s.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tapline_api::Labels;
use tapline_state::{AlertRecord, MessageRecord};
use uuid::Uuid;

use crate::board::{Alive, Board};
use crate::channel::Channel;
use crate::payload::Told;
use crate::rule::Rule;

/// How alerts are told together, in Alertmanager's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Labels whose alerts are told apart; none tells all together.
    pub by: Vec<String>,
    /// How long others are waited for before the first is told.
    pub wait: Duration,
    /// Between two messages about one group.
    pub interval: Duration,
    /// After which it is told again what still fires.
    pub repeat: Duration,
}

impl Default for Grouping {
    fn default() -> Self {
        Self {
            by: Vec::new(),
            wait: Duration::from_secs(10),
            interval: Duration::from_secs(60),
            repeat: Duration::from_secs(4 * 3_600),
        }
    }
}

/// Decides who is told.
#[derive(Debug)]
pub(crate) struct Telling {
    grouping: Grouping,
    /// Where the page is: `https://tapline.example.com`.
    page: String,
    /// When a channel was told of a group last, microseconds.
    last: HashMap<(String, Labels), i64>,
}

/// What of an alert a channel does not know.
struct News {
    fingerprint: String,
    is_over: bool,
    /// When that came to be, microseconds.
    since: i64,
    told: Told,
}

impl Telling {
    pub(crate) fn new(grouping: Grouping, page: String) -> Self {
        Self { grouping, page, last: HashMap::new() }
    }

    /// Messages that are due; the board then says that they were told.
    pub(crate) fn messages(
        &mut self,
        board: &mut Board,
        rules: &BTreeMap<String, &Rule>,
        channels: &[Channel],
        at: i64,
    ) -> Vec<MessageRecord> {
        let mut messages = Vec::new();
        for channel in channels {
            for (group, news) in self.news(board, rules, channel, at) {
                if !self.is_due(channel, &group, &news, at) {
                    continue;
                }
                self.last.insert((channel.name.clone(), group), at);
                // What one receiver takes for a message each must fail alone.
                let together = if channel.is_told_apart() { 1 } else { news.len() };
                messages.extend(news.chunks(together.max(1)).map(|news| message(channel, news, at)));
                news.iter().for_each(|news| mark(board, channel, news, at));
            }
        }
        forget_channels(board, channels);
        self.last.retain(|_, last| *last > at - micros(self.grouping.interval));
        messages
    }

    fn news(
        &self,
        board: &Board,
        rules: &BTreeMap<String, &Rule>,
        channel: &Channel,
        at: i64,
    ) -> BTreeMap<Labels, Vec<News>> {
        let mut groups = BTreeMap::<Labels, Vec<News>>::new();
        let repeat = micros(self.grouping.repeat);
        // An end comes before the next begin of the same.
        for record in board.over.iter().filter(|record| record.owed.contains(&channel.name)) {
            let since = record.resolved_at.unwrap_or(at);
            groups.entry(self.group(&record.labels)).or_default().push(self.one(record, since));
        }
        for alive in board.alive.values().filter(|alive| is_for(alive, rules, channel)) {
            let since = match alive.record.told.get(&channel.name) {
                None => alive.record.fired_at.unwrap_or(at),
                // Who is told each minute anyway needs no repetition.
                Some(last) if !channel.renews() && at - last >= repeat => i64::MIN,
                Some(_) => continue,
            };
            groups.entry(self.group(&alive.record.labels)).or_default().push(self.one(&alive.record, since));
        }
        groups
    }

    fn one(&self, record: &AlertRecord, since: i64) -> News {
        let is_over = record.resolved_at.is_some();
        News { fingerprint: record.fingerprint.clone(), is_over, since, told: told(record, &self.page) }
    }

    fn group(&self, labels: &Labels) -> Labels {
        let of = |name: &String| Some((name.clone(), labels.get(name)?.clone()));
        self.grouping.by.iter().filter_map(of).collect()
    }

    fn is_due(&self, channel: &Channel, group: &Labels, news: &[News], at: i64) -> bool {
        let first = news.iter().map(|it| it.since).min().unwrap_or(at);
        let last = self.last.get(&(channel.name.clone(), group.clone()));
        first <= at.saturating_sub(micros(self.grouping.wait))
            && last.is_none_or(|last| *last <= at - micros(self.grouping.interval))
    }
}

/// Whether a channel is to hear of an alert.
pub(crate) fn is_for(alive: &Alive, rules: &BTreeMap<String, &Rule>, channel: &Channel) -> bool {
    let chosen = rules.get(&alive.record.rule).and_then(|rule| rule.channels.as_ref());
    alive.is_firing()
        && alive.muted.is_none()
        && chosen.is_none_or(|names| names.contains(&channel.name))
        && channel.wants(&alive.record.labels)
}

fn message(channel: &Channel, news: &[News], at: i64) -> MessageRecord {
    // A value of ours, which is always JSON.
    let told = serde_json::to_value(news.iter().map(|it| &it.told).collect::<Vec<_>>()).unwrap_or_default();
    MessageRecord::new(&format!("msg_{}", Uuid::now_v7().simple()), &channel.name, told, at)
}

/// An alert as channels tell it.
pub(crate) fn told(record: &AlertRecord, page: &str) -> Told {
    let mut labels = record.labels.clone();
    labels.remove("alertname");
    Told {
        rule: record.rule.clone(),
        labels,
        annotations: record.annotations.clone(),
        since: record.fired_at.unwrap_or(record.active_at),
        until: record.resolved_at,
        value: Some(record.value).filter(|value| value.is_finite()),
        link: format!("{page}{}", if record.href.is_empty() { "/alerts" } else { &record.href }),
        fingerprint: record.fingerprint.clone(),
    }
}

fn mark(board: &mut Board, channel: &Channel, news: &News, at: i64) {
    if news.is_over {
        let mut over = std::mem::take(&mut board.over);
        for record in over.iter_mut().filter(|record| record.fingerprint == news.fingerprint) {
            record.owed.remove(&channel.name);
            board.touch(record);
        }
        board.over = over;
    } else if let Some(alive) = board.alive.get_mut(&news.fingerprint) {
        alive.record.told.insert(channel.name.clone(), at);
        let record = alive.record.clone();
        board.touch(&record);
    }
}

/// A channel that is not there any more is owed nothing.
fn forget_channels(board: &mut Board, channels: &[Channel]) {
    let mut over = std::mem::take(&mut board.over);
    for record in &mut over {
        let known = |name: &String| channels.iter().any(|channel| channel.name == *name);
        let owed = record.owed.len();
        record.owed.retain(known);
        if record.owed.len() != owed {
            board.touch(record);
        }
    }
    board.over = over;
    board.settle();
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::{World, board, late};
    use crate::channel::ChannelOptions;

    const SECOND: i64 = 1_000_000;

    fn channel(name: &str, matchers: &[&str]) -> Channel {
        let matchers = matchers.iter().map(|text| (*text).to_owned()).collect();
        let options =
            ChannelOptions { url: Some("https://example.com/hook".to_owned()), matchers, ..ChannelOptions::default() };
        Channel::new(name, &options).unwrap()
    }

    fn telling(by: &[&str]) -> Telling {
        let by = by.iter().map(|name| (*name).to_owned()).collect();
        Telling::new(Grouping { by, ..Grouping::default() }, "https://tapline".to_owned())
    }

    fn said(messages: &[MessageRecord]) -> Vec<(String, usize)> {
        messages.iter().map(|it| (it.channel.clone(), it.told.as_array().unwrap().len())).collect()
    }

    #[test]
    fn what_begins_together_is_told_together_once() {
        let mut board = board(&World::of(&[("billing", 9.0), ("shipping", 9.0)]), 0);
        let (channels, rules) = ([channel("oncall", &[])], BTreeMap::new());
        let mut telling = telling(&[]);
        assert_eq!(said(&telling.messages(&mut board, &rules, &channels, 9 * SECOND)), [], "others are waited for");
        let messages = telling.messages(&mut board, &rules, &channels, 10 * SECOND);
        assert_eq!(said(&messages), [("oncall".to_owned(), 2)]);
        assert_eq!(messages[0].told[0]["link"], "https://tapline/consumers");
        assert_eq!(said(&telling.messages(&mut board, &rules, &channels, 90 * SECOND)), []);
        let again = telling.messages(&mut board, &rules, &channels, (4 * 3_600 + 10) * SECOND);
        assert_eq!(said(&again), [("oncall".to_owned(), 2)], "what still fires is told again");
    }

    #[test]
    fn each_group_is_a_message_of_its_own_and_each_channel_hears_what_it_wants() {
        let mut board = board(&World::of(&[("billing", 9.0), ("shipping", 9.0)]), 0);
        let channels = [channel("billing", &["group=\"billing\""]), channel("oncall", &[])];
        let messages = telling(&["group"]).messages(&mut board, &BTreeMap::new(), &channels, 10 * SECOND);
        let expected = [("billing", 1), ("oncall", 1), ("oncall", 1)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(said(&messages), expected);
    }

    #[test]
    fn the_end_is_told_to_whom_the_begin_was() {
        let mut board = board(&World::of(&[("billing", 9.0)]), 0);
        let (channels, rules) = ([channel("oncall", &[])], BTreeMap::new());
        let mut telling = telling(&[]);
        telling.messages(&mut board, &rules, &channels, 10 * SECOND);
        late(&mut board, &World::of(&[]), 40 * SECOND);
        assert_eq!(said(&telling.messages(&mut board, &rules, &channels, 55 * SECOND)), [], "a minute lies between");
        let messages = telling.messages(&mut board, &rules, &channels, 70 * SECOND);
        assert_eq!(messages[0].told[0]["until"], 40 * SECOND);
        assert!(board.over.is_empty());
    }

    #[test]
    fn what_is_muted_is_told_once_it_is_not() {
        let mut board = board(&World::of(&[("billing", 9.0)]), 0);
        let (channels, rules) = ([channel("oncall", &[])], BTreeMap::new());
        let mut telling = telling(&[]);
        let quiet = Some(tapline_api::Muted::Silence { id: "s-1".to_owned() });
        board.alive.values_mut().for_each(|alive| alive.muted.clone_from(&quiet));
        assert_eq!(said(&telling.messages(&mut board, &rules, &channels, 60 * SECOND)), []);
        board.alive.values_mut().for_each(|alive| alive.muted = None);
        assert_eq!(said(&telling.messages(&mut board, &rules, &channels, 61 * SECOND)), [("oncall".to_owned(), 1)]);
    }

    #[test]
    fn a_group_that_never_catches_up_is_told_though_json_has_no_infinity() {
        let mut board = board(&World::of(&[("billing", f64::INFINITY), ("shipping", 9.0)]), 0);
        let messages = telling(&[]).messages(&mut board, &BTreeMap::new(), &[channel("oncall", &[])], 10 * SECOND);
        let told: Vec<Told> = serde_json::from_value(messages[0].told.clone()).unwrap();
        assert_eq!(told.iter().filter_map(|told| told.value).collect::<Vec<_>>(), [9.0]);
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn an_end_is_told_before_the_next_begin_of_the_same() {
        let mut board = board(&World::of(&[("billing", 9.0)]), 0);
        let (channels, rules) = ([channel("oncall", &[])], BTreeMap::new());
        let mut telling = telling(&[]);
        telling.messages(&mut board, &rules, &channels, 10 * SECOND);
        late(&mut board, &World::of(&[]), 20 * SECOND);
        late(&mut board, &World::of(&[("billing", 9.0)]), 40 * SECOND);
        let messages = telling.messages(&mut board, &rules, &channels, 80 * SECOND);
        let told: Vec<Told> = serde_json::from_value(messages[0].told.clone()).unwrap();
        assert_eq!(told.iter().map(|told| told.until).collect::<Vec<_>>(), [Some(20 * SECOND), None]);
    }

    #[test]
    fn what_pagerduty_refuses_of_one_alert_is_no_other_s_loss() {
        let mut board = board(&World::of(&[("billing", 9.0), ("shipping", 9.0)]), 0);
        let options = ChannelOptions {
            kind: crate::channel::ChannelKind::PagerDuty,
            routing_key: Some("key".to_owned()),
            ..ChannelOptions::default()
        };
        let channels = [Channel::new("pager", &options).unwrap()];
        let messages = telling(&[]).messages(&mut board, &BTreeMap::new(), &channels, 10 * SECOND);
        assert_eq!(said(&messages), [("pager".to_owned(), 1), ("pager".to_owned(), 1)]);
    }
}
