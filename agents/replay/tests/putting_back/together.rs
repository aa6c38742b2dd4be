//! Several replays of the same events, and plans that no longer hold.

use tapline_api::{CauseState, Delivery, ReplayAct, ReplayRequest, ReplayState, ReplayTarget};
use tapline_replay::ReplayError;
use tapline_state::{Regrouping, SplitBy};

use crate::fake::{Answer, Topic};
use crate::kit::{Node, Sample, eventually, many, number, request};

fn canary() -> ReplayRequest {
    ReplayRequest { canary: Some(1), ..request() }
}

#[test]
fn a_second_plan_warns_of_what_the_first_has_put_back() {
    let node = Node::new(&many(3));
    let first = node.run(&canary(), &many(3));
    node.until_state(first, ReplayState::Paused);
    let plan = node.plan(&request(), &many(3)).plan;
    let warning = plan.warnings.iter().find(|warning| warning.kind == "replayed_before").unwrap();
    assert_eq!(warning.sentence, "1 event was put back before, by r-1");
    assert_eq!(warning.addresses, ["k/orders-dlt/0/0"]);
}

#[test]
fn a_plan_whose_events_were_put_back_meanwhile_is_refused_and_read_again() {
    let node = Node::new(&many(3));
    let second = node.plan(&request(), &many(3));
    let first = node.run(&request(), &many(3));
    node.until_state(first, ReplayState::Done);
    let refused = node.start(&second).unwrap_err();
    let told = "by now: 3 events were put back before, by r-2";
    assert!(matches!(&refused, ReplayError::Stale { what, .. } if what == told), "{refused}");
    let again = node.detail(number(&second));
    assert_ne!(again.etag, second.etag);
    node.start(&again).unwrap();
    node.until_state(number(&second), ReplayState::Done);
}

#[test]
fn events_that_another_one_is_putting_back_are_not_put_back_at_the_same_time() {
    let node = Node::new(&many(4));
    let second = node.plan(&request(), &many(4));
    node.broker.answers(|_| Answer::Full);
    let first = node.run(&request(), &many(4));
    let refused = node.start(&second).unwrap_err();
    let told = "4 of its events are being put back by r-2; wait until that one stands";
    assert!(matches!(&refused, ReplayError::Refused { what, .. } if what == told), "{refused}");
    assert_eq!(node.detail(number(&second)).replay.state, ReplayState::Planned);
    node.cancel(first);
    node.broker.answers(|_| Answer::Taken);
    node.start(&second).unwrap();
    node.until_state(number(&second), ReplayState::Done);
    assert_eq!(node.broker.standing(), [0, 1, 2, 3]);
}

#[test]
fn a_resume_leaves_to_another_what_that_one_has_put_back_meanwhile() {
    let node = Node::new(&many(3));
    let first = node.run(&canary(), &many(3));
    node.until_state(first, ReplayState::Paused);
    let second = node.run(&request(), &many(3)[1..]);
    node.until_state(second, ReplayState::Done);
    node.resume(first).unwrap();
    node.until_state(first, ReplayState::Done);
    assert_eq!(node.deliveries(first), [Delivery::Confirmed, Delivery::Rejected, Delivery::Rejected]);
    assert_eq!(node.items(first)[2].why.as_deref(), Some("r-2 has put it back meanwhile"));
    assert_eq!(node.broker.handed().len(), 3);
}

#[test]
fn a_canary_that_goes_on_by_itself_leaves_to_another_what_that_one_has_put_back_meanwhile() {
    let node = Node::new(&many(3));
    let first = node.run(&ReplayRequest { canary_goes_on: true, ..canary() }, &many(3));
    node.until_state(first, ReplayState::Paused);
    let second = node.run(&request(), &many(3)[1..]);
    node.until_state(second, ReplayState::Done);
    node.archive(&[Sample::new("payments", 7, "ORD-0").just_now()]);
    node.broker.with(|inner| inner.read.insert("billing".to_owned(), 103));
    node.until_state(first, ReplayState::Done);
    assert_eq!(node.deliveries(first), [Delivery::Confirmed, Delivery::Rejected, Delivery::Rejected]);
    assert_eq!(node.broker.handed().len(), 3);
}

/// With another topic to put events on.
fn with_copies() -> (Node, ReplayRequest) {
    let node = Node::new(&many(3));
    let copies = Topic { id: "t9".to_owned(), led: true, next: 0, records: Vec::new() };
    node.broker.with(|inner| inner.topics.insert("copies".to_owned(), copies));
    let target = ReplayTarget { destination: Some("copies".to_owned()), ..ReplayTarget::default() };
    (node, ReplayRequest { target: Some(target), ..request() })
}

#[test]
fn the_same_events_may_go_to_two_targets_at_once() {
    let (node, to_copies) = with_copies();
    node.broker.answers(|handed| if handed.destination == "orders" { Answer::Full } else { Answer::Taken });
    let held = node.run(&request(), &many(2));
    let other = node.run(&to_copies, &many(2));
    node.until_state(other, ReplayState::Done);
    assert_eq!(node.detail(held).replay.state, ReplayState::Running);
}

