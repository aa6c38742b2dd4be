//! What the shop's listeners throw, printed as a Java virtual machine prints it: messages, frames, causes, and the
//! frames that a cause shares with what it caused folded into "... n more".

use std::fmt::Write;

use crate::{envelope::rfc3339, record::Millis};

/// A thrown exception with its cause.
pub(crate) struct Throwable {
    class: &'static str,
    message: String,
    frames: Vec<&'static str>,
    cause: Option<Box<Throwable>>,
}

/// The classes in which Spring wraps what a listener throws.
const WRAPPERS: [&str; 2] = [LISTENER_FAILED, TIMESTAMPED];
const LISTENER_FAILED: &str = "org.springframework.kafka.listener.ListenerExecutionFailedException";
const TIMESTAMPED: &str = "org.springframework.kafka.listener.TimestampedException";

/// How every listener of a container is called, from its own method outwards.
const INVOCATION: [&str; 5] = [
    "java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)",
    "java.base/java.lang.reflect.Method.invoke(Method.java:580)",
    "org.springframework.messaging.handler.invocation.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:169)",
    "org.springframework.messaging.handler.invocation.InvocableHandlerMethod.invoke(InvocableHandlerMethod.java:119)",
    "org.springframework.kafka.listener.adapter.HandlerAdapter.invoke(HandlerAdapter.java:78)",
];

const ADAPTER: [&str; 3] = [
    "org.springframework.kafka.listener.adapter.MessagingMessageListenerAdapter.invokeHandler(MessagingMessageListenerAdapter.java:475)",
    "org.springframework.kafka.listener.adapter.MessagingMessageListenerAdapter.invoke(MessagingMessageListenerAdapter.java:416)",
    "org.springframework.kafka.listener.adapter.RecordMessagingMessageListenerAdapter.onMessage(RecordMessagingMessageListenerAdapter.java:85)",
];

const BACKOFF_AWARE: &str = "org.springframework.kafka.listener.adapter.KafkaBackoffAwareMessageListenerAdapter.onMessage(KafkaBackoffAwareMessageListenerAdapter.java:98)";

const CONTAINER: [&str; 7] = [
    "org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.doInvokeOnMessage(KafkaMessageListenerContainer.java:2901)",
    "org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.invokeOnMessage(KafkaMessageListenerContainer.java:2879)",
    "org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.doInvokeRecordListener(KafkaMessageListenerContainer.java:2788)",
    "org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.pollAndInvoke(KafkaMessageListenerContainer.java:1524)",
    "org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.run(KafkaMessageListenerContainer.java:1413)",
    "java.base/java.util.concurrent.CompletableFuture$AsyncRun.run(CompletableFuture.java:1804)",
    "java.base/java.lang.Thread.run(Thread.java:1583)",
];

const DECORATE: &str = "org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.decorateException(KafkaMessageListenerContainer.java:2975)";

impl Throwable {
    pub(crate) fn class(&self) -> &'static str {
        self.class
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The first in the chain of causes that is not Spring's wrapping.
    pub(crate) fn own(&self) -> &Self {
        match &self.cause {
            Some(cause) if WRAPPERS.contains(&self.class) => cause.own(),
            _ => self,
        }
    }

    /// What `printStackTrace` prints.
    pub(crate) fn stack_trace(&self) -> String {
        let mut text = String::new();
        self.print(&mut text, "", &[]);
        text
    }

    fn print(&self, text: &mut String, caption: &str, enclosing: &[&str]) {
        let shared =
            self.frames.iter().rev().zip(enclosing.iter().rev()).take_while(|(own, other)| own == other).count();
        text.push_str(caption);
        text.push_str(self.class);
        text.push_str(": ");
        text.push_str(&self.message);
        text.push('\n');
        for frame in &self.frames[..self.frames.len() - shared] {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "\tat {frame}");
        }
        if shared > 0 {
            let _ = writeln!(text, "\t... {shared} more");
        }
        if let Some(cause) = &self.cause {
            cause.print(text, "Caused by: ", &self.frames);
        }
    }
}

/// Jackson's complaint about a card type it was not told of, thrown in the listener of payments.
pub(crate) fn unreadable_card(kind: &str, column: usize, at: Millis) -> Throwable {
    let message = format!(
        "Cannot deserialize value of type `com.example.shop.payments.CardType` from String \"{kind}\": not one of the \
         values accepted for Enum class: [AMEX, MASTERCARD, VISA]\n at [Source: REDACTED \
         (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {column}] (through reference \
         chain: com.example.shop.payments.OrderPlaced[\"payment\"]->com.example.shop.payments.Payment[\"card\"]->\
         com.example.shop.payments.Card[\"type\"])"
    );
    let own = [
        "com.fasterxml.jackson.databind.exc.InvalidFormatException.from(InvalidFormatException.java:67)",
        "com.fasterxml.jackson.databind.DeserializationContext.weirdStringException(DeserializationContext.java:1999)",
        "com.fasterxml.jackson.databind.DeserializationContext.handleWeirdStringValue(DeserializationContext.java:1230)",
        "com.fasterxml.jackson.databind.deser.std.EnumDeserializer._deserializeAltString(EnumDeserializer.java:464)",
        "com.fasterxml.jackson.databind.deser.std.EnumDeserializer.deserialize(EnumDeserializer.java:279)",
        "com.fasterxml.jackson.databind.ObjectMapper.readValue(ObjectMapper.java:3975)",
        "com.example.shop.payments.OrderReader.read(OrderReader.java:41)",
        "com.example.shop.payments.OrderListener.onOrder(OrderListener.java:58)",
    ];
    let thrown = in_listener("com.fasterxml.jackson.databind.exc.InvalidFormatException", message, &own, true, None);
    retryable("public void com.example.shop.payments.OrderListener.onOrder(byte[])", thrown, at)
}

