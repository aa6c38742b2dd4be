//! The live tail: what comes, what is dropped, what is caught up.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::head;
use crate::kit::{Running, Sample, addresses};

/// A reader of server-sent events.
struct Reader {
    stream: TcpStream,
    /// Not yet taken, without the marks of chunks.
    text: String,
}

#[derive(Debug)]
struct Message {
    event: String,
    id: String,
    data: Value,
}

impl Reader {
    async fn open(running: &Running, query: &str, headers: &[(&str, &str)]) -> Self {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        let request = head(running.address, "GET", &format!("/api/v1/events/tail?{query}"), headers);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reader = Self { stream, text: String::new() };
        while !reader.text.contains("\r\n\r\n") {
            assert!(reader.more().await, "{}", reader.text);
        }
        assert!(reader.text.starts_with("HTTP/1.1 200"), "{}", reader.text);
        assert!(reader.text.contains("content-type: text/event-stream"), "{}", reader.text);
        let end = reader.text.find("\r\n\r\n").unwrap();
        reader.text.drain(..end + 4);
        reader
    }

    async fn more(&mut self) -> bool {
        let mut buffer = vec![0; 64 << 10];
        let read = tokio::time::timeout(Duration::from_secs(60), self.stream.read(&mut buffer)).await.unwrap().unwrap();
        self.text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        read > 0
    }

    /// The next message; comments that keep the connection alive are passed over.
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let field =
                    |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(|it| it.trim().to_owned());
                if let Some(data) = field("data:") {
                    let data = serde_json::from_str(&data).unwrap();
                    return Some(Message { event: field("event:").unwrap(), id: field("id:").unwrap(), data });
                }
            } else if !self.more().await {
                return None;
            }
        }
    }

    /// Addresses of so many events, with the number of dropped ones said meanwhile, and the last cursor.
    async fn take(&mut self, count: usize) -> (Vec<String>, u64, String) {
        let (mut events, mut dropped, mut id) = (Vec::new(), 0, String::new());
        while events.len() < count {
            let message = self.next().await.expect("the tail goes on");
            id = message.id;
            match message.event.as_str() {
                "events" => events.extend(addresses(&message.data)),
                "dropped" => dropped += message.data["count"].as_u64().unwrap(),
                other => panic!("unknown event {other}"),
            }
        }
        (events, dropped, id)
    }
}

fn named(destination: &str, offsets: impl IntoIterator<Item = i64>) -> Vec<String> {
    offsets.into_iter().map(|offset| format!("shop/{destination}/0/{offset}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_as_they_are_archived_and_filters_hold() {
    let running = Running::start().await;
    running.append(&[Sample::new("orders", 0)]);
    let mut all = Reader::open(&running, "", &[]).await;
    let mut large = Reader::open(&running, "destination=orders&field=total%3E10", &[]).await;
    running.append(&[Sample::json("orders", 1, r#"{"total":5}"#), Sample::json("payments", 0, r#"{"total":50}"#)]);
    running.append(&[Sample::json("orders", 2, r#"{"total":11}"#)]);
    assert_eq!(all.take(3).await.0, ["shop/orders/0/1", "shop/payments/0/0", "shop/orders/0/2"]);
    assert_eq!(large.take(1).await.0, ["shop/orders/0/2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_comes_back_misses_nothing() {
    let running = Running::start().await;
    let mut reader = Reader::open(&running, "", &[]).await;
    running.append(&[Sample::new("orders", 0)]);
    let (_, _, id) = reader.take(1).await;
    drop(reader);
    running.append(&[Sample::new("orders", 1), Sample::new("orders", 2)]);

    // Its place is still in memory: exact.
    let mut back = Reader::open(&running, "", &[("last-event-id", &id)]).await;
    running.append(&[Sample::new("orders", 3)]);
    assert_eq!(back.take(3).await.0, named("orders", 1..4));
    drop(back);

    // It has left memory: by time, so that the last second may come again, but nothing is missing.
    running.archive.flush().await.unwrap();
    running.append(&[Sample::new("orders", 4)]);
    let mut later = Reader::open(&running, &format!("cursor={id}"), &[]).await;
    let (events, dropped, _) = later.take(4).await;
    assert_eq!(dropped, 0);
    for expected in named("orders", 1..5) {
        assert!(events.contains(&expected), "{expected} is missing in {events:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_at_once_are_counted_not_sent() {
    let running = Running::start().await;
    let mut reader = Reader::open(&running, "", &[]).await;
    let many: Vec<Sample> = (0..6_000).map(|offset| Sample::new("orders", offset)).collect();
    running.append(&many);
    let (events, dropped, _) = reader.take(1).await;
    assert_eq!((events.len() as u64) + dropped, 6_000);
    assert!(dropped > 0, "a message has a bound");
    assert_eq!(events.last().unwrap(), "shop/orders/0/5999", "the newest are kept");
}

/// What five thousand events a second leave in half a second, which is how a broker may hand them over.
#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_a_second_are_sent_whole() {
    let running = Running::start().await;
    let mut reader = Reader::open(&running, "", &[]).await;
    for chunk in 0..52 {
        let some: Vec<Sample> = (0..50).map(|n| Sample::new("orders", chunk * 50 + n)).collect();
        running.append(&some);
    }
    let (events, dropped, _) = reader.take(2_600).await;
    assert_eq!((events, dropped), (named("orders", 0..2_600), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_holds_up_nobody_and_is_told_what_it_missed() {
    let running = Running::start().await;
    let mut slow = Reader::open(&running, "", &[]).await;
    let mut quick = Reader::open(&running, "destination=last", &[]).await;
    // More than sockets and broadcast hold: the slow reader reads nothing meanwhile.
    let payload = format!("{{\"x\":\"{}\"}}", "x".repeat(390));
    let mut offset = 0;
    for _ in 0..1_200 {
        let some: Vec<Sample> = (0..20).map(|n| Sample::json("orders", offset + n, &payload)).collect();
        offset += 20;
        running.append(&some);
    }
    running.append(&[Sample::new("last", 0)]);
    let told =
        tokio::time::timeout(Duration::from_secs(30), quick.take(1)).await.expect("the quick reader is not held up");
    assert_eq!(told.0, ["shop/last/0/0"]);
    let (mut events, mut dropped) = (0, 0);
    while events + dropped < 24_001 {
        let message = slow.next().await.unwrap();
        match message.event.as_str() {
            "events" => events += message.data.as_array().unwrap().len() as u64,
            _ => dropped += message.data["count"].as_u64().unwrap(),
        }
    }
    assert_eq!(events + dropped, 24_001, "every event is sent or counted, once");
    assert!(dropped > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tails_are_limited_in_number_and_give_their_place_back() {
    let running = Running::start().await;
    let mut readers = Vec::new();
    for _ in 0..64 {
        readers.push(Reader::open(&running, "", &[]).await);
    }
    assert_eq!(running.get("/api/v1/events/tail").await.problem(), "too_many_tails");
    readers.clear();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        // A tail notices that its reader is gone when it has something to say.
        running.append(&[Sample::new("orders", 0)]);
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(head(running.address, "GET", "/api/v1/events/tail", &[]).as_bytes()).await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        if status.ends_with(b"200") {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "places are not given back");
    }
}
