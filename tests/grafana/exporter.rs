//! Exporter: can what the other dashboards say be trusted?

use serde_json::json;

use crate::expr::{ours, rate};
use crate::looks::{self, GREEN, ORANGE, PURPLE, RED, cell};
use crate::model::{Dashboard, NEUTRAL, Panel, Row, instant, range, row, rows};
use crate::names::of;
use crate::variables::{self, fixed};

pub fn dashboard() -> Dashboard {
    Dashboard {
        uid: variables::EXPORTER,
        title: "Platforms / Exporter",
        description: "The exporter itself: its network, its schedule, its scrapes and its process.",
        from: "now-6h",
        refresh: "30s",
        variables: variables::variables(),
        rows: vec![trust(), network(), schedule(), sources(), process()],
    }
}

fn trust() -> Row {
    let scraped = Panel::stat(
        11,
        "Scraped by Prometheus",
        "Whether Prometheus reached the exporter at its last try.",
    )
    .size(6, 4)
    .unit("none")
    .mappings(looks::values(&[
        ("0", "NOT REACHED", RED),
        ("1", "yes", GREEN),
    ]))
    .query(instant(
        format!("min by (job, instance) ({})", ours(&of("up").to_string())),
        "{{instance}}",
    ));
    let configured = Panel::stat(
        12,
        "Configuration",
        "Whether the last attempt to read the configuration succeeded. After a failure the former one stays in force; the log says what is wrong.",
    )
    .size(6, 4)
    .unit("none")
    .mappings(looks::values(&[("0", "REJECTED: the old one holds", RED), ("1", "as written", GREEN)]))
    .query(instant(
        format!("min by (instance) ({})", of("platform_exporter_config_last_reload_successful")),
        "{{instance}}",
    ));
    let read = Panel::stat(
        13,
        "Configuration read",
        "When the configuration in force was read.",
    )
    .size(6, 4)
    .unit("dateTimeFromNow")
    .query(instant(
        format!(
            "1000 * max by (instance) ({})",
            of("platform_exporter_config_last_reload_success_timestamp_seconds")
        ),
        "{{instance}}",
    ));
    let version = Panel::stat(14, "Version", "The version of each exporter.")
        .size(6, 4)
        .unit("none")
        .option("textMode", json!("name"))
        .query(instant(
            format!(
                "max by (instance, version) ({})",
                of("platform_exporter_build_info")
            ),
            "{{version}} on {{instance}}",
        ));
    row(10, "Is it alive?", vec![scraped, configured, read, version])
}

fn network() -> Row {
    let vantage = Panel::timeline(
        21,
        "Our own network",
        "Whether our own network was proven; the worst of each interval. While it is down every platform is unknown.",
    )
    .size(12, 7)
    .unit("none")
    .mappings(looks::values(&[("0", "DOWN", RED), ("1", "works", GREEN)]))
    .query(range(
        format!("min by (vantage) (min_over_time({}))", of("platform_vantage_up").over("$__interval")),
        "{{vantage}}",
    ));
    let controls = Panel::timeline(
        22,
        "Controls",
        "The last result of each target that proves our own network. Two thirds must answer.",
    )
    .size(12, 7)
    .unit("none")
    .mappings(looks::values(&[
        ("0", "FAILS", RED),
        ("1", "answers", GREEN),
    ]))
    .query(range(
        format!(
            "min by (vantage, control) (min_over_time({}))",
            of("platform_control_success").over("$__interval")
        ),
        "{{control}} from {{vantage}}",
    ));
    let classes = Panel::stacked(
        23,
        "Results each minute, by class",
        "All runs, of all exporters together. local: our own trouble. blocked: platforms refuse us, as they often do from hosting addresses.",
    )
    .size(12, 8)
    .unit("cpm")
    .series("/ok/", &[fixed(GREEN)])
    .series("/degraded/", &[fixed(ORANGE)])
    .series("/fail/", &[fixed(RED)])
    .series("/blocked/", &[fixed(PURPLE)])
    .series("/local/", &[fixed(NEUTRAL)])
    .query(range(
        format!("60 * {}", rate("class", &of("platform_probe_results_total"))),
        "{{class}}",
    ));
    let proven = Panel::stat(
        24,
        "Checks never ok here",
        "Expectations that were never met from here, from several vantages where there are most: until then a missed one does not count and the check is unknown. The table of checks in Platform names them; the command `probe` shows what comes instead.",
    )
    .size(12, 8)
    .unit("none")
    .mappings(looks::any_is(ORANGE))
    .query(instant(
        format!(
            "max by (platform) (sum by (vantage, platform) (max by (vantage, platform, component, check) (1 - {})))",
            of("platform_probe_proven")
        ),
        "{{platform}}",
    ));
    row(
        20,
        "Is our own network fine?",
        vec![vantage, controls, classes, proven],
    )
}

