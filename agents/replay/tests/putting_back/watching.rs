//! What became of items: by the archive and by how far groups have read, also after a restart.

use std::time::{Duration, Instant};

use tapline_api::{Outcome, ReplayRequest, ReplayState, StopAt};
use tapline_model::time;
use tapline_replay::ReplayOptions;

use crate::kit::{Node, Sample, eventually, many, request};

fn watched_for(watch: Duration, samples: &[Sample]) -> Node {
    let options = ReplayOptions { watch, settle: Duration::from_millis(50), ..ReplayOptions::default() };
    Node::with(samples, options)
}

/// The groups have read so far.
fn read_to(node: &Node, group: &str, next: i64) {
    node.broker.with(|inner| inner.read.insert(group.to_owned(), next));
}

fn until_outcomes(node: &Node, number: i64, outcomes: &[Outcome]) {
    let wanted: Vec<Option<Outcome>> = outcomes.iter().copied().map(Some).collect();
    eventually(&format!("{outcomes:?}"), || node.outcomes(number) == wanted);
}

#[test]
fn a_dead_letter_that_names_where_it_was_written_is_told_as_failed_again_with_its_address() {
    let node = Node::new(&many(2));
    let number = node.run(&request(), &many(2));
    node.until_state(number, ReplayState::Done);
    node.archive(&[Sample::dead(50, 101, "ORD-1").just_now()]);
    until_outcomes(&node, number, &[Outcome::Pending, Outcome::FailedAgain]);
    assert_eq!(node.items(number)[1].evidence.as_deref(), Some("k/orders-dlt/0/50"));
}

#[test]
fn what_its_group_has_read_and_its_story_goes_on_from_was_reprocessed() {
    let node = Node::new(&many(2));
    let number = node.run(&request(), &many(2));
    node.until_state(number, ReplayState::Done);
    node.archive(&[Sample::new("payments", 7, "ORD-0").just_now(), Sample::new("payments", 8, "ORD-1").just_now()]);
    // Another group has read both, the one in which they failed only the first.
    read_to(&node, "search", 102);
    read_to(&node, "billing", 101);
    until_outcomes(&node, number, &[Outcome::Reprocessed, Outcome::Pending]);
    assert_eq!(node.items(number)[0].evidence.as_deref(), Some("k/payments/0/7"));
}

#[test]
fn what_was_read_and_nothing_followed_is_waited_for_and_then_unknown_with_the_reason() {
    let watch = Duration::from_secs(4);
    let node = watched_for(watch, &many(1));
    let begun = Instant::now();
    let number = node.run(&request(), &many(1));
    read_to(&node, "billing", 101);
    until_outcomes(&node, number, &[Outcome::Unknown]);
    assert!(begun.elapsed() >= watch, "{:?}", begun.elapsed());
    let why = node.items(number)[0].why.clone();
    assert_eq!(why.as_deref(), Some("a group read past it, and no event of its story followed in time"));
}

#[test]
fn what_no_group_has_read_in_time_is_unknown_and_says_so() {
    let node = watched_for(Duration::from_secs(1), &many(1));
    let number = node.run(&request(), &many(1));
    read_to(&node, "search", 200);
    until_outcomes(&node, number, &[Outcome::Unknown]);
    assert_eq!(node.items(number)[0].why.as_deref(), Some("no group read past it in time"));
}

#[test]
fn a_restart_after_the_time_to_watch_finds_what_came_meanwhile_and_ends_the_rest() {
    let watch = Duration::from_secs(2);
    let mut node = watched_for(watch, &many(2));
    let number = node.run(&request(), &many(2));
    node.until_state(number, ReplayState::Done);
    node.stop();
    let stopped = time::now();
    eventually("the time to watch is over", || time::now() - stopped > 2_000_000);
    node.archive(&[Sample::dead(50, 100, "ORD-0").just_now()]);
    node.open();
    assert_eq!(node.outcomes(number), [Some(Outcome::Pending); 2]);
    until_outcomes(&node, number, &[Outcome::FailedAgain, Outcome::Unknown]);
    assert_eq!(node.items(number)[0].evidence.as_deref(), Some("k/orders-dlt/0/50"));
}

#[test]
fn more_dead_letters_than_allowed_stop_it() {
    let node = Node::new(&many(90));
    let number = node.run(&ReplayRequest { rate: Some(10.0), ..request() }, &many(90));
    node.until(number, "some are there", |it| it.replay.progress.confirmed >= 6);
    let dead = |at: i64| Sample::dead(1_000 + at, 100 + at, &format!("ORD-{at}")).just_now();
    node.archive(&[dead(0), dead(1), dead(2), dead(3), dead(4), dead(5)]);
    let stopped = node.until_state(number, ReplayState::Stopped).replay;
    let why = stopped.why.unwrap();
    assert!(why.ends_with("% of the last that were put back came back dead"), "{why}");
    assert!(stopped.progress.planned > 0);
    assert_eq!(stopped.progress.failed_again, 6);
}

#[test]
fn a_group_that_is_too_far_behind_stops_it() {
    let node = Node::new(&many(90));
    let stop = StopAt { failed_again: None, lag: Some(5) };
    let number = node.run(&ReplayRequest { rate: Some(10.0), stop, ..request() }, &many(90));
    let stopped = node.until_state(number, ReplayState::Stopped).replay;
    let why = stopped.why.unwrap();
    assert!(why.starts_with("a group that reads the target is ") && why.ends_with(" events behind"), "{why}");
    assert!(stopped.progress.planned > 0 && stopped.progress.confirmed > 5, "{:?}", stopped.progress);
}

fn canary() -> ReplayRequest {
    ReplayRequest { canary: Some(1), canary_goes_on: true, ..request() }
}

#[test]
fn a_canary_that_was_reprocessed_goes_on_by_itself() {
    let node = Node::new(&many(3));
    let number = node.run(&canary(), &many(3));
    node.until_state(number, ReplayState::Paused);
    node.archive(&[Sample::new("payments", 7, "ORD-0").just_now()]);
    read_to(&node, "billing", 101);
    node.until_state(number, ReplayState::Done);
    assert_eq!(node.broker.standing(), [0, 1, 2]);
}

#[test]
fn a_canary_that_came_back_dead_stops_it() {
    let node = Node::new(&many(3));
    let number = node.run(&canary(), &many(3));
    node.until_state(number, ReplayState::Paused);
    node.archive(&[Sample::dead(50, 100, "ORD-0").just_now()]);
    let stopped = node.until_state(number, ReplayState::Stopped).replay;
    assert_eq!(stopped.why.as_deref(), Some("0 of the first 1 were reprocessed"));
    assert_eq!(node.broker.standing(), [0]);
}
