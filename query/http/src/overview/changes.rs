//! Turning points in the range, newest first.

use std::collections::BTreeMap;

use tapline_api::{Change, GapReason};
use tapline_model::time;

use super::facts::{Activity, Facts};
use super::needs::is_growing;
use crate::href;
use crate::words::{counted, name};

/// Lines of the list.
const MOST: usize = 20;

/// Lines of one kind: types come from untrusted messages.
const MOST_OF_KIND: usize = 8;

pub(super) fn all(facts: &Facts) -> Vec<Change> {
    let mut changes = dead_letters(facts);
    changes.extend(destinations(facts));
    changes.extend(new_words(facts, &facts.types, "type", "New event type"));
    changes.extend(new_words(facts, &facts.producers, "producer", "New producer"));
    changes.extend(gaps(facts));
    changes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    changes.truncate(MOST);
    changes.into_iter().map(|(_, change)| change).collect()
}

type At = (i64, Change);

fn change(at: i64, mark: &str, sentence: String, href: String) -> At {
    (at, Change { at: time::format(at), mark: mark.to_owned(), sentence, href: Some(href) })
}

/// The first of a cause, and the last of one that has ended.
fn dead_letters(facts: &Facts) -> Vec<At> {
    let mut changes = Vec::new();
    for dead in facts.causes.iter().take(MOST_OF_KIND) {
        let (Some(first), Some(last)) = (dead.activity.first, dead.activity.last) else { continue };
        let what = dead.failure().noun();
        let link = |at: i64| {
            let (from, to) = (time::format(at - 60_000_000), time::format(at + 60_000_000));
            href::events(&[
                ("destination", &dead.sample.destination),
                ("dead_letter", "true"),
                ("from", &from),
                ("to", &to),
            ])
        };
        if first >= facts.from {
            changes.push(change(
                first,
                "dead_letter",
                format!("First dead letter in {}: {what}", name(&dead.sample.destination)),
                link(first),
            ));
        }
        if facts.is_live() && !is_growing(facts, dead) && last > first {
            changes.push(change(last, "ok", format!("No more dead letters: {what}"), link(last)));
        }
    }
    changes
}

/// Of a destination the archive knows the oldest row: new means new.
fn destinations(facts: &Facts) -> Vec<At> {
    let old = facts.known.iter().any(|known| first(facts, known.first.as_deref()).is_some_and(|at| at < facts.from));
    if !old {
        return Vec::new();
    }
    let fresh = facts.known.iter().filter_map(|known| {
        let at = first(facts, known.first.as_deref()).filter(|at| (facts.from..facts.axis.to()).contains(at))?;
        let sentence = match known.incarnation {
            1 => format!("New destination {}", name(&known.name)),
            _ => format!("{} was deleted and made anew", name(&known.name)),
        };
        Some(change(at, "new", sentence, href::events(&[("destination", &known.name)])))
    });
    fresh.take(MOST_OF_KIND).collect()
}

fn first(facts: &Facts, text: Option<&str>) -> Option<i64> {
    time::parse(text?, facts.now).ok()
}

/// Words that were not seen in the period before; a type that comes once a day is new to this view only, and the
/// sentence says so.
fn new_words(facts: &Facts, words: &BTreeMap<String, Activity>, parameter: &str, what: &str) -> Vec<At> {
    if !facts.has_past() {
        return Vec::new();
    }
    let fresh = words.iter().filter(|(_, activity)| activity.is_new());
    let mut fresh: Vec<(i64, &String)> = fresh.filter_map(|(word, activity)| Some((activity.first?, word))).collect();
    fresh.sort();
    let shown = fresh.into_iter().take(MOST_OF_KIND);
    shown
        .map(|(at, word)| {
            let sentence = format!("{what} {}, not seen in the period before", name(word));
            change(at, "new", sentence, href::events(&[(parameter, word)]))
        })
        .collect()
}

/// What clients are never given is mostly markers and aborted transactions: no news where transactions are used.
fn gaps(facts: &Facts) -> Vec<At> {
    let lost = facts.gaps.iter().filter(|gap| gap.reason != GapReason::NotDelivered);
    let seen = lost.filter_map(|gap| {
        let at = time::parse(&gap.seen_at, facts.now).ok().filter(|at| (facts.from..facts.axis.to()).contains(at))?;
        let offsets = counted(gap.to.abs_diff(gap.from), "offset");
        let sentence = format!("{offsets} of {}/{} will never be archived", name(&gap.destination), gap.partition);
        Some(change(at, "gap", sentence, "/system".to_owned()))
    });
    seen.take(MOST_OF_KIND).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overview::facts::tests::{MINUTE, active, dead, destination, facts};

    fn sentences(facts: &Facts) -> Vec<String> {
        all(facts).into_iter().map(|change| change.sentence).collect()
    }

    /// Every aborted transaction was news.
    #[test]
    fn offsets_that_no_client_is_given_are_no_news() {
        let mut facts = facts();
        let gap = |from, reason| tapline_api::Gap {
            source: "shop".to_owned(),
            destination: "orders".to_owned(),
            incarnation: 1,
            partition: 2,
            from,
            to: from + 38,
            reason,
            seen_at: time::format(facts.from + MINUTE),
        };
        facts.gaps = vec![gap(100, GapReason::NotDelivered), gap(500, GapReason::Expired)];
        assert_eq!(sentences(&facts), ["38 offsets of `orders`/2 will never be archived"]);
    }

    #[test]
    fn a_burst_has_a_begin_and_an_end() {
        let mut facts = facts();
        let mut burst = dead("orders-dlt", Some("orders"));
        (burst.activity.first, burst.activity.last) = (Some(facts.from + MINUTE), Some(facts.from + 9 * MINUTE));
        facts.causes = vec![burst];
        assert_eq!(
            sentences(&facts),
            [
                "No more dead letters: card type `CARTE_BANCAIRE`",
                "First dead letter in `orders-dlt`: card type `CARTE_BANCAIRE`"
            ]
        );
        facts.causes[0].activity.first = Some(facts.from - 1);
        facts.causes[0].activity.last = Some(facts.now);
        assert_eq!(sentences(&facts), Vec::<String>::new(), "it began before and goes on");
    }

    #[test]
    fn types_are_new_against_the_period_before() {
        let mut facts = facts();
        facts.types.insert("OrderRefunded".into(), active(&facts, 3, facts.from + MINUTE, facts.now));
        assert_eq!(sentences(&facts), Vec::<String>::new(), "without a past nothing is new");
        facts.events.before[0] = 1;
        assert_eq!(sentences(&facts), ["New event type `OrderRefunded`, not seen in the period before"]);
        facts.types.insert("OrderPlaced".into(), active(&facts, 3, facts.from - MINUTE, facts.now));
        assert_eq!(sentences(&facts).len(), 1);
    }

    #[test]
    fn destinations_are_new_against_the_archive() {
        let mut facts = facts();
        facts.known = vec![destination("refunds", facts.from + MINUTE)];
        assert_eq!(sentences(&facts), Vec::<String>::new(), "an archive that begins here has nothing but new ones");
        facts.known.push(destination("orders", facts.from - MINUTE));
        assert_eq!(sentences(&facts), ["New destination `refunds`"]);
        facts.known[0].incarnation = 2;
        assert_eq!(sentences(&facts), ["`refunds` was deleted and made anew"]);
    }
}
