//! What sets the members of a cause apart: facts that are far more frequent among them than among events of the same
//! types, at the same place and time, that did not die.

mod passed;
mod sampled;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tapline_archive::{Place, View};
use tapline_model::Address;

use crate::error::DeadLetterError;
use crate::facts::{Fact, Part};
use crate::grouping::Grouping;
use crate::letters::Letters;

/// Members that are looked at.
const MEMBERS: usize = 400;
/// Events that passed that are looked at.
const PASSED: usize = 800;
/// Differences told.
const MOST: usize = 12;
/// Shares have to be this far apart.
const DISTANCE: f64 = 0.25;
/// And this many times as large among the members.
const RATIO: f64 = 2.0;
/// Likelihood ratio (G²) below which a difference may be chance. Hundreds of facts are tested at once, so that the usual
/// bound for one test (10.8 for one in a thousand) would let some through.
const LIKELIHOOD: f64 = 16.0;

/// A fact, and how frequent it is on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// A fact without a value is about the place being there.
    pub fact: Fact,
    /// True when it is the lack of it that sets members apart.
    pub absent: bool,
    /// Share of the members, 0 to 1.
    pub of_members: f64,
    /// Share of the events that passed.
    pub of_passed: f64,
}

/// Members of a cause held against events that passed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compared {
    /// Members that were looked at.
    pub members: usize,
    /// Events that passed that were looked at.
    pub passed: usize,
    /// The strongest first.
    pub differences: Vec<Difference>,
    /// One that passed, like the members in as much as possible.
    pub example: Option<Address>,
}

/// Compares members of a cause with what passed.
///
/// # Errors
/// [`DeadLetterError::Stopped`] once `stop` says so.
pub fn apart(
    view: &View,
    places: &[(Place, Arc<Letters>)],
    grouping: &Grouping,
    cause: &str,
    stop: &dyn Fn() -> bool,
) -> Result<Compared, DeadLetterError> {
    let members = sampled::draw(view, places, grouping, cause, MEMBERS)?;
    let dead: HashSet<u64> =
        places.iter().flat_map(|(_, letters)| &letters.letters).map(|letter| letter.origin).collect();
    let passed = passed::sample(view, &members.like(), &dead, PASSED, stop)?;
    let sets = |events: &[sampled::Event]| events.iter().map(|event| event.facts.clone()).collect::<Vec<_>>();
    Ok(Compared {
        members: members.events.len(),
        passed: passed.len(),
        differences: differences(&sets(&members.events), &sets(&passed)),
        example: most_alike(&sets(&members.events), &passed).map(|event| event.address.clone()),
    })
}

/// The one that has most of what at least half of the members have.
fn most_alike<'a>(members: &[HashSet<Fact>], passed: &'a [sampled::Event]) -> Option<&'a sampled::Event> {
    let counts = counts(members);
    let usual = |fact: &Fact| counts.get(fact).is_some_and(|count| 2 * count >= members.len());
    passed.iter().max_by_key(|event| event.facts.iter().filter(|fact| usual(fact)).count())
}

fn differences(members: &[HashSet<Fact>], passed: &[HashSet<Fact>]) -> Vec<Difference> {
    if members.is_empty() || passed.is_empty() {
        return Vec::new();
    }
    let (of_members, of_passed) = (counts(members), counts(passed));
    let known: HashSet<&Fact> = of_members.keys().chain(of_passed.keys()).copied().collect();
    let sides = [members.len(), passed.len()];
    let both = |fact: &Fact| [of_members.get(fact), of_passed.get(fact)].map(|count| count.copied().unwrap_or(0));
    let mut found: Vec<(f64, Difference)> =
        known.into_iter().filter_map(|fact| test(fact, both(fact), sides)).collect();
    found.sort_by(|(a, one), (b, other)| {
        let distance = |it: &Difference| it.of_members - it.of_passed;
        distance(other).total_cmp(&distance(one)).then(b.total_cmp(a)).then_with(|| one.fact.cmp(&other.fact))
    });
    let all: Vec<Difference> = found.into_iter().map(|(_, difference)| difference).collect();
    let told = all.iter().filter(|one| !says_no_more(one, &all)).take(MOST).cloned();
    told.collect()
}

/// That a field is there says nothing beside what stands in it.
fn says_no_more(one: &Difference, all: &[Difference]) -> bool {
    let of_value = |other: &Difference| {
        let same = (other.fact.part, &other.fact.name) == (one.fact.part, &one.fact.name);
        same && other.fact.value.is_some() && other.of_members >= one.of_members
    };
    one.fact.value.is_none() && !one.absent && all.iter().any(of_value)
}

fn counts(events: &[HashSet<Fact>]) -> HashMap<&Fact, usize> {
    let mut counts = HashMap::new();
    for fact in events.iter().flatten() {
        *counts.entry(fact).or_default() += 1;
    }
    counts
}

