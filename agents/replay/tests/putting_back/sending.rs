//! A publisher that refuses, is full or does not answer, and people who want it to stop meanwhile.

use std::time::{Duration, Instant};

use tapline_adapter::{Cause, Fate};
use tapline_api::{Delivery, KeyOrder, ReplayRequest, ReplayState, ReplayTarget};

use crate::fake::Answer;
use crate::kit::{Node, Sample, eventually, letters, many, request};

/// Far less than what is waited for answers that are due.
const AT_ONCE: Duration = Duration::from_secs(2);

const BEHIND: &str = "an earlier event of its key was rejected; replay them together, in order";

fn in_any_order() -> ReplayRequest {
    ReplayRequest { order: KeyOrder::None, ..request() }
}

#[test]
fn a_right_that_is_lost_stops_it_and_rejects_nothing() {
    let node = Node::new(&many(10));
    node.broker.answers(|handed| match handed.item {
        0..3 => Answer::Taken,
        _ => Answer::Failed(false, Fate::Rejected, Cause::Denied),
    });
    let number = node.run(&request(), &many(10));
    let stopped = node.until_state(number, ReplayState::Stopped).replay;
    assert!(stopped.why.as_deref().unwrap().contains("the right to write to the destination is missing"));
    let progress = &stopped.progress;
    assert_eq!((progress.confirmed, progress.planned, progress.rejected, progress.sending), (3, 7, 0, 0));
    node.broker.answers(|_| Answer::Taken);
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Done);
    assert_eq!(node.broker.standing(), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_publisher_that_is_always_full_is_told_and_keeps_nobody_from_pausing_or_cancelling() {
    let node = Node::new(&many(4));
    node.broker.answers(|_| Answer::Full);
    node.broker.with(|inner| inner.problem = Some("no broker answers; tried again".to_owned()));
    let number = node.run(&request(), &many(4));
    let told = node.until(number, "it says what holds it up", |it| it.replay.why.is_some()).replay;
    assert_eq!((told.state, told.why.as_deref()), (ReplayState::Running, Some("no broker answers; tried again")));
    let asked = Instant::now();
    let paused = node.pause(number).replay;
    assert_eq!((paused.state, paused.progress.planned), (ReplayState::Paused, 4));
    assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    node.resume(number).unwrap();
    node.until(number, "it is held up again", |it| it.replay.why.is_some());
    let asked = Instant::now();
    let cancelled = node.cancel(number).replay;
    assert_eq!((cancelled.state, cancelled.progress.planned), (ReplayState::Cancelled, 4));
    assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    assert_eq!(node.broker.handed(), [0_u32; 0]);
}

#[test]
fn one_that_is_refused_holds_back_those_of_its_key_and_no_others() {
    let keys = ["ORD-A", "ORD-B", "ORD-A", "ORD-B", "ORD-A"];
    let node = Node::new(&letters(&keys));
    node.broker.answers(|handed| match handed.item {
        0 => Answer::Failed(false, Fate::Rejected, Cause::TooLarge),
        _ => Answer::Taken,
    });
    let number = node.run(&request(), &letters(&keys));
    let done = node.until_state(number, ReplayState::Done).replay;
    assert_eq!(done.why.as_deref(), Some("3 were rejected, 0 are uncertain"));
    let items = node.items(number);
    let why: Vec<Option<&str>> = items.iter().map(|item| item.why.as_deref()).collect();
    assert!(why[0].unwrap().contains("larger than the destination takes"));
    assert_eq!(why[1..], [None, Some(BEHIND), None, Some(BEHIND)]);
    assert_eq!((node.broker.standing(), node.broker.handed()), (vec![1, 3], vec![0, 1, 3]));
}

#[test]
fn what_a_resume_goes_on_with_does_not_overtake_one_that_was_refused_before() {
    let keys = ["ORD-A", "ORD-B", "ORD-A", "ORD-B"];
    let node = Node::new(&letters(&keys));
    node.broker.answers(|handed| match handed.item {
        0 => Answer::Failed(false, Fate::Rejected, Cause::InvalidRecord),
        _ => Answer::Taken,
    });
    let number = node.run(&ReplayRequest { canary: Some(2), ..request() }, &letters(&keys));
    node.until_state(number, ReplayState::Paused);
    assert_eq!(node.deliveries(number)[2..], [Delivery::Planned; 2]);
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Done);
    assert_eq!(node.broker.standing(), [1, 3]);
    assert_eq!(node.items(number)[2].why.as_deref(), Some(BEHIND));
}