/// A quantile of how late runs started.
fn lateness(q: &str) -> String {
    let bucket = of("platform_exporter_schedule_lag_seconds_bucket");
    format!("histogram_quantile({q}, {})", rate("instance, le", &bucket))
}

fn schedule() -> Row {
    let lag = Panel::graph(
        31,
        "Lateness of runs",
        "How late runs started: half of them, and 99 of 100. Above a second a run is given up as local_overloaded.",
    )
    .size(12, 8)
    .unit("s")
    .query(range(
        lateness("0.5"),
        "p50 {{instance}}",
    ))
    .query(range(
        lateness("0.99"),
        "p99 {{instance}}",
    ));
    let missed = Panel::graph(
        32,
        "Runs left out each minute",
        "Planned runs that were left out because the exporter was late or the run before had not ended.",
    )
    .size(12, 8)
    .unit("cpm")
    .query(range(
        format!("60 * {}", rate("instance", &of("platform_exporter_probes_missed_total"))),
        "{{instance}}",
    ));
    let overdue = Panel::graph(
        33,
        "Overdue runs",
        "How long the most overdue check of each platform is past its planned start. Above a minute it is stale, and soon unknown.",
    )
    .size(12, 8)
    .unit("s")
    .query(range(
        format!(
            "clamp_min(time() - min by (platform) ({}), 0)",
            of("platform_probe_next_run_timestamp_seconds")
        ),
        "{{platform}}",
    ));
    let flying = Panel::graph(
        34,
        "Runs in progress",
        "Runs that have begun and not ended.",
    )
    .size(12, 8)
    .unit("short")
    .query(range(
        format!(
            "max by (instance) ({})",
            of("platform_exporter_probes_in_flight")
        ),
        "{{instance}}",
    ));
    row(
        30,
        "Does it keep its schedule?",
        vec![lag, missed, overdue, flying],
    )
}

fn sources() -> Row {
    let took = Panel::graph(
        41,
        "Duration of scrapes",
        "How long Prometheus waited for the page.",
    )
    .size(12, 7)
    .unit("s")
    .query(range(
        format!(
            "max by (instance) ({})",
            ours(&of("scrape_duration_seconds").to_string())
        ),
        "{{instance}}",
    ));
    let series = Panel::graph(
        42,
        "Size of the page",
        "Samples on the page as the exporter and as Prometheus count them.",
    )
    .size(12, 7)
    .unit("short")
    .query(range(
        format!("max by (instance) ({})", of("platform_exporter_series")),
        "{{instance}}",
    ))
    .query(range(
        format!(
            "max by (instance) ({})",
            ours(&of("scrape_samples_scraped").to_string())
        ),
        "{{instance}} as scraped",
    ));
    let feeds = Panel::table(
        43,
        "Age of what status pages say",
        "When each platform's status page was last read and understood.",
    )
    .size(24, 7)
    .unit("s")
    .decimals(0)
    .without_data("no status page is read")
    .query(rows(format!(
        "time() - max by (platform) ({})",
        of("platform_official_last_success_timestamp_seconds")
    )))
    .merged(&["platform", "Value"])
    .sorted(&[("Platform", false)])
    .column("platform", "Platform", &[])
    .column(
        "Value",
        "Age",
        &[
            ("mappings", looks::ranges(&[(Some(1800.0), None, ORANGE)])),
            cell(),
        ],
    );
    row(40, "Does what it says arrive?", vec![took, series, feeds])
}

fn process() -> Row {
    let cpu = Panel::graph(51, "CPU", "Processor time used, of one core.")
        .size(8, 7)
        .unit("percentunit")
        .query(range(
            format!(
                "max by (instance) ({})",
                ours(&format!(
                    "rate({})",
                    of("process_cpu_seconds_total").over("$__rate_interval")
                ))
            ),
            "{{instance}}",
        ));
    let memory = Panel::graph(52, "Memory", "Resident memory.")
        .size(8, 7)
        .unit("bytes")
        .query(range(
            format!(
                "max by (instance) ({})",
                ours(&of("process_resident_memory_bytes").to_string())
            ),
            "{{instance}}",
        ));
    let files = Panel::graph(
        53,
        "Open files",
        "Share of the files and connections that the process may have open.",
    )
    .size(8, 7)
    .unit("percentunit")
    .between(0, 1)
    .query(range(
        format!(
            "max by (instance) ({} / {})",
            of("process_open_fds"),
            ours(&of("process_max_fds").to_string())
        ),
        "{{instance}}",
    ));
    let started = Panel::stat(54, "Started", "When the process started.")
        .size(24, 4)
        .unit("dateTimeFromNow")
        .query(instant(
            format!(
                "1000 * max by (instance) ({})",
                ours(&of("process_start_time_seconds").to_string())
            ),
            "{{instance}}",
        ));
    row(50, "And its process?", vec![cpu, memory, files, started])
}