/// The payment gateway does not answer in time, thrown in the listener of payments.
pub(crate) fn gateway_timeout(at: Millis) -> Throwable {
    let caller = [
        "com.example.shop.payments.GatewayClient.authorise(GatewayClient.java:88)",
        "com.example.shop.payments.OrderListener.onOrder(OrderListener.java:63)",
    ];
    let reading = ["java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)", caller[0], caller[1]];
    let cause = in_listener("java.net.SocketTimeoutException", "Read timed out".to_owned(), &reading, true, None);
    let message = "gateway did not answer within 2000 ms".to_owned();
    let class = "com.example.shop.payments.GatewayException";
    let thrown = in_listener(class, message, &caller, true, Some(cause));
    retryable("public void com.example.shop.payments.OrderListener.onOrder(byte[])", thrown, at)
}

/// Shipping has no tariff for a country, thrown in its listener.
pub(crate) fn unknown_country(country: &str) -> Throwable {
    let own = [
        "com.example.shop.shipping.Tariffs.zoneOf(Tariffs.java:77)",
        "com.example.shop.shipping.ParcelPlanner.plan(ParcelPlanner.java:52)",
        "com.example.shop.shipping.StockListener.onStockReserved(StockListener.java:39)",
    ];
    let message = format!("no tariff zone for country {country}");
    let thrown = in_listener("com.example.shop.shipping.UnknownCountryException", message, &own, false, None);
    let method = "public void com.example.shop.shipping.StockListener.onStockReserved(byte[])";
    decorated(format!("Listener method '{method}' threw exception"), [&ADAPTER[..], &CONTAINER].concat(), thrown)
}

fn in_listener(
    class: &'static str,
    message: String,
    own: &[&'static str],
    retryable: bool,
    cause: Option<Throwable>,
) -> Throwable {
    let backoff: &[&str] = if retryable { &[BACKOFF_AWARE] } else { &[] };
    let frames = [own, &INVOCATION, &ADAPTER, backoff, &CONTAINER].concat();
    Throwable { class, message, frames, cause: cause.map(Box::new) }
}

/// What the container makes of an exception that leaves a listener of `@RetryableTopic`.
fn retryable(method: &str, thrown: Throwable, at: Millis) -> Throwable {
    let frames = [&ADAPTER[..], &[BACKOFF_AWARE], &CONTAINER].concat();
    let listener = decorated(format!("Listener method '{method}' threw exception"), frames, thrown);
    let timestamped = Throwable {
        class: TIMESTAMPED,
        message: format!("Exception thrown at {}", rfc3339(at)),
        frames: [&[BACKOFF_AWARE][..], &CONTAINER].concat(),
        cause: Some(Box::new(listener)),
    };
    decorated("Listener failed".to_owned(), [&[DECORATE][..], &CONTAINER].concat(), timestamped)
}

fn decorated(message: String, frames: Vec<&'static str>, cause: Throwable) -> Throwable {
    Throwable { class: LISTENER_FAILED, message, frames, cause: Some(Box::new(cause)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_frames_are_folded_as_java_folds_them() {
        let cause = Throwable { class: "B", message: "b".to_owned(), frames: vec!["x", "m", "n"], cause: None };
        let thrown =
            Throwable { class: "A", message: "a".to_owned(), frames: vec!["m", "n"], cause: Some(Box::new(cause)) };
        assert_eq!(thrown.stack_trace(), "A: a\n\tat m\n\tat n\nCaused by: B: b\n\tat x\n\t... 2 more\n");
    }

    #[test]
    fn the_own_cause_is_beneath_springs_wrapping() {
        let thrown = unreadable_card("CARTE_BANCAIRE", 512, 0);
        assert_eq!(thrown.class(), LISTENER_FAILED);
        assert_eq!(thrown.own().class(), "com.fasterxml.jackson.databind.exc.InvalidFormatException");
        assert!(thrown.stack_trace().contains("from String \"CARTE_BANCAIRE\""));
        assert_eq!(thrown.stack_trace().matches("Caused by: ").count(), 3);
    }

    #[test]
    fn an_own_exception_with_a_cause_is_named_itself() {
        let thrown = gateway_timeout(0);
        assert_eq!(thrown.own().class(), "com.example.shop.payments.GatewayException");
        assert!(thrown.stack_trace().contains("\nCaused by: java.net.SocketTimeoutException: Read timed out\n"));
    }
}