#[test]
fn a_batch_that_is_refused_for_one_costs_only_that_one() {
    for large in [0, 2, 4] {
        let node = Node::new(&many(8));
        node.broker.answers(move |_| Answer::Batched(large));
        let number = node.run(&in_any_order(), &many(8));
        let done = node.until_state(number, ReplayState::Done).replay;
        assert_eq!((done.progress.confirmed, done.progress.rejected), (7, 1));
        assert_eq!(node.deliveries(number)[large as usize], Delivery::Rejected);
    }
}

#[test]
fn one_that_travels_alone_shares_its_fate_with_none_that_leaves_after_it() {
    let keys = ["ORD-A", "ORD-B", "ORD-A", "ORD-B", "ORD-A"];
    let node = Node::new(&letters(&keys));
    node.broker.answers(|_| Answer::Batched(1));
    let number = node.run(&request(), &letters(&keys));
    node.until_state(number, ReplayState::Done);
    // The second of its batch is the one; what waits for the first leaves after it.
    assert_eq!(node.broker.handed(), [0, 1, 0, 1, 2, 4]);
    assert_eq!(node.broker.standing(), [0, 2, 4]);
}

#[test]
fn what_was_not_acknowledged_in_time_is_looked_for_before_it_is_sent_again() {
    let node = Node::new(&many(5));
    node.broker.answers(|handed| match (handed.item, handed.times) {
        (1, 0) => Answer::Failed(true, Fate::Uncertain, Cause::TimedOut),
        (3, 0) => Answer::Failed(false, Fate::Uncertain, Cause::TimedOut),
        _ => Answer::Taken,
    });
    let number = node.run(&request(), &many(5));
    node.until_state(number, ReplayState::Done);
    let mut standing = node.broker.standing();
    standing.sort_unstable();
    assert_eq!(standing, [0, 1, 2, 3, 4]);
    assert_eq!(node.broker.handed().iter().filter(|item| **item == 1).count(), 1);
}

#[test]
fn a_broker_that_never_answers_is_given_up_with_all_that_is_known() {
    let node = Node::new(&many(3));
    node.broker.answers(|_| Answer::Failed(false, Fate::Uncertain, Cause::TimedOut));
    let number = node.run(&request(), &many(3));
    let stopped = node.until_state(number, ReplayState::Stopped).replay;
    assert_eq!(stopped.why.as_deref(), Some("the broker does not answer what is sent; resume to try again"));
    assert_eq!((stopped.progress.sending, stopped.progress.rejected), (3, 0));
    node.broker.answers(|_| Answer::Taken);
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Done);
    assert_eq!(node.broker.standing(), [0, 1, 2]);
}

#[test]
fn one_that_is_refused_for_no_lasting_reason_is_tried_some_times_and_not_for_ever() {
    let node = Node::new(&many(3));
    node.broker.answers(|handed| match handed.item {
        1 => Answer::Failed(false, Fate::NotSent, Cause::Other),
        _ => Answer::Taken,
    });
    let number = node.run(&request(), &many(3));
    let stopped = node.until_state(number, ReplayState::Stopped).replay;
    assert!(stopped.why.as_deref().unwrap().contains("does not take item 1: it was not written"));
    assert_eq!((stopped.progress.planned, stopped.progress.rejected), (1, 0));
    assert_eq!(node.broker.handed().iter().filter(|item| **item == 1).count(), 6);
}

#[test]
fn many_that_are_refused_in_a_row_stop_it_before_the_rest_is_refused_too() {
    let node = Node::new(&many(60));
    node.broker.answers(|_| Answer::Failed(false, Fate::Rejected, Cause::InvalidTimestamp));
    let number = node.run(&ReplayRequest { rate: Some(200.0), ..request() }, &many(60));
    let stopped = node.until_state(number, ReplayState::Stopped).replay;
    assert!(stopped.why.as_deref().unwrap().contains("the last 20 were refused: its timestamp is not accepted"));
    assert!(stopped.progress.planned > 0, "{:?}", stopped.progress);
}

