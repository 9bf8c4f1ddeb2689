//! Expressions that more than one panel is made of.

use crate::looks::{OFFICIAL, VERDICTS};
use crate::names::{RECORDED_TOP, Selector, of};

/// Labels of an exporter's view of a platform.
pub const SEEN: &str = "job, instance, vantage, platform";

/// A code for each state, of which the highest counts; `at` turns the selector of one state into an expression.
fn code(
    states: &[(&str, u64)],
    family: &str,
    by: &str,
    at: impl Fn(&Selector) -> String,
) -> String {
    let known = states.iter().filter(|(_, code)| *code > 0).rev();
    let parts: Vec<String> = known
        .map(|(state, code)| {
            let selector = of(family).with(&format!("state=\"{state}\""));
            format!("{code} * {}", at(&selector))
        })
        .collect();
    format!("max by ({by}) ({})", parts.join(" or "))
}

/// The worst known verdict of now: 0 unknown, 1 blocked, 2 up, 3 degraded, 4 down.
pub fn verdict(family: &str, by: &str) -> String {
    code(&VERDICTS, family, by, Selector::to_string)
}

/// The same with the title that people read.
pub fn titled_verdict() -> String {
    let each = verdict("platform_state", SEEN);
    // An exporter that is scraped twice says so twice.
    let titles = format!("max by ({SEEN}, title) ({})", of("platform_info"));
    format!("max by (platform, title) ({each} * on ({SEEN}) group_left (title) {titles})")
}

/// The worst of each interval, so that a short fall shows on a long range.
pub fn worst(family: &str, by: &str) -> String {
    code(&VERDICTS, family, by, |selector| {
        format!("max_over_time({})", selector.over("$__interval"))
    })
}

/// Since when the worst verdict on each platform holds, in seconds: the earliest of those that say it.
pub fn since() -> String {
    let (each, worst) = (
        verdict("platform_state", SEEN),
        verdict("platform_state", "platform"),
    );
    let since = of("platform_state_since_timestamp_seconds");
    format!(
        "min by (platform) ({since} and on ({SEEN}) ({each} == on (platform) group_left () {worst}))"
    )
}

/// What the platform itself says now: 0 unknown, 1 operational … 5 major outage.
pub fn official(by: &str) -> String {
    code(
        &OFFICIAL,
        "platform_official_state",
        by,
        Selector::to_string,
    )
}

/// The same over time.
pub fn official_over_time(by: &str) -> String {
    code(&OFFICIAL, "platform_official_state", by, |selector| {
        format!("max_over_time({})", selector.over("$__interval"))
    })
}

/// Users' reports by platform, country and source. Several exporters read the same source: the highest counts, not the sum.
pub fn reports(family: &str) -> String {
    format!("max by (platform, country, source) ({})", of(family))
}

/// Up to here the number of reports is normal. It is what the alert PlatformReportsHigh goes by; where nothing is recorded yet,
/// the same is made of what the source itself calls normal.
pub fn reports_top() -> String {
    let normal = reports("platform_reports_baseline");
    format!(
        "({} or 1.5 * {normal} + 4 * sqrt({normal}) + 5)",
        reports(RECORDED_TOP)
    )
}

/// Users' reports of all countries.
pub fn all_reports() -> String {
    format!("sum by (platform) ({})", reports("platform_reports_recent"))
}

/// The top of their normal.
pub fn all_reports_top() -> String {
    format!("sum by (platform) {}", reports_top())
}

/// Reports as a share of the top of their normal.
pub fn reports_share() -> String {
    format!("{} / {}", reports("platform_reports_recent"), reports_top())
}

/// The same of a platform, in the country where it is the largest: one is enough for the alert.
pub fn crowd() -> String {
    format!("max by (platform) ({})", reports_share())
}

/// Share of the time of which something was known in which it worked. Our own trouble counts for nothing.
pub fn availability(family: &str, by: &str, range: &str) -> String {
    let spent = |states: &str| {
        let states = of(family).with(&format!("state=~\"{states}\""));
        format!("sum by ({by}) (increase({}))", states.over(range))
    };
    format!(
        "{} / ({} > 0)",
        spent("up|degraded"),
        spent("up|degraded|down")
    )
}

