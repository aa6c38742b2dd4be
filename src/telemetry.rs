//! Log lines to standard error, and Tapline's own traces by OpenTelemetry when configured.

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{Config, LogFormat};

/// Libraries that tell each step at `info`.
const QUIET: &str = "buoyant_kernel=warn,deltalake_core=warn,datafusion=warn";

/// Ends the export of traces when dropped.
pub(crate) struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.provider.as_ref().map(SdkTracerProvider::shutdown) {
            eprintln!("the last traces were not sent: {error}");
        }
    }
}

/// Starts logging and, where an endpoint is configured, tracing. Called once, inside the runtime.
pub(crate) fn start(config: &Config) -> anyhow::Result<Telemetry> {
    // What is configured comes later and wins.
    let filter = EnvFilter::try_new(format!("{QUIET},{}", config.log.level))?;
    let terminal = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(terminal);
    let lines = match config.log.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let provider = config.telemetry.otlp_endpoint.as_deref().map(provider).transpose()?;
    let spans =
        provider.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("tapline")));
    tracing_subscriber::registry().with(spans).with(lines).with(filter).try_init()?;
    Ok(Telemetry { provider })
}

fn provider(endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name("tapline").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