/// Holds one fact against the bounds; that a place lacks is a fact too.
fn test(fact: &Fact, counts: [usize; 2], sides: [usize; 2]) -> Option<(f64, Difference)> {
    let shares = [share(counts[0], sides[0]), share(counts[1], sides[1])];
    let absent = fact.value.is_none() && shares[1] > shares[0];
    let [of_members, of_passed] = if absent { shares.map(|share| 1.0 - share) } else { shares };
    // Where it stood decides nothing unless it is one value.
    let counted = if absent { sides[0] - counts[0] } else { counts[0] };
    let apart = of_members - of_passed >= DISTANCE && of_members >= RATIO * of_passed && counted > 1;
    let likelihood = likelihood_ratio(counts, sides);
    let meant =
        apart && likelihood >= LIKELIHOOD && !(absent && fact.part != Part::Payload && fact.part != Part::Header);
    meant.then(|| (likelihood, Difference { fact: fact.clone(), absent, of_members, of_passed }))
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
fn share(count: usize, of: usize) -> f64 {
    count as f64 / of as f64
}

/// G² of a table of two by two: how much better two shares explain the counts than one.
#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
fn likelihood_ratio(counts: [usize; 2], sides: [usize; 2]) -> f64 {
    let all = share(counts[0] + counts[1], sides[0] + sides[1]);
    let term = |observed: usize, expected: f64| match observed {
        0 => 0.0,
        observed => observed as f64 * (observed as f64 / expected).ln(),
    };
    let side = |at: usize| {
        let of = sides[at] as f64;
        term(counts[at], of * all) + term(sides[at] - counts[at], of * (1.0 - all))
    };
    2.0 * (side(0) + side(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;

    fn events(payloads: &[String]) -> Vec<HashSet<Fact>> {
        let facts = |payload: &String| {
            let mut facts = Facts::default();
            facts.payload(payload);
            facts.into_set()
        };
        payloads.iter().map(facts).collect()
    }

    fn order(number: usize, card: &str, region: &str) -> String {
        format!(r#"{{"id":"ORD-{number}","card":{{"type":"{card}"}},"region":"{region}","total":{number}}}"#)
    }

    #[test]
    fn the_value_that_all_members_share_is_told_first() {
        let dead: Vec<String> = (0..20).map(|n| order(n, "CB", if n % 2 == 0 { "fr" } else { "be" })).collect();
        let passed: Vec<String> = (20..220).map(|n| order(n, "VISA", if n % 10 == 0 { "fr" } else { "de" })).collect();
        let found = differences(&events(&dead), &events(&passed));
        let names: Vec<_> = found.iter().map(|it| (it.fact.name.as_str(), it.fact.value.as_deref())).collect();
        assert_eq!(names, [("card.type", Some("CB")), ("region", Some("be")), ("region", Some("fr"))]);
        assert!((found[0].of_members - 1.0).abs() < 1e-9 && found[0].of_passed == 0.0);
    }

    /// It was the last one that was drawn.
    #[test]
    fn what_members_are_laid_beside_is_like_them() {
        let event = |number: usize, card: &str| sampled::Event {
            address: Address::parse(&format!("k/orders/0/{number}")).unwrap(),
            timestamp: None,
            kind: None,
            facts: events(&[order(number, card, "fr")]).remove(0),
        };
        let members: Vec<String> = (0..4).map(|n| order(n, "CB", "fr")).collect();
        let other = sampled::Event { facts: HashSet::new(), ..event(9, "VISA") };
        let passed = [event(7, "VISA"), event(8, "CB"), other];
        let found = most_alike(&events(&members), &passed).map(|event| event.address.to_string());
        assert_eq!(found.as_deref(), Some("k/orders/0/8"));
    }

    #[test]
    fn a_field_that_lacks_is_told() {
        let dead: Vec<String> = (0..10).map(|n| format!(r#"{{"id":{n}}}"#)).collect();
        let passed: Vec<String> = (0..100).map(|n| format!(r#"{{"id":{n},"customer":"c{n}"}}"#)).collect();
        let found = differences(&events(&dead), &events(&passed));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].absent && found[0].fact.name == "customer" && found[0].of_passed == 0.0);
    }

    #[test]
    fn what_may_be_chance_is_not_told() {
        let dead: Vec<String> = (0..3).map(|n| order(n, "VISA", "fr")).collect();
        let passed: Vec<String> = (3..13).map(|n| order(n, "VISA", if n % 3 == 0 { "fr" } else { "de" })).collect();
        assert_eq!(differences(&events(&dead), &events(&passed)), []);
        assert_eq!(differences(&events(&dead), &[]), []);
    }
}
