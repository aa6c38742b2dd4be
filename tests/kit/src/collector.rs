//! A collector of traces that keeps what it is sent, and what stands where a collector should and does not work.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
pub use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::runtime::Runtime;

type Kept = Arc<Mutex<Vec<ResourceSpans>>>;

/// Takes OTLP over gRPC until it is dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    kept: Kept,
    _runtime: Runtime,
}

impl Collector {
    /// Listens on a free port of the loopback address.
    pub fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let kept = Kept::default();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let keeping = Arc::clone(&kept);
        runtime.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&keeping)));
            }
        });
        Ok(Self { address, kept, _runtime: runtime })
    }

    /// For `telemetry.otlp_endpoint`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that arrived.
    pub fn spans(&self) -> Vec<Span> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().flat_map(|one| &one.scope_spans).flat_map(|scope| scope.spans.clone()).collect()
    }

    /// Those with a name.
    pub fn named(&self, name: &str) -> Vec<Span> {
        let mut spans = self.spans();
        spans.retain(|span| span.name == name);
        spans
    }

    /// An attribute of the process that sent them.
    pub fn resource(&self, key: &str) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find_map(|one| find(&one.resource.as_ref()?.attributes, key))
    }
}

/// An attribute as text.
pub fn attribute(span: &Span, key: &str) -> Option<String> {
    find(&span.attributes, key)
}

fn find(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}

/// gRPC over HTTP/2, as much of it as one method needs that takes one message and answers with an empty one.
async fn serve(connection: tokio::net::TcpStream, kept: Kept) -> Result<()> {
    let mut calls = h2::server::handshake(connection).await?;
    while let Some(call) = calls.accept().await {
        let (request, answer) = call?;
        let kept = Arc::clone(&kept);
        tokio::spawn(async move { export(request.into_body(), answer, &kept).await });
    }
    Ok(())
}

/// A message follows one byte that says whether it is compressed, and four for its length.
const FRAME: usize = 5;

async fn export(mut body: RecvStream, mut answer: SendResponse<Bytes>, kept: &Kept) -> Result<()> {
    let mut bytes = BytesMut::new();
    while let Some(part) = body.data().await {
        let part = part?;
        body.flow_control().release_capacity(part.len())?;
        bytes.extend_from_slice(&part);
    }
    let sent = ExportTraceServiceRequest::decode(bytes.split_off(FRAME.min(bytes.len())))?;
    kept.lock().unwrap_or_else(PoisonError::into_inner).extend(sent.resource_spans);
    let head = http::Response::builder().header("content-type", "application/grpc").body(())?;
    let mut stream = answer.send_response(head, false)?;
    stream.send_data(Bytes::from_static(&[0; FRAME]), false)?;
    let done = ("grpc-status".parse::<http::HeaderName>()?, http::HeaderValue::from_static("0"));
    Ok(stream.send_trailers(http::HeaderMap::from_iter([done]))?)
}

/// A port whose connections come to nothing.
#[derive(Debug)]
pub struct Broken {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Broken {
    /// Closes each connection at once.
    pub fn closing() -> Result<Self> {
        Self::start(drop)
    }

    /// Reads and never answers.
    pub fn silent() -> Result<Self> {
        Self::start(|mut connection| {
            // The end of the other side is all that is waited for.
            thread::spawn(move || while connection.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {});
        })
    }

    fn start(take: fn(TcpStream)) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr().context("a listening socket has an address")?;
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::AcqRel);
                take(connection);
            }
        });
        Ok(Self { address, connections })
    }

    /// For `telemetry.otlp_endpoint`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// So many were begun.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }
}
