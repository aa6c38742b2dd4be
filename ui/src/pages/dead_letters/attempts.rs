//! What was tried with one event: rounds of attempts, each from the event or its replay over retries to the dead letter,
//! read from its chain.

use std::collections::{HashMap, HashSet, VecDeque};

use tapline_api::{Chain, Edge, EdgeRule, Member};

/// What an attempt is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The event as it first came.
    Original,
    /// Put back by a replay.
    Again,
    /// Tried again by its consumer, and which time.
    Retry(i32),
    /// Given up.
    Dead,
    /// An event that followed: it was read well.
    Followed(String),
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) kind: Kind,
    pub(super) address: String,
    /// When it came to stand there.
    pub(super) at: Option<String>,
}

/// What came of sending it once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Round {
    /// The replay that sent it; absent for the first time.
    pub(super) replay: Option<String>,
    pub(super) attempts: Vec<Attempt>,
}

impl Round {
    /// Whether nothing is known to have come of it.
    pub(super) fn is_open(&self) -> bool {
        self.attempts.iter().all(|it| matches!(it.kind, Kind::Original | Kind::Again | Kind::Retry(_)))
    }
}

/// The rounds of the event that a dead letter is of, oldest first; none where the chain does not hold it.
pub(super) fn rounds(chain: &Chain, dead: &str) -> Vec<Round> {
    let story = Story::of(chain, dead);
    let mut rounds = Vec::new();
    let mut waiting: VecDeque<_> = story.roots().into_iter().map(|root| (None, root)).collect();
    let mut seen = HashSet::new();
    while let Some((replay, first)) = waiting.pop_front() {
        let (members, again) = story.round(first, &mut seen);
        if members.is_empty() {
            continue;
        }
        let attempts = members.iter().enumerate().map(|(index, member)| story.attempt(member, index == 0)).collect();
        rounds.push(Round { replay, attempts });
        waiting.extend(again);
    }
    if let Some(last) = rounds.last_mut().filter(|last| last.is_open()) {
        last.attempts.extend(story.followed());
    }
    rounds
}

/// The part of a chain that is about one event: its members and how they hang together.
struct Story<'a> {
    chain: &'a Chain,
    members: HashMap<&'a str, &'a Member>,
    edges: Vec<&'a Edge>,
}

impl<'a> Story<'a> {
    fn of(chain: &'a Chain, dead: &'a str) -> Self {
        let known: HashMap<&str, &Member> = chain.members.iter().map(|it| (it.address.as_str(), it)).collect();
        let of_attempts = |edge: &&Edge| matches!(edge.rule, EdgeRule::DeadLetter | EdgeRule::Replay);
        let mut left: Vec<&Edge> = chain.edges.iter().filter(of_attempts).collect();
        let mut members: HashMap<&str, &Member> =
            known.get_key_value(dead).map(|(k, v)| (*k, *v)).into_iter().collect();
        let mut edges = Vec::new();
        loop {
            let (near, far): (Vec<&Edge>, Vec<&Edge>) =
                left.into_iter().partition(|it| members.contains_key(&*it.from) || members.contains_key(&*it.to));
            if near.is_empty() {
                break;
            }
            let ends = near.iter().flat_map(|edge| [edge.from.as_str(), edge.to.as_str()]);
            members.extend(ends.filter_map(|end| known.get_key_value(end)));
            edges.extend(near);
            left = far;
        }
        Self { chain, members, edges }
    }

