//! Consumers in a real browser, on a real Kafka with a real consumer: who is behind, on which event it stands, and that it
//! recovers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, ensure};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use serde_json::json;
use tapline_kit::{Browser, Kafka, Record, Tapline, wait_for};

const READS: u8 = 0;
const SLEEPS: u8 = 1;
const ENDS: u8 = 2;

/// A consumer of `orders`, and a producer that never rests.
struct Shop {
    does: Arc<AtomicU8>,
    threads: Vec<JoinHandle<Result<()>>>,
}

impl Shop {
    fn open(kafka: &Kafka) -> Result<Self> {
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

    fn now(&self, does: u8) {
        self.does.store(does, Ordering::Relaxed);
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.now(ENDS);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

#[test]
fn who_stands_still_is_told_with_its_event_and_recovers() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 3, &[("retention.ms", "3600000")])?;
    let tapline = Tapline::start(&format!(
        "[lag]\ninterval = \"1s\"\n[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n",
        kafka.bootstrap()
    ))?;
    let shop = Shop::open(&kafka)?;
    wait_for("the group to be judged", Duration::from_secs(120), || {
        let rows =
            tapline.sql("SELECT count(*) FROM lag WHERE group_name = 'shipping' AND state = 'ok' AND read_rate > 0")?;
        Ok((rows[0][0] == json!(3)).then_some(()))
    })?;
    tokio::runtime::Runtime::new()?.block_on(look(&tapline, &shop))
}

async fn look(tapline: &Tapline, shop: &Shop) -> Result<()> {
    let browser = Browser::open(1440, 1000).await?;
    browser.go(&format!("{}/", tapline.address())).await?;
    browser.find("h1").await?;
    browser.press("gc").await?;
    browser.until_text_of("h1", "The one group keeps up").await?;
    browser.until_text_of(".opened .pill", "Keeps up").await?;

    shop.now(SLEEPS);
    stands(tapline, "stop")?;
    browser.until_text_of("h1", "shipping has stopped on orders/").await?;
    browser.until_text_of(".opened .pill", "Standing still").await?;
    browser.until_text_of(".found li.bad", "stands at offset").await?;
    browser.until_text_of(".mem-t", "shipping-1").await?;
    browser.until_text_of(".nav a[href^='/consumers'] .n", "1").await?;
    browser.until("document.querySelectorAll('.hr svg path').length >= 3").await?;
    browser.picture("consumers-standing").await?;

    // The event that it would read next.
    browser.click(".found li.bad a").await?;
    browser.until_text_of("h1", "The chain of orders").await?;
    browser.press("gc").await?;
    browser.until_text_of(".opened .pill", "Standing still").await?;

    shop.now(READS);
    stands(tapline, "ok")?;
    browser.until_text_of("h1", "The one group keeps up").await?;
    browser.until_text_of(".opened .pill", "Keeps up").await?;
    let kept = tapline.sql("SELECT count(DISTINCT partition) FROM lag_history WHERE group_name = 'shipping'")?;
    ensure!(kept[0][0] == json!(3), "how it went is kept: {kept:?}");
    let complaints = browser.complaints().await?;
    ensure!(json!(complaints) == json!([]), "the browser complains: {complaints:?}");
    Ok(())
}

/// The page asks each ten seconds; waiting for it begins when there is something to be seen.
fn stands(tapline: &Tapline, state: &str) -> Result<()> {
    wait_for(&format!("the group to be `{state}`"), Duration::from_secs(120), || {
        let rows = tapline.sql("SELECT state FROM groups WHERE name = 'shipping'")?;
        Ok((rows == [vec![json!(state)]]).then_some(()))
    })
}
