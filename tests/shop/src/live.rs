//! The present: a task for each service with a consumer group of its own, one that places orders, and a slow reader
//! that falls behind and catches up. What services do is theirs; when it happens is decided here.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rdkafka::{
    consumer::{Consumer, StreamConsumer},
    message::BorrowedMessage,
};
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    ShopError,
    broker::{Broker, blocking, delivered},
    history::Past,
    record::{Millis, Record},
    service::{self, Script, Service, storefront},
    spring,
};

/// The group that reads for a while and then does not.
pub(crate) const ANALYTICS: &str = "analytics";

/// What it reads.
pub(crate) const ANALYSED: &[&str] = &["orders", "payments"];

const ANALYTICS_AWAKE: Millis = 40_000;
const ANALYTICS_ASLEEP: Millis = 80_000;

/// Runs all tasks until stopped. The first that cannot start stops the others.
pub(crate) async fn run(
    broker: &Broker,
    script: Script,
    past: Past,
    stop: &CancellationToken,
) -> Result<(), ShopError> {
    let shop = Shop { broker: broker.clone(), script, stop: stop.child_token() };
    let mut tasks = JoinSet::new();
    for service in service::all() {
        tasks.spawn(shop.clone().serve(service));
    }
    tasks.spawn(shop.clone().analyse());
    tasks.spawn(shop.clone().take_orders(past.next_order, past.next_at));
    tasks.spawn(shop.clone().send_all(past.pending));
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        if ended.is_err() {
            shop.stop.cancel();
        }
        outcome = outcome.and(ended);
    }
    outcome
}

#[derive(Clone)]
struct Shop {
    broker: Broker,
    script: Script,
    stop: CancellationToken,
}

impl Shop {
    /// Handles one message after the other: waits for a back-off, sends the first answer, then goes on while later
    /// answers wait for their time.
    async fn serve(self, service: Arc<dyn Service>) -> Result<(), ShopError> {
        let consumer = self.broker.consumer(service.group(), service.topics())?;
        let mut later = JoinSet::new();
        while let Some(message) = self.next(&consumer).await {
            let record = delivered(&message);
            if let Some(due) = spring::backoff(&record.headers) {
                self.wait_until(due).await;
            }
            let mut answers = service.react(&self.script, &record, now());
            answers.sort_by_key(|answer| answer.due);
            let mut answers = answers.into_iter();
            if let Some(first) = answers.next() {
                self.send_when_due(first).await;
            }
            for answer in answers {
                let shop = self.clone();
                later.spawn(async move { shop.send_when_due(answer).await });
            }
            while later.try_join_next().is_some() {}
            done(&consumer, &message);
        }
        close(consumer).await;
        Ok(())
    }

    /// Reads for a while, then sleeps, so that its lag grows and shrinks again.
    async fn analyse(self) -> Result<(), ShopError> {
        let consumer = self.broker.consumer(ANALYTICS, ANALYSED)?;
        while !self.stop.is_cancelled() {
            let tired = now() + self.script.scaled(ANALYTICS_AWAKE);
            while now() < tired {
                let message = tokio::select! {
                    message = self.next(&consumer) => message,
                    () = self.wait_until(tired) => break,
                };
                let Some(message) = message else { break };
                done(&consumer, &message);
            }
            self.wait_until(now() + self.script.scaled(ANALYTICS_ASLEEP)).await;
        }
        close(consumer).await;
        Ok(())
    }

    async fn take_orders(self, first: u64, first_at: Millis) -> Result<(), ShopError> {
        let mut at = first_at.max(now());
        for number in first.. {
            self.wait_until(at).await;
            if self.stop.is_cancelled() {
                break;
            }
            self.broker.count_order();
            self.send(storefront::place(&self.script, number, now())).await;
            // After a pause of the machine the shop goes on; it does not catch up.
            at = (at + self.script.gap(number).max(1)).max(now() - 1_000);
        }
        Ok(())
    }

    async fn send_all(self, records: Vec<Record>) -> Result<(), ShopError> {
        let mut records = records;
        records.sort_by_key(|record| record.due);
        for record in records {
            self.send_when_due(record).await;
        }
        Ok(())
    }

    async fn send_when_due(&self, record: Record) {
        self.wait_until(record.due).await;
        if !self.stop.is_cancelled() {
            self.send(record).await;
        }
    }

    async fn send(&self, record: Record) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            sent = self.broker.send(record) => {
                if let Err(error) = sent {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a record of the shop is lost");
                }
            }
        }
    }

    /// The next message; `None` once the shop is stopped.
    async fn next<'a>(&self, consumer: &'a StreamConsumer) -> Option<BorrowedMessage<'a>> {
        loop {
            let received = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                received = consumer.recv() => received,
            };
            match received {
                Ok(message) => return Some(message),
                // The client library connects and joins again by itself.
                Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "the shop's consumer waits"),
            }
        }
    }

    /// Returns at this time, or at once when the shop is stopped.
    async fn wait_until(&self, at: Millis) {
        let left = u64::try_from(at - now()).unwrap_or(0);
        if left > 0 {
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = sleep(Duration::from_millis(left)) => {}
            }
        }
    }
}

/// Marks the message for the next commit. A partition that was just taken away refuses, and is handled again elsewhere.
fn done(consumer: &StreamConsumer, message: &BorrowedMessage<'_>) {
    if let Err(error) = consumer.store_offset_from_message(message) {
        tracing::debug!(error = &error as &dyn std::error::Error, "a position of the shop is not stored");
    }
}

/// Leaves the group, which waits for the broker.
async fn close(consumer: StreamConsumer) {
    blocking(move || drop(consumer)).await;
}

/// The true time.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
