//! The log: one line per event on standard error, as logfmt or JSON.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts it. Other crates are heard from warnings up: their debug output could hold what peers sent.
pub fn start(level: &str, format: &str) -> Result<(), String> {
    let level: LevelFilter = level
        .parse()
        .map_err(|error| format!("--log.level={level}: {error}"))?;
    let filter = Targets::new()
        .with_target(env!("CARGO_CRATE_NAME"), level)
        .with_default(level.min(LevelFilter::WARN));
    let layer = match format {
        "json" => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(std::io::stderr)
            .boxed(),
        _ => tracing_logfmt::builder()
            .with_target(false)
            .layer()
            .with_writer(std::io::stderr)
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init()
        .map_err(|error| error.to_string())
}
