//! What a killed process left in doubt: looked for on the target, and sent again only where it is certainly not there.

use tapline_api::{Delivery, ReplayState};
use tapline_replay::ReplayError;

use crate::fake::{Answer, Unreadable};
use crate::kit::{Node, eventually, many, request};

/// Six items, two confirmed, two that arrived and two that did not, none of the four answered; then the kill.
fn killed() -> (Node, i64) {
    let mut node = Node::new(&many(6));
    node.broker.answers(|handed| match handed.item {
        0 | 1 => Answer::Taken,
        item => Answer::Silent(item < 4),
    });
    let number = node.run(&request(), &many(6));
    node.until_handed(6);
    node.until(number, "two are confirmed", |it| it.replay.progress.confirmed == 2);
    node.kill(number);
    node.broker.answers(|_| Answer::Taken);
    node.open();
    let found = node.detail(number).replay;
    assert_eq!((found.state, found.progress.sending), (ReplayState::Paused, 4), "{:?}", found.why);
    (node, number)
}

#[test]
fn what_is_found_is_confirmed_where_it_stands_and_what_is_not_is_sent_once_more() {
    let (node, number) = killed();
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Done);
    let items = node.items(number);
    let written: Vec<&str> = items.iter().map(|item| item.written.as_deref().unwrap()).collect();
    assert_eq!(written, (100..106).map(|at| format!("k/orders/0/{at}")).collect::<Vec<_>>());
    assert_eq!(node.broker.standing(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(node.broker.handed(), [0, 1, 2, 3, 4, 5, 4, 5]);
}

#[test]
fn copies_that_others_made_do_not_confirm_a_second_time() {
    let (node, number) = killed();
    // A consumer that carries all headers on has written item 3 once more.
    node.broker.orders(|orders| {
        let copy = orders.records.iter().find(|(_, record)| record.item == 3).unwrap().1.clone();
        orders.records.push((orders.next, copy));
        orders.next += 1;
    });
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Done);
    assert_eq!(node.items(number)[3].written.as_deref(), Some("k/orders/0/103"));
    assert_eq!(node.broker.handed().len(), 8);
}