/// They were left to the other one for good.
#[test]
fn a_resume_goes_on_with_what_another_one_has_put_elsewhere_meanwhile() {
    let (node, to_copies) = with_copies();
    let first = node.run(&canary(), &many(3));
    node.until_state(first, ReplayState::Paused);
    let other = node.run(&to_copies, &many(3));
    node.until_state(other, ReplayState::Done);
    node.resume(first).unwrap();
    node.until_state(first, ReplayState::Done);
    assert_eq!(node.deliveries(first), [Delivery::Confirmed; 3]);
}

/// It was seen only when somebody looked what became of it.
#[test]
fn what_a_running_one_has_just_put_back_is_not_put_back_again() {
    let node = Node::new(&many(3));
    let first = node.run(&canary(), &many(2));
    node.until_state(first, ReplayState::Paused);
    node.broker.answers(|handed| if handed.item == 0 { Answer::Taken } else { Answer::Full });
    let second = node.run(&request(), &many(3)[1..]);
    node.until(second, "one is confirmed", |it| it.replay.progress.confirmed == 1);
    node.resume(first).unwrap();
    node.until_state(first, ReplayState::Done);
    assert_eq!(node.deliveries(first), [Delivery::Confirmed, Delivery::Rejected]);
    assert_eq!(node.items(first)[1].why.as_deref(), Some("r-2 has put it back meanwhile"));
}

#[test]
fn a_resume_goes_on_with_what_was_put_back_before_it_was_started() {
    let node = Node::new(&many(3));
    let first = node.run(&request(), &many(3));
    node.until_state(first, ReplayState::Done);
    // Whoever starts it has read that they were put back before.
    let second = node.run(&canary(), &many(3));
    node.until_state(second, ReplayState::Paused);
    node.resume(second).unwrap();
    node.until_state(second, ReplayState::Done);
    assert_eq!(node.deliveries(second), [Delivery::Confirmed; 3]);
}

#[test]
fn what_was_put_back_is_known_after_a_restart_with_its_time() {
    let mut node = Node::new(&many(3));
    let first = node.run(&request(), &many(3));
    node.until_state(first, ReplayState::Done);
    let second = node.run(&canary(), &many(3));
    node.until_state(second, ReplayState::Paused);
    node.restart();
    assert_eq!(node.replays().put_back_by(many(3)[0].address().hash()), Some(second));
    assert_eq!(node.replays().put_back_by(many(3)[1].address().hash()), Some(first));
    node.resume(second).unwrap();
    node.until_state(second, ReplayState::Done);
    assert_eq!(node.deliveries(second), [Delivery::Confirmed; 3]);
}

#[test]
fn a_start_names_the_plan_that_was_read_and_happens_once() {
    let node = Node::new(&many(3));
    let plan = node.plan(&request(), &many(3));
    for (etag, told) in
        [(None, "names the `etag`"), (Some("0123456789abcdef".to_owned()), "it is another one than was read")]
    {
        let act = ReplayAct { etag, ..ReplayAct::default() };
        let refused = node.replays().start(number(&plan), &act, "mara", &|| false).unwrap_err();
        assert!(matches!(&refused, ReplayError::Stale { what, .. } if what.contains(told)), "{refused}");
    }
    assert_eq!(node.broker.handed(), [0_u32; 0]);
    node.start(&plan).unwrap();
    assert!(matches!(node.start(&plan).unwrap_err(), ReplayError::Standing { .. }));
    node.until_state(number(&plan), ReplayState::Done);
    assert_eq!(node.broker.standing(), [0, 1, 2]);
}

#[test]
fn a_target_that_changed_since_it_was_planned_refuses_the_start_and_the_resume() {
    let node = Node::new(&many(3));
    let plan = node.plan(&request(), &many(3));
    let held = node.run(&canary(), &many(3));
    node.until_state(held, ReplayState::Paused);
    node.broker.orders(|orders| orders.id = "t2".to_owned());
    for refused in [node.start(&plan).unwrap_err(), node.resume(held).unwrap_err()] {
        assert!(matches!(&refused, ReplayError::Stale { what, .. } if what.contains("made anew")), "{refused}");
    }
    assert_eq!(node.broker.handed().len(), 1);
}

#[test]
fn causes_that_are_grouped_otherwise_meanwhile_change_nothing_of_what_is_sent() {
    for grouping in [Regrouping::Merged("f2".to_owned()), Regrouping::Split(SplitBy::Type)] {
        let node = Node::new(&many(3));
        let plan = node.plan(&request(), &many(3));
        node.state.regroup("f1", Some(&grouping), "jo").unwrap();
        node.start(&plan).unwrap();
        node.until_state(number(&plan), ReplayState::Done);
        assert_eq!(node.broker.standing(), [0, 1, 2]);
        // What was planned is told of what was planned, at once.
        let told = || node.state.causes().unwrap().get("f1").map(|cause| cause.state);
        eventually("the cause follows", || told() == Some(CauseState::Replayed));
    }
}
