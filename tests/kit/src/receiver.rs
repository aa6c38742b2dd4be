//! Where webhooks go: an HTTP server that keeps what it is sent, and answers as badly as it is told to.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);
/// More than anybody sends here on purpose.
const LARGEST: u64 = 64 << 20;
/// Between two bytes of [`Answer::SlowBody`].
const PAUSE: Duration = Duration::from_millis(50);

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The status, with its name in small letters as the body.
    Status(u16),
    /// The status and a body.
    Body(u16, String),
    /// The status, and in how many seconds to come again.
    RetryAfter(u16, u64),
    /// 307 to a URL: whoever follows sends the same there, body included.
    Redirect(String),
    /// Nothing, on a connection that stays open.
    Hang,
    /// Nothing, and the connection is closed.
    Close,
    /// Bytes that are no HTTP.
    Garbage,
    /// 200 and a body that never ends, as fast as it is read.
    Endless,
    /// 200 and a body of which a byte comes every 50 ms, for hours.
    SlowBody,
}

/// What arrived.
#[derive(Clone)]
pub struct Request {
    /// `POST`.
    pub method: String,
    /// With what stands behind the question mark.
    pub path: String,
    /// In order, names as they were written.
    pub headers: Vec<(String, String)>,
    /// Without the marks of a chunked one.
    pub body: Vec<u8>,
    /// When all of it was read.
    pub at: Instant,
}

/// A body is a text that somebody has to read.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, headers, body, .. } = self;
        write!(f, "{method} {path} {headers:?} {}", String::from_utf8_lossy(body))
    }
}

impl Request {
    /// The body's value.
    pub fn json(&self) -> Result<Value> {
        let body = || String::from_utf8_lossy(&self.body).into_owned();
        serde_json::from_slice(&self.body).with_context(|| format!("no JSON: {}", body()))
    }

    /// The first header of this name, in whatever letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }
}

/// Takes every request until it is dropped; then its port is closed, and what hung is let go.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Answer>,
    requests: Vec<Request>,
    connections: Vec<Weak<TcpStream>>,
    closed: bool,
}

impl Receiver {
    /// Listens on a free port of the loopback address and answers with 200.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        Ok(Self { address, state, listener: Some(thread::spawn(move || listen(&listener, &shared))) })
    }

    /// `http://127.0.0.1:PORT` and the path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers the next requests so, one each, before it answers with 200 again.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.state).script.extend(answers);
    }

    /// All that arrived, in the order of their ends.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state).requests.clone()
    }

    /// The same as soon as there are `count`.
    pub fn wait_for(&self, count: usize) -> Result<Vec<Request>> {
        crate::wait_for(&format!("the arrival of {count} requests"), PATIENCE, || {
            let requests = self.requests();
            Ok((requests.len() >= count).then_some(requests))
        })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        lock(&self.state).closed = true;
        // Wakes the listener; when it is gone, no connection is added.
        if TcpStream::connect(self.address).is_ok() {
            let _ = self.listener.take().map(JoinHandle::join);
        }
        for connection in lock(&self.state).connections.iter().filter_map(Weak::upgrade) {
            // Already closed is as good.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(listener: &TcpListener, state: &Arc<Mutex<State>>) {
    for connection in listener.incoming().map_while(Result::ok) {
        let mut shared = lock(state);
        if shared.closed {
            break;
        }
        let connection = Arc::new(connection);
        shared.connections.retain(|other| other.strong_count() > 0);
        shared.connections.push(Arc::downgrade(&connection));
        let state = Arc::clone(state);
        // A client that leaves early is none of this server's business.
        thread::spawn(move || serve(&connection, &state).is_ok());
    }
}

/// One request a connection.
fn serve(connection: &TcpStream, state: &Mutex<State>) -> Result<()> {
    let request = read(connection)?;
    let mut shared = lock(state);
    shared.requests.push(request);
    let answer = shared.script.pop_front().unwrap_or(Answer::Status(200));
    drop(shared);
    give(&answer, connection)
}

fn give(answer: &Answer, mut connection: &TcpStream) -> Result<()> {
    match answer {
        Answer::Status(status) => reply(connection, *status, "", &reason(*status)?.to_lowercase()),
        Answer::Body(status, body) => reply(connection, *status, "", body),
        Answer::RetryAfter(status, seconds) => reply(connection, *status, &format!("retry-after: {seconds}\r\n"), ""),
        Answer::Redirect(url) => reply(connection, 307, &format!("location: {url}\r\n"), ""),
        Answer::Hang => hang(connection),
        Answer::Close => Ok(()),
        Answer::Garbage => Ok(connection.write_all(b"\0\x15\xff\xfe no HTTP\r\n\r\n")?),
        Answer::Endless => endless(connection),
        Answer::SlowBody => slow(connection),
    }
}

fn reply(mut connection: &TcpStream, status: u16, header: &str, body: &str) -> Result<()> {
    let reason = reason(status)?;
    let (length, body) = match status {
        // These have no body by definition.
        204 | 304 => (String::new(), ""),
        _ => (format!("content-length: {}\r\n", body.len()), body),
    };
    let answer = format!("HTTP/1.1 {status} {reason}\r\n{header}{length}connection: close\r\n\r\n{body}");
    Ok(connection.write_all(answer.as_bytes())?)
}

fn reason(status: u16) -> Result<&'static str> {
    Ok(StatusCode::from_u16(status)?.canonical_reason().unwrap_or("Unknown"))
}

