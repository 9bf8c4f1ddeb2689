//! The exporter's own metrics, in a `prometheus` registry together with the process's.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, HistogramOpts, IntCounter, IntGauge, Opts, Registry};

use super::families::{self, Family};
use crate::time::Time;

/// Bounds for the lateness of runs, in seconds: a timer's grain is 1 ms; beyond 1 s a run is given up, and the clock's
/// two steps above that show how far a stalled host falls behind.
const LAG_BOUNDS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
];

/// The exporter's own metrics. The `vantage` label is added on the page, since a reload may change it.
pub struct Own {
    registry: Registry,
    reload_successful: IntGauge,
    reload_timestamp: Gauge,
    in_flight: IntGauge,
    lag: prometheus::Histogram,
    missed: IntCounter,
    drill: IntGauge,
}

impl Default for Own {
    fn default() -> Self {
        Self::new()
    }
}

impl Own {
    /// All at zero, with the process's metrics.
    pub fn new() -> Self {
        let own = Self::without_process();
        put(&own.registry, ProcessCollector::for_self());
        own
    }

    pub(super) fn without_process() -> Self {
        let registry = Registry::new();
        let lag = HistogramOpts {
            common_opts: opts(&families::LAG),
            buckets: LAG_BOUNDS.to_vec(),
        };
        let build_info =
            opts(&families::BUILD_INFO).const_label("version", env!("CARGO_PKG_VERSION"));
        register(&registry, made(IntGauge::with_opts(build_info))).set(1);
        Self {
            reload_successful: register(
                &registry,
                made(IntGauge::with_opts(opts(&families::RELOAD_SUCCESSFUL))),
            ),
            reload_timestamp: register(
                &registry,
                made(Gauge::with_opts(opts(&families::RELOAD_TIMESTAMP))),
            ),
            in_flight: register(
                &registry,
                made(IntGauge::with_opts(opts(&families::IN_FLIGHT))),
            ),
            lag: register(&registry, made(prometheus::Histogram::with_opts(lag))),
            missed: register(
                &registry,
                made(IntCounter::with_opts(opts(&families::MISSED))),
            ),
            drill: register(&registry, made(IntGauge::with_opts(opts(&families::DRILL)))),
            registry,
        }
    }

    /// A run has started.
    pub fn run_started(&self) {
        self.in_flight.inc();
    }

    /// A run has ended, in whatever way.
    pub fn run_ended(&self) {
        self.in_flight.dec();
    }

    /// A run started this long after its planned time.
    pub fn observe_lag(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    /// Planned runs were left out.
    pub fn missed(&self, runs: u64) {
        self.missed.inc_by(runs);
    }

    /// The configuration was read, at the start or later, or could not be.
    pub fn reloaded(&self, ok: bool, at: Time) {
        self.reload_successful.set(i64::from(ok));
        if ok {
            self.reload_timestamp.set(at.as_secs_f64());
        }
    }

    /// Whether everything is simulated.
    pub fn set_drill(&self, drill: bool) {
        self.drill.set(i64::from(drill));
    }

    /// Whether everything is simulated.
    pub fn is_drill(&self) -> bool {
        self.drill.get() == 1
    }

    /// Every family, sorted by name.
    pub(super) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

fn opts(family: &Family) -> Opts {
    Opts::new(family.name, family.help)
}

/// Names and labels come from our own table, so that only a mistake in it can make this fail, and then every test does.
fn made<T>(metric: prometheus::Result<T>) -> T {
    metric.expect("the table has valid names and labels")
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, metric: C) -> C {
    put(registry, metric.clone());
    metric
}

fn put(registry: &Registry, collector: impl Collector + 'static) {
    registry
        .register(Box::new(collector))
        .expect("the table has each name once");
}
