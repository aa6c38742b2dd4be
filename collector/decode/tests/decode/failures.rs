//! Dead letters and retries with the exact bytes of each framework.

mod amqp;
mod cloud;
mod dotnet;
mod handlers;
mod kafka;
mod spring;
mod streams;

use tapline_model::{DeadLetterRow, RetryRow};

use crate::fixture::{Fixture, on};

const TIMESTAMP: i64 = 1_795_230_764_500;

fn dead(fixture: &Fixture, check: impl FnOnce(DeadLetterRow<'_>)) {
    fixture.decode(|meaning| {
        assert_eq!(meaning.retry, None);
        check(meaning.dead_letter.expect("a dead letter"));
    });
}

fn put_off(fixture: &Fixture, check: impl FnOnce(RetryRow<'_>)) {
    fixture.decode(|meaning| {
        assert_eq!(meaning.dead_letter, None);
        check(meaning.retry.expect("a retry"));
    });
}

fn neither(fixture: &Fixture) {
    fixture.decode(|meaning| assert_eq!((meaning.dead_letter, meaning.retry), (None, None)));
}

fn fingerprint(fixture: &Fixture) -> String {
    fixture.decode(|meaning| meaning.dead_letter.unwrap().fingerprint.unwrap().to_owned())
}

#[test]
fn one_cause_has_one_fingerprint_whoever_wrote_it() {
    let first = fingerprint(&spring::recoverer(258));
    assert_eq!(first, fingerprint(&spring::recoverer(999)));
    assert_eq!(first, fingerprint(&spring::retryable("orders-dlt", &4i32.to_be_bytes())));
    let other_group = spring::recoverer(258).header("kafka_dlt-original-consumer-group", "shipping");
    assert_ne!(first, fingerprint(&other_group));
}

#[test]
fn the_newest_framework_decides() {
    let both = kafka::connect(on("orders-dlt"), "17", "no")
        .headers([("kafka_dlt-original-topic", "orders-again"), ("kafka_dlt-exception-fqcn", "shop.Broken")]);
    dead(&both, |row| assert_eq!((row.framework, row.exception), ("spring_kafka", Some("shop.Broken"))));
}

#[test]
fn names_alone_and_leftovers_are_no_dead_letters() {
    on("orders.DLT").decode(|meaning| assert_eq!((meaning.dead_letter, meaning.retry), (None, None)));
    on("orders-dlt")
        .header("kafka_dlt-original-consumer-group", "g")
        .decode(|meaning| assert_eq!(meaning.dead_letter, None));
    let mut put_back = spring::recoverer(258);
    put_back.destination = "orders".into();
    put_back.decode(|meaning| assert_eq!((meaning.dead_letter, meaning.retry), (None, None)));
}