#[test]
fn a_broker_that_cannot_be_read_leaves_it_in_doubt_with_the_reason_and_nothing_is_sent() {
    let (node, number) = killed();
    for (unreadable, led, why, doubts) in [
        (Some(Unreadable::Unreachable), true, "no broker answers at fake:9092", 4),
        (None, false, "no broker leads partition 0 of `orders`", 4),
        // What was found before the time was up is known.
        (Some(Unreadable::Cut), true, "took too long; resume to look again", 2),
    ] {
        node.broker.with(|inner| inner.unreadable = unreadable);
        node.broker.orders(|orders| orders.led = led);
        node.resume(number).unwrap();
        let stopped = node.until_state(number, ReplayState::Stopped).replay;
        assert!(stopped.why.as_deref().unwrap().contains(why), "{:?}", stopped.why);
        assert_eq!((stopped.progress.sending, node.broker.handed().len()), (doubts, 6));
    }
    node.broker.with(|inner| inner.unreadable = None);
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Done);
    assert_eq!(node.broker.standing(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn what_cannot_be_seen_any_more_is_uncertain_says_why_and_is_not_sent_again() {
    type Harm = fn(&Node);
    let shorter: Harm = |node| node.broker.orders(|orders| (orders.next, orders.records) = (1, Vec::new()));
    let expired: Harm = |node| {
        node.broker.orders(|orders| orders.records.clear());
        node.broker.with(|inner| inner.unreadable = Some(Unreadable::Expired(103)));
    };
    for (harm, why) in
        [(shorter, "partition 0 of `orders` is shorter than it was"), (expired, "begins at offset 103 by now")]
    {
        let (node, number) = killed();
        harm(&node);
        node.resume(number).unwrap();
        let done = node.until_state(number, ReplayState::Done).replay;
        assert_eq!((done.progress.confirmed, done.progress.uncertain), (2, 4));
        assert_eq!(done.why.as_deref(), Some("0 were rejected, 4 are uncertain"));
        let said = node.items(number)[4].why.clone().unwrap();
        assert!(said.contains(why), "{said}");
        assert_eq!(node.broker.handed().len(), 6);
    }
}

#[test]
fn a_target_that_was_made_anew_is_not_written_to_and_a_cancellation_ends_the_doubts() {
    let (node, number) = killed();
    node.broker.orders(|orders| (orders.id, orders.next, orders.records) = ("t2".to_owned(), 0, Vec::new()));
    let refused = node.resume(number).unwrap_err();
    assert!(matches!(&refused, ReplayError::Stale { what, .. } if what.contains("made anew")), "{refused}");
    node.cancel(number);
    node.until(number, "all is known", |it| it.replay.progress.sending == 0);
    let items = node.items(number);
    assert_eq!(node.deliveries(number)[2..], [Delivery::Uncertain; 4]);
    assert!(items[5].why.as_deref().unwrap().contains("`orders` was deleted and made anew since"));
    assert_eq!(node.broker.handed().len(), 6);
}

#[test]
fn a_cancellation_after_a_restart_finds_out_what_was_on_its_way() {
    let (node, number) = killed();
    let cancelled = node.cancel(number).replay;
    assert_eq!(cancelled.state, ReplayState::Cancelled);
    node.until(number, "all is known", |it| it.replay.progress.sending == 0);
    let there = [Delivery::Confirmed; 4].into_iter().chain([Delivery::Planned; 2]).collect::<Vec<_>>();
    assert_eq!(node.deliveries(number), there);
    assert_eq!(node.broker.handed().len(), 6);
}

#[test]
fn doubts_of_a_cancelled_replay_are_told_and_settled_after_the_next_restart_too() {
    let (mut node, number) = killed();
    node.broker.with(|inner| inner.unreadable = Some(Unreadable::Unreachable));
    node.cancel(number);
    let said = node.until(number, "it says why", |it| it.replay.why.is_some()).replay;
    let why = said.why.unwrap();
    assert!(why.contains("4 are looked for") && why.contains("no broker answers"), "{why}");
    assert_eq!((said.state, said.progress.sending), (ReplayState::Cancelled, 4));
    node.restart();
    node.broker.with(|inner| inner.unreadable = None);
    let known = node.until(number, "all is known", |it| it.replay.progress.sending == 0 && it.replay.why.is_none());
    assert_eq!((known.replay.progress.confirmed, known.replay.progress.planned), (4, 2));
}

#[test]
fn a_pause_while_it_is_looked_leaves_the_doubts_to_the_next_resume() {
    let (mut node, number) = killed();
    node.options.settle = std::time::Duration::from_secs(3_600);
    node.restart();
    node.resume(number).unwrap();
    node.until(number, "what is there is confirmed", |it| it.replay.progress.confirmed == 4);
    node.pause(number);
    let paused = node.until_state(number, ReplayState::Paused).replay;
    assert_eq!((paused.progress.sending, node.broker.handed().len()), (2, 6));
    node.options.settle = std::time::Duration::from_millis(50);
    node.restart();
    node.resume(number).unwrap();
    node.until_state(number, ReplayState::Done);
    eventually("each stands there once", || node.broker.standing() == [0, 1, 2, 3, 4, 5]);
}

/// Another one sent them meanwhile, and the first sent them once more when it found nothing of its own.
#[test]
fn what_is_in_doubt_is_sent_by_nobody_else_before_it_is_known() {
    let (node, first) = killed();
    let second = node.plan(&request(), &many(6));
    let refused = node.start(&second).unwrap_err();
    let told =
        "4 of its events may have been put back by r-1, which does not know yet; resume or cancel that one first";
    assert!(matches!(&refused, ReplayError::Refused { what, .. } if what == told), "{refused}");
    node.resume(first).unwrap();
    node.until_state(first, ReplayState::Done);
    assert!(matches!(node.start(&second).unwrap_err(), ReplayError::Stale { .. }), "more was put back than was read");
    assert_eq!(node.broker.standing(), [0, 1, 2, 3, 4, 5]);
}

/// After a restart it counted as put back whatever came of it.
#[test]
fn what_was_in_doubt_and_is_not_there_waits_again() {
    let (node, first) = killed();
    node.cancel(first);
    node.until(first, "the doubts are known", |it| it.replay.progress.sending == 0);
    let put_back = |at: usize| node.replays().put_back_by(many(6)[at].address().hash());
    eventually("what arrived is put back", || put_back(3) == Some(first));
    assert_eq!((put_back(0), put_back(4), put_back(5)), (Some(first), None, None));
    let second = node.run(&request(), &many(6)[4..]);
    node.until_state(second, ReplayState::Done);
    assert_eq!(node.broker.handed(), [0, 1, 2, 3, 4, 5, 0, 1]);
}
