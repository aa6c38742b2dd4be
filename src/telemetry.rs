//! Log lines to standard error, and Tapline's own traces by OpenTelemetry when configured.

mod export;

use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, global};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{Config, LogFormat};

/// Libraries that tell each step at `info`; those of OpenTelemetry, for which [`export`] speaks: they would tell of each
/// batch that is not taken; and the log's reader, whose faults come back and are told in our words.
const QUIET: &str = "buoyant_kernel=off,deltalake_core=warn,datafusion=warn,\
                     opentelemetry=off,opentelemetry_sdk=off,opentelemetry-otlp=off";

/// A collector that does not answer holds up the end of the process no longer.
const LAST_BATCH: Duration = Duration::from_secs(3);

/// Ends the export of traces when dropped.
pub(crate) struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        let ended = self.provider.as_ref().map(|provider| provider.shutdown_with_timeout(LAST_BATCH));
        if let Some(Err(error)) = ended {
            tracing::warn!(error = &error as &dyn std::error::Error, "the last traces were not sent");
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
    let provider = config.telemetry.otlp_endpoint.as_deref().map(|endpoint| provider(endpoint, config)).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tapline")).with_threads(false);
        // Apart from the level of the log: fewer lines shall not mean fewer traces.
        layer.with_filter(filter_fn(is_exported).with_max_level_hint(Level::INFO))
    });
    tracing_subscriber::registry().with(spans).with(lines.with_filter(filter)).try_init()?;
    Ok(Telemetry { provider })
}

/// Our own spans. Events stay in the log: their fields are not held to the same secrecy.
fn is_exported(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::INFO && metadata.target().starts_with("tapline")
}

fn provider(endpoint: &str, config: &Config) -> anyhow::Result<SdkTracerProvider> {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let resource = Resource::builder().with_service_name("tapline").with_attributes([
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("deployment.environment.name", config.environment.name.clone()),
    ]);
    let exporter = export::exporter(endpoint)?;
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build())
}
