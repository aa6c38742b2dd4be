//! A group of one consumer that reads, or does not, and a producer that never rests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use tapline_kit::{Kafka, Record};

/// A consumer reads what comes.
pub const READS: u8 = 0;
/// It stays a member and reads nothing.
pub const SLEEPS: u8 = 1;
const ENDS: u8 = 2;

/// A consumer of `orders`, and a producer that never rests.
pub struct Shop {
    does: Arc<AtomicU8>,
    threads: Vec<JoinHandle<Result<()>>>,
}

impl Shop {
    /// Both begin; the topic has three partitions.
    pub fn open(kafka: &Kafka) -> Result<Self> {
        let does = Arc::new(AtomicU8::new(READS));
        let mut config = kafka.client();
        config.set("group.id", "shipping").set("client.id", "shipping-1").set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.set("auto.offset.reset", "earliest").create()?;
        consumer.subscribe(&["orders"])?;
        let (reads, writes) = (Arc::clone(&does), Arc::clone(&does));
        let reading = std::thread::spawn(move || {
            while reads.load(Ordering::Relaxed) != ENDS {
                // Whoever sleeps stays a member.
                let pause = reads.load(Ordering::Relaxed) == SLEEPS;
                let all = consumer.assignment()?;
                if pause {
                    consumer.pause(&all)?
                } else {
                    consumer.resume(&all)?
                }
                if let Some(message) = consumer.poll(Duration::from_millis(100)) {
                    consumer.commit_message(&message?, CommitMode::Async)?;
                }
            }
            Ok(())
        });
        let producer = kafka.producer()?;
        let writing = std::thread::spawn(move || {
            let mut number = 0_u64;
            while writes.load(Ordering::Relaxed) != ENDS {
                let records: Vec<Record> = (0..3)
                    .map(|partition| Record::new("orders", partition, format!("{{\"orderId\":\"ORD-{number}\"}}")))
                    .collect();
                producer.send_all(&records)?;
                number += 1;
                std::thread::sleep(Duration::from_millis(300)); // tidy: wait
            }
            Ok(())
        });
        Ok(Self { does, threads: vec![reading, writing] })
    }

    /// Has the consumer do so from now on.
    pub fn now(&self, does: u8) {
        self.does.store(does, Ordering::Relaxed);
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.now(ENDS);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}