    /// Members that nothing of it led to.
    fn roots(&self) -> Vec<&'a Member> {
        let is_root = |it: &&Member| !self.edges.iter().any(|edge| edge.to == it.address && self.has(&edge.from));
        let mut roots: Vec<&Member> = self.members.values().copied().filter(is_root).collect();
        roots.sort_by_key(|it| it.came());
        roots
    }

    fn has(&self, address: &str) -> bool {
        self.members.contains_key(address)
    }

    /// What came of one sending, by time, and the replays that follow from it.
    fn round(
        &self,
        first: &'a Member,
        seen: &mut HashSet<&'a str>,
    ) -> (Vec<&'a Member>, Vec<(Option<String>, &'a Member)>) {
        let (mut members, mut again, mut open) = (Vec::new(), Vec::new(), vec![first]);
        while let Some(member) = open.pop() {
            if !seen.insert(&member.address) {
                continue;
            }
            members.push(member);
            for edge in self.edges.iter().filter(|edge| edge.from == member.address) {
                let Some(to) = self.members.get(edge.to.as_str()).copied() else { continue };
                match edge.rule {
                    EdgeRule::Replay => again.push((to.replay.as_ref().map(|replay| replay.id.clone()), to)),
                    _ => open.push(to),
                }
            }
        }
        members.sort_by_key(|it| it.came());
        (members, again)
    }

    fn attempt(&self, member: &Member, is_first: bool) -> Attempt {
        let before = self.edges.iter().find(|edge| edge.rule == EdgeRule::Replay && edge.to == member.address);
        let kind = match (&member.dead_letter, member.retry) {
            (Some(_), _) => Kind::Dead,
            (None, Some(attempt)) => Kind::Retry(attempt),
            (None, None) if is_first && before.is_none() => Kind::Original,
            (None, None) => Kind::Again,
        };
        Attempt { kind, address: member.address.clone(), at: member.came().map(str::to_owned) }
    }

    /// The first event that any of it caused after the last attempt.
    fn followed(&self) -> Option<Attempt> {
        let last = self.members.values().map(|it| it.came()).max()?;
        let effect = |edge: &&Edge| {
            let causes = matches!(edge.rule, EdgeRule::Causation | EdgeRule::Link | EdgeRule::Parent);
            causes && self.has(&edge.from) && !self.has(&edge.to)
        };
        let to: HashSet<&str> = self.chain.edges.iter().filter(effect).map(|edge| edge.to.as_str()).collect();
        let after = |it: &&Member| to.contains(it.address.as_str()) && it.came() >= last;
        let first = self.chain.members.iter().filter(after).min_by_key(|it| it.came())?;
        let name = first.event_type.clone().unwrap_or_else(|| first.destination.clone());
        Some(Attempt {
            kind: Kind::Followed(name),
            address: first.address.clone(),
            at: first.came().map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A member by its address and second.
    fn member(address: &str, second: u32) -> Value {
        json!({
            "address": address, "kind": "event", "source": "s", "destination": "o", "partition": 0, "position": "1",
            "timestamp": format!("2026-11-22T12:00:{second:02}.000000Z"), "type": "Placed", "ids": [], "size": 1,
            "distance": 0,
        })
    }

    fn retry(address: &str, second: u32) -> Value {
        let mut it = member(address, second);
        it["retry"] = json!(1);
        it
    }

    fn dead(address: &str, second: u32) -> Value {
        let mut it = member(address, second);
        it["dead_letter"] = json!({});
        it
    }

    fn chain(members: &[Value], edges: &[(&str, &str, &str)]) -> Chain {
        let edge = |&(from, to, rule): &(&str, &str, &str)| json!({"from": from, "to": to, "rule": rule, "confidence": 1.0, "evidence": ""});
        let edges: Vec<Value> = edges.iter().map(edge).collect();
        let chain = json!({
            "query": "", "state": "failed", "headline": "", "detail": "", "one_story": true, "members": members,
            "edges": edges, "missing": [], "findings": [], "hubs": [], "truncated": false, "elapsed_ms": 0.0,
        });
        serde_json::from_value(chain).unwrap()
    }

    /// Given up after a retry, put back with its old time, and read.
    fn put_back() -> Chain {
        let mut again = member("o/9", 1);
        again["replay"] = json!({"id": "r-1", "at": "2026-11-22T12:00:08.000000Z"});
        let members =
            [member("o/1", 1), retry("retry/1", 2), dead("dlt/1", 3), again, member("paid/1", 9), member("else/1", 2)];
        let edges = [
            ("o/1", "retry/1", "dead_letter"),
            ("retry/1", "dlt/1", "dead_letter"),
            ("dlt/1", "o/9", "replay"),
            ("o/1", "paid/1", "causation"),
            ("o/1", "else/1", "causation"),
        ];
        chain(&members, &edges)
    }

    fn kinds(round: &Round) -> Vec<Kind> {
        round.attempts.iter().map(|it| it.kind.clone()).collect()
    }

    #[test]
    fn each_sending_is_a_round_of_its_own() {
        let rounds = rounds(&put_back(), "dlt/1");
        assert_eq!(rounds.len(), 2);
        assert_eq!(kinds(&rounds[0]), [Kind::Original, Kind::Retry(1), Kind::Dead]);
        assert_eq!(kinds(&rounds[1]), [Kind::Again, Kind::Followed("Placed".to_owned())]);
        assert_eq!((rounds[0].replay.as_deref(), rounds[1].replay.as_deref()), (None, Some("r-1")));
        assert_eq!(rounds[1].attempts[0].at.as_deref(), Some("2026-11-22T12:00:08.000000Z"), "not the time it kept");
        assert_eq!(rounds[1].attempts[1].address, "paid/1");
        assert!(!rounds[1].is_open());
    }

    #[test]
    fn nothing_is_told_of_what_is_not_there_and_loops_end() {
        assert!(rounds(&put_back(), "dlt/2").is_empty());
        let around = [("a/1", "b/1", "replay"), ("b/1", "a/1", "replay")];
        assert!(rounds(&chain(&[dead("a/1", 1), member("b/1", 2)], &around), "a/1").is_empty());
        let alone = rounds(&chain(&[dead("a/1", 1)], &[]), "a/1");
        assert_eq!(alone.iter().map(|it| it.attempts.len()).sum::<usize>(), 1);
    }
}