#[test]
fn somebody_who_wants_it_to_end_does_not_wait_for_answers_while_one_is_in_doubt() {
    let node = Node::new(&many(4));
    node.broker.answers(|handed| match handed.item {
        1 => Answer::Failed(true, Fate::Uncertain, Cause::TimedOut),
        _ => Answer::Silent(true),
    });
    let number = node.run(&request(), &many(4));
    node.until_handed(4);
    let asked = Instant::now();
    assert_eq!(node.cancel(number).replay.state, ReplayState::Cancelled);
    assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    node.until(number, "all is known", |it| it.replay.progress.sending == 0);
    assert_eq!(node.deliveries(number), [Delivery::Confirmed; 4]);
}

#[test]
fn a_cancellation_does_not_wait_for_the_answers_that_a_pause_waits_for() {
    let node = Node::new(&many(2));
    node.broker.answers(|_| Answer::Silent(true));
    let number = node.run(&request(), &many(2));
    node.until_handed(2);
    std::thread::scope(|scope| {
        scope.spawn(|| node.pause(number));
        let wanted = |it: &tapline_api::ReplayDetail| it.history.iter().any(|entry| entry.action == "replay.pause");
        node.until(number, "the pause is wanted", wanted);
        let asked = Instant::now();
        assert_eq!(node.cancel(number).replay.state, ReplayState::Cancelled);
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    });
}

#[test]
fn a_canary_waits_for_a_person_and_a_pause_before_its_end_does_not_lift_it() {
    let node = Node::new(&many(6));
    node.broker.answers(|handed| if handed.item == 1 { Answer::Full } else { Answer::Taken });
    let number = node.run(&ReplayRequest { canary: Some(3), ..request() }, &many(6));
    node.until_handed(1);
    node.pause(number);
    node.broker.answers(|_| Answer::Taken);
    node.resume(number).unwrap();
    let tried = node.until(number, "the canary ends", |it| it.replay.why.is_some()).replay;
    assert_eq!(tried.state, ReplayState::Paused);
    assert_eq!(tried.why.as_deref(), Some("the first 3 were sent; resume goes on with the rest"));
    assert_eq!(node.broker.handed(), [0, 1, 2]);
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Done);
    assert_eq!(node.broker.standing(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_canary_that_is_paused_by_a_restart_goes_on_as_a_canary() {
    let mut node = Node::new(&many(6));
    node.broker.answers(|handed| if handed.item == 1 { Answer::Full } else { Answer::Taken });
    let number = node.run(&ReplayRequest { canary: Some(3), ..request() }, &many(6));
    node.until_handed(1);
    node.restart();
    node.broker.answers(|_| Answer::Taken);
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Paused);
    eventually("the canary is sent", || node.broker.standing() == [0, 1, 2]);
}

#[test]
fn events_without_a_time_do_not_hold_up_those_that_leave_with_the_pauses_there_were() {
    let mut samples = many(3);
    samples[0].timestamp = None;
    let late = Sample { timestamp: samples[1].timestamp, ..samples[2].clone() };
    samples[2] = late;
    let node = Node::new(&samples);
    let number = node.run(&ReplayRequest { speed: Some(1.0), ..request() }, &samples);
    let done = node.until_state(number, ReplayState::Done);
    assert_eq!(done.plan.seconds, Some(0.0));
}

/// Destinations were numbered in the order of reading in the plan, in that of sending afterwards: such a plan never held.
#[test]
fn events_of_several_destinations_are_put_on_one() {
    let later = Sample { timestamp: Some(tapline_model::time::now()), ..Sample::dead(0, 0, "ORD-1") };
    let samples = [later, Sample::new("payments", 0, "ORD-2"), Sample::new("orders", 0, "ORD-3")];
    let node = Node::new(&samples);
    let target = Some(ReplayTarget { source: None, destination: Some("orders".to_owned()) });
    let number = node.run(&ReplayRequest { target, order: KeyOrder::None, ..request() }, &samples);
    let done = node.until_state(number, ReplayState::Done);
    assert_eq!(done.replay.progress.confirmed, 3);
}
