//! Sends finished spans; a collector that does not take them costs a line in the log now and then.

use std::time::{Duration, Instant};

use opentelemetry_otlp::{ExporterBuildError, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use parking_lot::Mutex;

/// Time between two lines that say the same.
const AGAIN: Duration = Duration::from_secs(600);

/// By OTLP over gRPC. Connects when there is something to send.
pub(super) fn exporter(endpoint: &str) -> Result<impl SpanExporter + use<>, ExporterBuildError> {
    let otlp = opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    Ok(Told { otlp, endpoint: endpoint.to_owned(), trouble: Mutex::default() })
}

/// What is lost since when, until the collector takes spans again.
#[derive(Debug)]
struct Trouble {
    told: Instant,
    lost: usize,
}

/// An exporter whose faults are told.
#[derive(Debug)]
struct Told<E> {
    otlp: E,
    endpoint: String,
    trouble: Mutex<Option<Trouble>>,
}

impl<E: SpanExporter> SpanExporter for Told<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let done = self.otlp.export(batch).await;
        self.tell(spans, &done);
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}

impl<E> Told<E> {
    fn tell(&self, spans: usize, done: &OTelSdkResult) {
        let endpoint = &self.endpoint;
        let mut trouble = self.trouble.lock();
        let Err(error) = done else {
            if let Some(Trouble { lost, .. }) = trouble.take() {
                tracing::info!(endpoint, lost, "traces are taken again");
            }
            return;
        };
        let lost = spans + trouble.as_ref().map_or(0, |trouble| trouble.lost);
        let told = trouble.as_ref().map(|trouble| trouble.told).filter(|told| told.elapsed() < AGAIN);
        if told.is_none() {
            tracing::warn!(
                endpoint,
                lost,
                error = error as &dyn std::error::Error,
                "traces are lost; is a collector there?"
            );
        }
        *trouble = Some(Trouble { told: told.unwrap_or_else(Instant::now), lost });
    }
}
