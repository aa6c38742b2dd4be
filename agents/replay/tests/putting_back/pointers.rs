//! Dead letters that only point to their event.

use tapline_api::{Delivery, ReplayState};

use crate::kit::{Node, Sample, request};

/// More than are looked up one by one were taken for gone: the file that held them was passed over.
#[test]
fn many_events_that_stand_beside_the_archive_are_put_back() {
    const COUNT: i64 = 400;
    let pointers: Vec<Sample> = (0..COUNT).map(|at| Sample::pointer(at, at)).collect();
    let events: Vec<Sample> = (0..COUNT).map(|at| Sample::new("orders", at, &format!("ORD-{at}"))).collect();
    let node = Node::new(&pointers);
    node.keep(&events);
    let number = node.run(&request(), &pointers);
    node.until_state(number, ReplayState::Done);
    assert_eq!(node.deliveries(number), vec![Delivery::Confirmed; 400]);
    let handed = node.broker.with(|inner| inner.handed.clone());
    let sent = handed.iter().map(|record| (record.key.clone(), record.payload.clone()));
    assert!(sent.eq(events.iter().map(|event| (event.key.clone(), event.payload.clone()))));
}

/// Offset 5 of a topic that was made anew is another event.
#[test]
fn an_event_of_an_earlier_life_is_not_put_back_for_one_of_this_life() {
    let pointer = Sample::pointer(0, 5);
    let node = Node::new(&[pointer.clone(), Sample::new("orders", 5, "ORD-5")]);
    let planned = node.plan(&request(), std::slice::from_ref(&pointer));
    assert_eq!(planned.replay.progress.items, 1);
    node.made_anew("orders", 2);
    let refused = node.try_plan(&request(), std::slice::from_ref(&pointer)).unwrap_err();
    assert!(refused.to_string().contains("only point to"), "{refused}");
}
