//! Who is not told of: silences, and alerts that come with a worse one of the same thing.

use tapline_api::{Labels, Muted};
use tapline_state::SilenceRecord;

use crate::board::Board;
use crate::matching::{MatcherError, Matching};

/// While an alert fires that meets `source`, those that meet `target` are not told, if both are of the same thing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inhibition {
    /// The worse one.
    pub source: Matching,
    /// Those that are not told.
    pub target: Matching,
    /// Labels that are the same on both; at least one of them is there.
    pub equal: Vec<String>,
}

impl Inhibition {
    /// Reads it.
    ///
    /// # Errors
    /// When a matcher cannot be read, or there are none.
    pub fn parse(source: &[String], target: &[String], equal: &[String]) -> Result<Self, MatcherError> {
        Ok(Self { source: Matching::parse(source)?, target: Matching::parse(target)?, equal: equal.to_vec() })
    }

    fn worse<'a>(&self, firing: &'a [Firing]) -> Vec<&'a Firing> {
        firing.iter().filter(|(_, _, labels)| self.source.matches(labels)).collect()
    }

    fn holds(&self, worse: &Labels, other: &Labels) -> bool {
        let same = |name: &String| worse.get(name) == other.get(name);
        self.equal.iter().all(same) && self.equal.iter().any(|name| worse.contains_key(name))
    }
}

/// A silence that was read.
#[derive(Debug, Clone)]
pub(crate) struct Silenced {
    pub(crate) record: SilenceRecord,
    matching: Matching,
}

impl Silenced {
    /// `None` for one that cannot be read: an older or newer Tapline wrote it.
    pub(crate) fn read(record: SilenceRecord) -> Option<Self> {
        let matching = Matching::parse(&record.matchers).ok()?;
        Some(Self { record, matching })
    }

    pub(crate) fn id(&self) -> String {
        format!("s-{}", self.record.number)
    }

    fn mutes(&self, labels: &Labels, at: i64) -> bool {
        (self.record.starts_at..self.record.ends_at).contains(&at) && self.matching.matches(labels)
    }
}

/// Fingerprint, rule and labels.
type Firing = (String, String, Labels);

/// Says of each alert that fires whether it is told.
pub(crate) fn mute(board: &mut Board, silences: &[Silenced], inhibitions: &[Inhibition], at: i64) {
    let firing: Vec<Firing> = board
        .alive
        .values()
        .filter(|alive| alive.is_firing())
        .map(|alive| (alive.record.fingerprint.clone(), alive.record.rule.clone(), alive.record.labels.clone()))
        .collect();
    let worse: Vec<Vec<&Firing>> = inhibitions.iter().map(|rule| rule.worse(&firing)).collect();
    for (fingerprint, alive) in &mut board.alive {
        let labels = &alive.record.labels;
        let silence = silences.iter().find(|silence| silence.mutes(labels, at));
        let silence = silence.map(|silence| Muted::Silence { id: silence.id() });
        alive.muted = silence.or_else(|| {
            let mut by = inhibitions.iter().zip(&worse).filter(|(rule, _)| rule.target.matches(labels));
            by.find_map(|(rule, worse)| {
                // Of two that are both, neither is the worse one.
                let both = rule.source.matches(labels);
                let is_worse = |its: &Labels| !(both && rule.target.matches(its)) && rule.holds(its, labels);
                let one = worse.iter().find(|(other, _, its)| other != fingerprint && is_worse(its))?;
                Some(Muted::Alert { rule: one.1.clone() })
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::{World, board};

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn silence(matchers: &[&str]) -> Silenced {
        let matchers = texts(matchers);
        let (reason, who) = ("deployment".to_owned(), "mara".to_owned());
        Silenced::read(SilenceRecord { number: 4, matchers, starts_at: 100, ends_at: 200, reason, who }).unwrap()
    }

    fn muted(board: &Board, group: &str) -> Option<Muted> {
        board.alive.values().find(|alive| alive.record.labels["group"] == group).unwrap().muted.clone()
    }

    #[test]
    fn a_silence_mutes_what_it_means_while_it_lasts() {
        let mut board = board(&World::of(&[("billing", 9.0), ("shipping", 9.0)]), 0);
        let silences = [silence(&["group=\"billing\""])];
        mute(&mut board, &silences, &[], 150);
        assert_eq!(muted(&board, "billing"), Some(Muted::Silence { id: "s-4".to_owned() }));
        assert_eq!(muted(&board, "shipping"), None);
        for outside in [99, 200] {
            mute(&mut board, &silences, &[], outside);
            assert_eq!(muted(&board, "billing"), None);
        }
    }

    #[test]
    fn an_alert_is_not_told_beside_a_worse_one_of_the_same_thing() {
        let mut board = board(&World::of(&[("billing", 9.0), ("shipping", 9.0)]), 0);
        // A second rule found the same, and is worse.
        let mut worse = board.alive.values().find(|it| it.record.labels["group"] == "billing").unwrap().clone();
        worse.record.fingerprint = "worse".to_owned();
        worse.record.rule = "GroupStandsStill".to_owned();
        worse.record.labels.insert("severity".to_owned(), "critical".to_owned());
        board.alive.insert("worse".to_owned(), worse);
        let (source, target) = (texts(&["severity=\"critical\""]), texts(&["severity=\"warning\""]));
        let rule = Inhibition::parse(&source, &target, &texts(&["source", "group"])).unwrap();
        mute(&mut board, &[], &[rule], 0);
        let by: Vec<Option<Muted>> = board.alive.values().map(|it| it.muted.clone()).collect();
        assert_eq!(by.iter().flatten().collect::<Vec<_>>(), [&Muted::Alert { rule: "GroupStandsStill".to_owned() }]);
        assert_eq!(muted(&board, "shipping"), None);
    }
}
