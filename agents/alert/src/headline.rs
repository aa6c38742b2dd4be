//! What fires, and whether it has one cause, in a sentence; and how channels do.

use tapline_api::{Alert, AlertState, Channel, Level, thousands};
use tapline_model::time;

use crate::alerts::Inner;

/// The sentence, and what else is to be known.
pub(crate) fn headline(alerts: &[Alert], channels: &[Channel]) -> (String, Option<String>) {
    let firing: Vec<&Alert> = alerts.iter().filter(|it| it.state == AlertState::Firing && it.muted.is_none()).collect();
    let sentence = match firing.as_slice() {
        [] => "No alert fires.".to_owned(),
        [one] => format!("One alert fires: {}.", trimmed(&one.sentence)),
        [worst, ..] => {
            let count = number(firing.len());
            match shared(&firing) {
                Some(thing) => format!("{count} alerts fire, all about {thing}: {}.", trimmed(&worst.sentence)),
                None => format!("{count} alerts fire, the worst: {}.", trimmed(&worst.sentence)),
            }
        }
    };
    let parts = [muted(alerts), pending(alerts), Some(told(channels))];
    (sentence, Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" ")))
}

/// What all of them name.
fn shared(firing: &[&Alert]) -> Option<String> {
    let same = |name: &str| {
        let first = firing.first()?.labels.get(name)?;
        firing.iter().all(|alert| alert.labels.get(name) == Some(first)).then(|| format!("`{first}`"))
    };
    ["group", "destination", "source"].into_iter().find_map(same)
}

fn muted(alerts: &[Alert]) -> Option<String> {
    let count = alerts.iter().filter(|it| it.state == AlertState::Firing && it.muted.is_some()).count();
    match count {
        0 => None,
        1 => Some("One more fires that nobody is told of.".to_owned()),
        _ => Some(format!("{} more fire that nobody is told of.", number(count))),
    }
}

fn pending(alerts: &[Alert]) -> Option<String> {
    match alerts.iter().filter(|it| it.state == AlertState::Pending).count() {
        0 => None,
        1 => Some("One may fire soon.".to_owned()),
        count => Some(format!("{} may fire soon.", number(count))),
    }
}

fn told(channels: &[Channel]) -> String {
    let failing: Vec<&str> =
        channels.iter().filter(|it| it.problem.is_some()).map(|channel| channel.name.as_str()).collect();
    match (channels.len(), failing.as_slice()) {
        (0, _) => "No channel is configured: alerts are shown here and told nobody.".to_owned(),
        (1, []) => "The channel takes messages.".to_owned(),
        (count, []) => format!("All {} channels take messages.", number(count).to_lowercase()),
        (_, [one]) => format!("Channel `{one}` does not take messages."),
        (_, many) => format!("{} channels do not take messages.", number(many.len())),
    }
}

/// As words where they are short, at the begin of a sentence.
fn number(count: usize) -> String {
    const WORDS: [&str; 10] = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
    WORDS.get(count).map_or_else(|| thousands(count as u64), |word| (*word).to_owned())
}

fn trimmed(sentence: &str) -> &str {
    sentence.trim_end_matches('.')
}

impl Inner {
    /// A channel with how it does.
    pub(crate) fn channel(&self, channel: &crate::channel::Channel) -> Channel {
        let health = self.outbox.health(&channel.name);
        let level = match (&health.problem, health.waiting, health.taken_at) {
            (Some(_), ..) => Level::Bad,
            (None, 10.., _) => Level::Warn,
            (None, _, None) => Level::Mute,
            _ => Level::Ok,
        };
        Channel {
            name: channel.name.clone(),
            kind: channel.kind.as_str().to_owned(),
            target: channel.target(),
            level,
            told_at: health.taken_at.map(time::format),
            problem: health.problem,
            waiting: health.waiting,
            undelivered: usize::try_from(health.given_up).unwrap_or(usize::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tapline_api::{Labels, Muted};

    fn alert(group: &str, sentence: &str) -> Alert {
        let labels = Labels::from([("group".to_owned(), group.to_owned())]);
        Alert { state: AlertState::Firing, sentence: sentence.to_owned(), labels, ..Alert::default() }
    }

    #[test]
    fn alerts_of_one_thing_are_told_as_one() {
        let one = alert("billing", "`billing` stands still.");
        let channel = Channel { name: "oncall".to_owned(), ..Channel::default() };
        let said = |alerts: &[Alert]| headline(alerts, std::slice::from_ref(&channel));
        assert_eq!(said(&[]).0, "No alert fires.");
        assert_eq!(said(&[]).1.as_deref(), Some("The channel takes messages."));
        assert_eq!(
            said(std::slice::from_ref(&one)),
            ("One alert fires: `billing` stands still.".to_owned(), said(&[]).1)
        );
        let two = [one.clone(), alert("billing", "it loses events")];
        assert_eq!(said(&two).0, "Two alerts fire, all about `billing`: `billing` stands still.");
        let apart = [one.clone(), alert("shipping", "x")];
        assert_eq!(said(&apart).0, "Two alerts fire, the worst: `billing` stands still.");
        let quiet = Alert { muted: Some(Muted::Silence { id: "s-1".to_owned() }), ..one.clone() };
        assert!(said(&[one, quiet]).1.unwrap().starts_with("One more fires that nobody is told of. The channel"));
        assert!(headline(&[], &[]).1.unwrap().starts_with("No channel is configured"));
    }
}
