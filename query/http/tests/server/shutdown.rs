//! How serving ends, and what a slow caller cannot do.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::head;
use crate::kit::Running;

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_tails_and_idle_connections_soon() {
    let running = Running::start().await;
    let mut tail = TcpStream::connect(running.address).await.unwrap();
    tail.write_all(head(running.address, "GET", "/api/v1/events/tail", &[]).as_bytes()).await.unwrap();
    let mut begin = [0; 12];
    tail.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    let idle = TcpStream::connect(running.address).await.unwrap();

    running.cancel.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(30), running.task).await.expect("the server stops");
    assert!(ended.unwrap().is_ok());
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(30), tail.read_to_end(&mut rest)).await.expect("the tail ends").unwrap();
    drop(idle);
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_is_cut() {
    let running = Running::start().await;
    let mut slow = TcpStream::connect(running.address).await.unwrap();
    slow.write_all(b"GET /api/v1/status HTTP/1.1\r\nhost: localhost\r\nx: ").await.unwrap();
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(60), slow.read_to_end(&mut answer)).await;
    assert!(closed.is_ok(), "the connection is closed, not held");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
}