/// Until the client or this server ends it.
fn hang(mut connection: &TcpStream) -> Result<()> {
    while connection.read(&mut [0; 4096])? > 0 {}
    Ok(())
}

/// Until the client or this server ends it.
fn endless(mut connection: &TcpStream) -> Result<()> {
    connection.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
    loop {
        connection.write_all(&[b'.'; 16 << 10])?;
    }
}

fn slow(mut connection: &TcpStream) -> Result<()> {
    connection.set_nodelay(true)?;
    connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\nconnection: close\r\n\r\n")?;
    for _ in 0..1_000_000 {
        connection.write_all(b".")?;
        thread::sleep(PAUSE);
    }
    Ok(())
}

fn read(connection: &TcpStream) -> Result<Request> {
    let mut reader = BufReader::new(connection.take(LARGEST));
    let first = line(&mut reader)?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = words.next().zip(words.next()).with_context(|| format!("no request: {first}"))?;
    let mut request = Request { method, path, headers: Vec::new(), body: Vec::new(), at: Instant::now() };
    loop {
        let line = line(&mut reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').with_context(|| format!("no header: {line}"))?;
        request.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    request.body = body(&request, &mut reader)?;
    request.at = Instant::now();
    Ok(request)
}

fn line(reader: &mut impl BufRead) -> Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    ensure!(line.ends_with(b"\n"), "the request ends early");
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn body(request: &Request, reader: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    if request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        while chunk(reader, &mut body)? {}
    } else if let Some(length) = request.header("content-length") {
        exactly(reader, length.parse()?, &mut body)?;
    }
    Ok(body)
}

/// Whether another one follows. There are no trailers: nobody sends them with webhooks.
fn chunk(reader: &mut impl BufRead, body: &mut Vec<u8>) -> Result<bool> {
    let size = line(reader)?;
    let size = u64::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
    exactly(reader, size, body)?;
    ensure!(line(reader)?.is_empty(), "a chunk is longer than it says");
    Ok(size > 0)
}

fn exactly(reader: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> Result<()> {
    let read = reader.take(length).read_to_end(body)?;
    ensure!(read as u64 == length, "the request ends early");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ureq::{Agent, Error, SendBody};

    use super::*;

    fn agent(patience: Duration) -> Agent {
        Agent::config_builder().http_status_as_error(false).timeout_global(Some(patience)).build().new_agent()
    }

    /// Status and body of a request that is answered in time.
    fn get(receiver: &Receiver) -> Result<(u16, String), Error> {
        let mut response = agent(PATIENCE).get(receiver.url("/")).call()?;
        Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
    }

    /// How a request ends that is answered so.
    fn end(answer: Answer, patience: Duration) -> Result<Error> {
        let receiver = Receiver::start()?;
        receiver.answer([answer]);
        let ended = agent(patience).get(receiver.url("/")).call().and_then(|mut response| {
            assert_eq!(response.status(), 200);
            response.body_mut().with_config().limit(1 << 20).read_to_vec()
        });
        assert_eq!(receiver.requests().len(), 1);
        Ok(ended.unwrap_err())
    }

    #[test]
    fn requests_are_kept_whole() -> Result<()> {
        let receiver = Receiver::start()?;
        let before = Instant::now();
        let call = agent(PATIENCE).post(receiver.url("/hooks/1?key=2")).header("X-Signature", "abc");
        call.send_json(json!({ "late": true }))?;
        let long = vec![b'x'; 3 << 20];
        agent(PATIENCE).put(receiver.url("/long")).send(SendBody::from_reader(&mut long.as_slice()))?;
        let requests = receiver.wait_for(2)?;
        assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/hooks/1?key=2"));
        assert_eq!((requests[0].header("x-signature"), requests[0].header("x-other")), (Some("abc"), None));
        assert_eq!(requests[0].json()?, json!({ "late": true }));
        assert_eq!(requests[1].header("transfer-encoding"), Some("chunked"));
        assert!(requests[1].body == long && requests[1].json().is_err());
        assert!(before < requests[0].at && requests[0].at < requests[1].at);
        Ok(())
    }

    #[test]
    fn answers_are_given_in_order_and_then_all_is_well() -> Result<()> {
        let receiver = Receiver::start()?;
        receiver.answer([Answer::Status(503), Answer::Status(204), Answer::Body(400, "no_service".to_owned())]);
        assert_eq!(get(&receiver)?, (503, "service unavailable".to_owned()));
        assert_eq!(get(&receiver)?, (204, String::new()));
        assert_eq!(get(&receiver)?, (400, "no_service".to_owned()));
        assert_eq!(get(&receiver)?, (200, "ok".to_owned()));
        assert_eq!(get(&receiver)?, (200, "ok".to_owned()));
        Ok(())
    }

    #[test]
    fn it_says_when_to_come_again() -> Result<()> {
        let receiver = Receiver::start()?;
        receiver.answer([Answer::RetryAfter(429, 7)]);
        let response = agent(PATIENCE).get(receiver.url("/")).call()?;
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"7".parse()?));
        Ok(())
    }

    #[test]
    fn who_follows_arrives_elsewhere() -> Result<()> {
        let (receiver, elsewhere) = (Receiver::start()?, Receiver::start()?);
        receiver.answer([Answer::Redirect(elsewhere.url("/elsewhere"))]);
        assert_eq!(get(&receiver)?, (200, "ok".to_owned()));
        assert_eq!((receiver.requests().len(), elsewhere.requests().len()), (1, 1));
        assert_eq!(elsewhere.requests()[0].path, "/elsewhere");
        Ok(())
    }

    #[test]
    fn what_is_no_answer_is_an_error_at_once() -> Result<()> {
        for answer in [Answer::Close, Answer::Garbage] {
            let error = end(answer.clone(), PATIENCE)?;
            assert!(!matches!(error, Error::Timeout(_)), "{answer:?}: {error}");
        }
        Ok(())
    }

    #[test]
    fn what_never_ends_takes_a_client_with_limits() -> Result<()> {
        let short = Duration::from_millis(500);
        assert!(matches!(end(Answer::Hang, short)?, Error::Timeout(_)));
        assert!(matches!(end(Answer::SlowBody, short)?, Error::Timeout(_)));
        assert!(matches!(end(Answer::Endless, PATIENCE)?, Error::BodyExceedsLimit(_)));
        Ok(())
    }

    #[test]
    fn bytes_of_a_slow_body_arrive_one_by_one() -> Result<()> {
        let receiver = Receiver::start()?;
        receiver.answer([Answer::SlowBody]);
        let mut response = agent(PATIENCE).get(receiver.url("/")).call()?;
        let mut reader = response.body_mut().as_reader();
        let before = Instant::now();
        reader.read_exact(&mut [0; 5])?;
        assert!(before.elapsed() > 3 * PAUSE);
        Ok(())
    }

    #[test]
    fn a_dropped_one_lets_go_and_is_closed() -> Result<()> {
        let receiver = Receiver::start()?;
        receiver.answer([Answer::Hang]);
        let url = receiver.url("/");
        let hanging = thread::spawn({
            let url = url.clone();
            move || agent(PATIENCE).get(url).call()
        });
        receiver.wait_for(1)?;
        drop(receiver);
        assert!(!matches!(hanging.join().unwrap(), Ok(_) | Err(Error::Timeout(_))));
        assert!(agent(PATIENCE).get(url).call().is_err());
        Ok(())
    }
}
