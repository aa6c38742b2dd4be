//! MassTransit, NServiceBus and Rebus.

use super::{TIMESTAMP, dead, neither};
use crate::fixture::{Fixture, on};

const STACK: &str = "System.InvalidOperationException: cannot price parcel\r\n ---> Shop.UnknownTariffException: tariff \
XX-17 is unknown\r\n   at Shop.Tariffs.Find(String code) in /src/Tariffs.cs:line 9\r\n   \
--- End of inner exception stack trace ---\r\n   at Shop.Pricing.Handle(Order order) in /src/Pricing.cs:line 42\r\n   \
at NServiceBus.InvokeHandlersBehavior.Invoke()\r\n";

fn masstransit(destination: &str) -> Fixture {
    on(destination).headers([
        ("MT-Activity-Id", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("MT-Reason", "fault"),
        ("MT-Fault-ExceptionType", "Shop.UnknownTariffException"),
        ("MT-Fault-Message", "tariff XX-17 is unknown"),
        ("MT-Fault-Timestamp", "2026-11-21T03:12:44.5000000Z"),
        ("MT-Fault-StackTrace", "   at Shop.Tariffs.Find(String code) in /src/Tariffs.cs:line 9\n"),
        ("MT-Fault-ConsumerType", "Shop.PricingConsumer"),
        ("MT-Fault-MessageType", "Shop.OrderPlaced"),
        ("MT-Fault-RetryCount", "3"),
        ("MT-Fault-InputAddress", "rabbitmq://localhost/shop/orders?durable=true"),
        ("MT-Host-MachineName", "SHOP-1"),
    ])
}

#[test]
fn masstransit_faults() {
    dead(&masstransit("orders_error"), |row| {
        assert_eq!((row.framework, row.origin_destination), ("masstransit", Some("orders")));
        assert_eq!((row.exception, row.root_cause), (Some("Shop.UnknownTariffException"), row.exception));
        assert_eq!((row.message, row.stage), (Some("tariff XX-17 is unknown"), Some("Shop.PricingConsumer")));
        assert_eq!((row.attempts, row.origin_timestamp), (Some(4), Some(TIMESTAMP * 1_000)));
    });
    neither(&masstransit("orders"));
}

#[test]
fn masstransit_skips_what_nobody_consumes() {
    dead(&on("orders_skipped").header("MT-Reason", "dead-letter"), |row| {
        assert_eq!((row.origin_destination, row.exception), (Some("orders"), Some("dead-letter")));
        assert_eq!((row.attempts, row.message), (None, None));
    });
}

fn nservicebus(destination: &str) -> Fixture {
    on(destination).headers([
        ("NServiceBus.MessageId", "5d7f8a1c-52c1-4d1b-9a6e-9f1c2b3d4e5f"),
        ("NServiceBus.TimeSent", "2026-11-21 03:12:44:500000 Z"),
        ("NServiceBus.FailedQ", "orders@SHOP-1"),
        ("NServiceBus.ExceptionInfo.ExceptionType", "System.InvalidOperationException"),
        ("NServiceBus.ExceptionInfo.InnerExceptionType", "Shop.UnknownTariffException"),
        ("NServiceBus.ExceptionInfo.HelpLink", ""),
        ("NServiceBus.ExceptionInfo.Message", "cannot price parcel"),
        ("NServiceBus.ExceptionInfo.Source", "Shop"),
        ("NServiceBus.ExceptionInfo.StackTrace", STACK),
        ("NServiceBus.ExceptionInfo.Data.Message ID", "5d7f8a1c-52c1-4d1b-9a6e-9f1c2b3d4e5f"),
        ("NServiceBus.TimeOfFailure", "2026-11-21 03:13:01:002003 Z"),
        ("NServiceBus.ProcessingEndpoint", "Pricing"),
    ])
}

#[test]
fn nservicebus_error_queue() {
    dead(&nservicebus("error"), |row| {
        assert_eq!((row.framework, row.origin_destination), ("nservicebus", Some("orders")));
        assert_eq!((row.consumer_group, row.attempts), (Some("Pricing"), None));
        assert_eq!(row.exception, Some("System.InvalidOperationException"));
        assert_eq!(row.root_cause, Some("Shop.UnknownTariffException"));
        assert_eq!((row.message, row.stack), (Some("cannot price parcel"), Some(STACK)));
        assert_eq!(row.origin_timestamp, Some(TIMESTAMP * 1_000));
    });
    let mut unsent = nservicebus("error");
    unsent.headers.remove(1);
    dead(&unsent, |row| assert_eq!(row.origin_timestamp, Some(1_795_230_781_002_003)));
    neither(&nservicebus("orders"));
}

#[test]
fn what_every_message_carries_is_no_failure() {
    let message = on("orders.retry").headers([
        ("NServiceBus.TimeSent", "2026-11-21 03:12:44:500000 Z"),
        ("NServiceBus.ProcessingEndpoint", "Pricing"),
        ("NServiceBus.Retries", "2"),
        ("rbs2-senttime", "2026-11-21T03:12:44.5000000+00:00"),
        ("rbs2-delivery-count", "1"),
        ("MT-Fault-RetryCount", "3"),
        ("MT-Redelivery-Count", "2"),
    ]);
    neither(&message);
}

#[test]
fn rebus_error_queue() {
    let details =
        format!("5 unhandled exceptions: 11/21/2026 03:12:58 +00:00: {STACK}\r\n11/21/2026 03:12:59 +00:00: {STACK}");
    let fixture = on("error").headers([
        ("rbs2-msg-id", "5d7f8a1c-52c1-4d1b-9a6e-9f1c2b3d4e5f"),
        ("rbs2-senttime", "2026-11-21T04:12:44.5000000+01:00"),
        ("rbs2-error-details", &details),
        ("rbs2-source-queue", "orders"),
    ]);
    dead(&fixture, |row| {
        assert_eq!((row.framework, row.origin_destination), ("rebus", Some("orders")));
        assert_eq!(
            (row.exception, row.message),
            (Some("System.InvalidOperationException"), Some("cannot price parcel"))
        );
        assert_eq!((row.root_cause, row.attempts), (Some("Shop.UnknownTariffException"), Some(5)));
        assert_eq!((row.stack, row.origin_timestamp), (Some(&*details), Some(TIMESTAMP * 1_000)));
    });
    let counted = fixture.header("rbs2-delivery-count", "7");
    dead(&counted, |row| assert_eq!(row.attempts, Some(7)));
    let by_hand = on("error").headers([("rbs2-error-details", "not for us"), ("rbs2-source-queue", "orders")]);
    dead(&by_hand, |row| assert_eq!((row.exception, row.message), (None, Some("not for us"))));
}
