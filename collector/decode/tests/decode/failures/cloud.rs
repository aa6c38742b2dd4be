//! Azure Service Bus, SQS and EventBridge.

use super::{TIMESTAMP, dead, neither};
use crate::fixture::on;

#[test]
fn azure_service_bus_by_the_queue_s_name() {
    let reason = [
        ("DeadLetterReason", "MaxDeliveryCountExceeded"),
        ("DeadLetterErrorDescription", "Message could not be consumed after 10 delivery attempts."),
    ];
    dead(&on("orders/$deadletterqueue").headers(reason), |row| {
        assert_eq!((row.framework, row.origin_destination), ("azure_service_bus", Some("orders")));
        assert_eq!((row.exception, row.consumer_group), (Some("MaxDeliveryCountExceeded"), None));
        assert_eq!(row.message, Some("Message could not be consumed after 10 delivery attempts."));
    });
    dead(&on("shop/orders/Subscriptions/billing/$DeadLetterQueue").headers(reason), |row| {
        assert_eq!((row.origin_destination, row.consumer_group), (Some("shop/orders"), Some("billing")));
    });
    let forwarded = on("graveyard").headers(reason).header("DeadLetterSource", "orders/subscriptions/billing");
    dead(&forwarded, |row| {
        assert_eq!((row.origin_destination, row.consumer_group), (Some("orders"), Some("billing")));
    });
    // Sent again with all its properties.
    neither(&on("orders").headers(reason));
}

#[test]
fn sqs_says_where_from_and_no_more() {
    let system = [
        ("SenderId", "AIDAEXAMPLE"),
        ("SentTimestamp", "1795230764500"),
        ("ApproximateReceiveCount", "4"),
        ("ApproximateFirstReceiveTimestamp", "1795230765000"),
    ];
    let source = "arn:aws:sqs:eu-central-1:111122223333:orders";
    dead(&on("orders-dlq").headers(system).header("DeadLetterQueueSourceArn", source), |row| {
        assert_eq!((row.framework, row.origin_destination), ("sqs", Some("orders")));
        assert_eq!((row.attempts, row.origin_timestamp), (Some(4), Some(TIMESTAMP * 1_000)));
        assert_eq!((row.exception, row.message, row.consumer_group), (None, None, None));
    });
    for queue in ["orders", "orders-retry", "orders-dlq"] {
        neither(&on(queue).headers(system));
    }
}

#[test]
fn eventbridge_rules_write_attributes() {
    let error = [
        ("ERROR_CODE", "NO_PERMISSIONS"),
        ("ERROR_MESSAGE", "User: events.amazonaws.com is not authorized to perform: sqs:SendMessage"),
        ("EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts"),
        ("RETRY_ATTEMPTS", "2"),
        ("TARGET_ARN", "arn:aws:sqs:eu-central-1:111122223333:large-orders"),
    ];
    let rule = "arn:aws:events:eu-central-1:111122223333:rule/shop/large-orders";
    let event =
        r#"{"version":"0","id":"0b1e5c4a-0000-4000-8000-00000000000f","detail-type":"OrderPlaced","source":"shop"}"#;
    let dlq = on("rules-dlq").header("SentTimestamp", "1795230764500").header("RULE_ARN", rule).headers(error);
    dead(&dlq.payload(event), |row| {
        assert_eq!((row.framework, row.origin_destination), ("eventbridge", Some("shop")));
        assert_eq!((row.consumer_group, row.attempts), (Some("large-orders"), Some(3)));
        assert_eq!(row.exception, Some("NO_PERMISSIONS"));
        assert_eq!(row.stage, Some("arn:aws:sqs:eu-central-1:111122223333:large-orders"));
        assert!(row.message.unwrap().contains("not authorized"));
    });
    // Anybody may call a header so.
    neither(&on("orders").headers(error));
}

/// The example of the manual, where two events failed in one batch.
const RECORD: &str = r#"{
    "version": "1.0",
    "busArn": "arn:aws:events:us-east-1:111122223333:event-busv2/orders/EXAMPLE1234567890abcdef",
    "subscriberArn": "arn:aws:events:us-east-1:111122223333:subscriber/large-orders/EXAMPLEabcdef1234567890",
    "targetArn": "arn:aws:sqs:us-east-1:111122223333:large-orders",
    "errorCode": "ACCESS_DENIED",
    "errorMessage": "The delivery role is not authorized to perform sqs:SendMessage on the target.",
    "exhaustedRetryCondition": "MaximumEventAgeInSeconds",
    "retryAttempts": 4,
    "failedMessages": [
        {"eventId": "a1b2c3d4-0001", "eventGroupId": "order-1001", "deduplicationId": null, "timestamp": "2026-11-21T03:12:44.5Z", "targetRequestId": "r-1"},
        {"eventId": "e5f6a7b8-0002", "eventGroupId": "order-1002", "deduplicationId": null, "timestamp": "2026-11-21T03:12:45Z", "targetRequestId": "r-2"}
    ]
}"#;

#[test]
fn eventbridge_buses_write_records_that_point_to_events() {
    let record = on("bus-dlq").header("SentTimestamp", "1795230799000").payload(RECORD);
    dead(&record, |row| {
        assert_eq!((row.framework, row.origin_destination), ("eventbridge", Some("orders")));
        assert_eq!((row.consumer_group, row.attempts), (Some("large-orders"), Some(5)));
        assert_eq!((row.exception, row.root_cause), (Some("ACCESS_DENIED"), Some("ACCESS_DENIED")));
        assert_eq!(row.stage, Some("arn:aws:sqs:us-east-1:111122223333:large-orders"));
        assert_eq!((row.origin_timestamp, row.origin_offset), (Some(TIMESTAMP * 1_000), None));
        assert_eq!(row.fingerprint.unwrap().len(), 16);
    });
    let ids = record.ids();
    for id in ["eventId=a1b2c3d4-0001", "eventId=e5f6a7b8-0002"] {
        assert!(ids.contains(&id.to_owned()), "{ids:?}");
    }
    neither(&on("orders").payload(r#"{"busArn":"arn:aws:events:us-east-1:1:event-busv2/orders/x","errorCode":"X"}"#));
    neither(&on("orders").payload(r#"{"busArn":"arn"}"#));
}
