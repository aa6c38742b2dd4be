//! RabbitMQ's own dead letters, and Spring AMQP's. Tables come as JSON text.

use super::{TIMESTAMP, dead, fingerprint, neither, put_off};
use crate::fixture::{Fixture, on};

/// As RabbitMQ 3.13 writes it for a message that was rejected three times and waited in between.
const DEATHS: &str = r#"[
{"count":3,"exchange":"orders","queue":"orders.work","reason":"rejected","routing-keys":["order.placed"],"time":1795230770},
{"count":2,"exchange":"retry","queue":"orders.wait","reason":"expired","routing-keys":["order.placed"],"time":1795230766},
{"count":1,"exchange":"","queue":"orders","reason":"rejected","routing-keys":["orders"],"time":1795230764}]"#;

fn rabbitmq(destination: &str) -> Fixture {
    on(destination).headers([
        ("x-death", DEATHS),
        ("x-first-death-exchange", ""),
        ("x-first-death-queue", "orders"),
        ("x-first-death-reason", "rejected"),
        ("x-last-death-exchange", "orders"),
        ("x-last-death-queue", "orders.work"),
        ("x-last-death-reason", "rejected"),
    ])
}

#[test]
fn rabbitmq_says_where_and_how_often() {
    dead(&rabbitmq("orders.dead"), |row| {
        assert_eq!((row.framework, row.origin_destination), ("rabbitmq", Some("orders")));
        assert_eq!((row.exception, row.attempts), (Some("rejected"), Some(3)));
        assert_eq!(row.origin_timestamp, Some(1_795_230_764_000_000));
        assert_eq!((row.origin_partition, row.origin_offset, row.message), (None, None, None));
    });
    neither(&rabbitmq("orders"));
    put_off(&rabbitmq("orders.retry"), |row| {
        assert_eq!((row.origin_destination, row.attempts), (Some("orders"), Some(3)));
    });
}

#[test]
fn rabbitmq_by_the_array_alone_or_the_names_alone() {
    let array = on("graveyard").header("x-death", DEATHS);
    dead(&array, |row| assert_eq!((row.origin_destination, row.exception), (Some("orders"), Some("rejected"))));
    let names = on("graveyard").headers([("x-first-death-queue", "orders"), ("x-last-death-reason", "maxlen")]);
    dead(&names, |row| {
        assert_eq!((row.origin_destination, row.exception), (Some("orders"), Some("maxlen")));
        assert_eq!((row.attempts, row.origin_timestamp), (None, None));
    });
    assert_ne!(fingerprint(&array), fingerprint(&names));
}

#[test]
fn quorum_queues_count_deliveries() {
    let limit = r#"[{"count":1,"exchange":"","queue":"orders","reason":"delivery_limit","routing-keys":["orders"],"time":1795230764}]"#;
    dead(&on("orders.dead").headers([("x-death", limit), ("x-delivery-count", "20")]), |row| {
        assert_eq!((row.exception, row.attempts), (Some("delivery_limit"), Some(20)));
    });
    neither(&on("orders").header("x-delivery-count", "2"));
    neither(&on("orders.retry").header("x-delivery-count", "2"));
}

#[test]
fn what_waited_in_a_queue_comes_back() {
    let expired =
        r#"[{"count":2,"queue":"orders.wait","reason":"expired"},{"count":2,"queue":"orders","reason":"rejected"}]"#;
    put_off(&on("orders-exchange").header("x-death", expired), |row| {
        assert_eq!((row.origin_destination, row.attempts), (Some("orders"), Some(2)));
    });
    let never_tried = r#"[{"count":1,"queue":"orders","reason":"expired"}]"#;
    dead(&on("too-late").header("x-death", never_tried), |row| {
        assert_eq!((row.exception, row.attempts), (Some("expired"), None));
    });
}

#[test]
fn tables_that_are_none_tell_nothing_more() {
    for table in ["", "[", "null", "[{\"queue\":7}]", &"[".repeat(100_000)] {
        let broken = on("orders.dead").headers([("x-first-death-queue", "orders"), ("x-death", table)]);
        dead(&broken, |row| assert_eq!((row.origin_destination, row.attempts), (Some("orders"), None)));
    }
    neither(&on("orders.dead").header("x-death", "["));
}

fn republished(exchange: &str) -> Fixture {
    on("error.orders").headers([
        ("x-original-exchange", exchange),
        ("x-original-routingKey", "order.placed"),
        (
            "x-exception-stacktrace",
            "org.springframework.amqp.rabbit.support.ListenerExecutionFailedException: Listener method \
             'public void shop.Pricing.on(shop.Order)' threw exception\n\tat org.springframework.amqp.rabbit.X.y(X.java:1)\n\
             Caused by: shop.NoPrice: order 17 has no price\n\tat shop.Pricing.on(Pricing.java:42)\n",
        ),
        ("x-exception-message", "order 17 has no price"),
        ("retry-count", "3"),
    ])
}

#[test]
fn spring_amqp_says_why() {
    dead(&republished("shop"), |row| {
        assert_eq!((row.framework, row.origin_destination), ("spring_amqp", Some("shop")));
        assert_eq!((row.exception, row.root_cause), (Some("shop.NoPrice"), Some("shop.NoPrice")));
        assert_eq!((row.message, row.stage), (Some("order 17 has no price"), Some("listener")));
        assert_eq!(row.attempts, Some(3));
    });
    // The default exchange has no name.
    dead(&republished(""), |row| assert_eq!(row.origin_destination, Some("order.placed")));
    // Arguments of a message have no order, and the broker's are of long ago.
    let both = republished("shop").header("x-death", DEATHS).header("x-first-death-queue", "orders");
    dead(&both, |row| assert_eq!((row.framework, row.exception), ("spring_amqp", Some("shop.NoPrice"))));
    // On Kafka the same names are Spring Cloud Stream's.
    let kafka = on("error.orders.billing").header("x-original-timestamp", TIMESTAMP.to_be_bytes());
    dead(&kafka.headers([("x-original-topic", "orders"), ("x-exception-message", "no")]), |row| {
        assert_eq!((row.framework, row.origin_timestamp), ("spring_cloud_stream", Some(TIMESTAMP * 1_000)));
    });
    neither(&on("orders").headers([("x-original-exchange", "shop"), ("x-original-routingKey", "order.placed")]));
}