/// How many times faster than the objective allows the time of a platform is lost.
pub fn burn(by: &str, range: &str) -> String {
    format!(
        "(1 - {}) / (1 - $objective / 100)",
        availability("platform_state_seconds_total", by, range)
    )
}

/// A rate by labels.
pub fn rate(by: &str, selector: &Selector) -> String {
    format!(
        "sum by ({by}) (rate({}))",
        selector.over("$__rate_interval")
    )
}

/// Of series that any program has, those of exporters like ours that were there during the last day: a job that is not
/// chosen stands for all.
pub fn ours(expr: &str) -> String {
    let seen = of("platform_exporter_build_info").over("1d");
    format!("{expr} and on (job, instance) last_over_time({seen})")
}

/// The same while our own network works: what still answers without one says nothing of platforms.
fn seen_rate(by: &str, selector: &Selector, offset: &str) -> String {
    let network = of("platform_vantage_up").over("$__interval");
    format!(
        "sum by ({by}) (rate({}{offset}) unless on (job, instance, vantage) min_over_time({network}{offset}) == 0)",
        selector.over("$__rate_interval")
    )
}

/// The duration of ok runs that 95 of 100 stay below.
pub fn latency(by: &str) -> String {
    latency_then(by, "")
}

/// The same a week earlier.
pub fn latency_last_week(by: &str) -> String {
    latency_then(by, " offset 1w")
}

fn latency_then(by: &str, offset: &str) -> String {
    let bucket = of("platform_probe_duration_seconds_bucket");
    format!(
        "histogram_quantile(0.95, {})",
        seen_rate(&format!("{by}, le"), &bucket, offset)
    )
}

/// Failing runs among those that say something of the platform.
pub fn failing(by: &str) -> String {
    let runs = |classes: &str| {
        let family = of("platform_probe_results_total");
        seen_rate(by, &family.with(&format!("class=~\"{classes}\"")), "")
    };
    format!("{} / ({} > 0)", runs("fail"), runs("ok|degraded|fail"))
}

/// A row for each reason of each open incident, worth its start in seconds: where it was seen first. What a vantage without the
/// incident has to say is no reason of it, and our own trouble neither.
pub fn incidents() -> String {
    let open = of("platform_incident_start_timestamp_seconds");
    let start = format!("min by (platform, component) ({open})");
    let reasons = format!(
        "max by (platform, component, reason) ({} and on ({SEEN}, component) {open})",
        of("platform_component_reason").with("reason!~\"local_.+\"")
    );
    format!(
        "{reasons} * on (platform, component) group_left () {start} or on (platform, component) {start}"
    )
}

/// The worst verdict on each of their components, of those who have it open.
pub fn verdict_of_incidents() -> String {
    let each = verdict("platform_component_state", &format!("{SEEN}, component"));
    let open = of("platform_incident_start_timestamp_seconds");
    format!("max by (platform, component) ({each} and on ({SEEN}, component) {open})")
}

/// How many vantages have each of them open.
pub fn vantages_with_incident() -> String {
    format!(
        "count by (platform, component) (max by (vantage, platform, component) ({}))",
        of("platform_incident_start_timestamp_seconds")
    )
}

/// Something of the platform (or component) beside each of those rows, with the same labels.
pub fn beside_incidents(on: &str, expr: &str) -> String {
    format!(
        "(({}) > bool 0) * on ({on}) group_left () ({expr})",
        incidents()
    )
}

/// Something of each check from each vantage, with the labels that say what it looks at. Of several exporters there the
/// worst, which is their `min` or `max`.
pub fn beside_check(worst: &str, expr: &str) -> String {
    let check = format!("{SEEN}, component, check");
    let info = of("platform_probe_info");
    format!(
        "{worst} by (vantage, platform, component, check, kind, target, depth) ({expr} * on ({check}) group_left (kind, target, depth) max by ({check}, kind, target, depth) ({info}))"
    )
}
