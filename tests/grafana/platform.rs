//! Platform: one of them, from its verdict down to single checks.

use serde_json::json;

use crate::expr::{
    beside_check, latency, official_over_time, rate, reports, reports_share, reports_top, since,
    titled_verdict, verdict, worst,
};
use crate::looks::{self, GREEN, ORANGE, PURPLE, RED, cell};
use crate::model::{Dashboard, NEUTRAL, Panel, Row, instant, range, row, rows};
use crate::names::of;
use crate::sources;
use crate::variables::{self, faint};

pub fn dashboard() -> Dashboard {
    Dashboard {
        uid: variables::PLATFORM,
        title: "Platforms / Platform",
        description: "One platform: which part of it fails, since when, why, and what others say.",
        from: "now-6h",
        refresh: "30s",
        variables: variables::one_platform(),
        rows: vec![now(), parts(), why(), others(), speed(), checks()],
    }
}

fn now() -> Row {
    let state = Panel::stat(
        11,
        "State",
        "The verdict on the platform; of several vantages the worst.",
    )
    .size(6, 4)
    .unit("none")
    .mappings(looks::verdicts())
    .query(instant(titled_verdict(), "{{title}}"));
    let since = Panel::stat(
        12,
        "In this state",
        "Since when the verdict is what it is, and for how long; where vantages differ, the worst one.",
    )
    .size(6, 4)
    .unit("dateTimeAsIsoNoDateIfToday")
    .series("/ for$/", &sources::lasting())
    .query(instant(format!("1000 * {}", since()), "{{platform}} since"))
    .query(instant(format!("time() - {}", since()), "{{platform}} for"));
    let vantages = Panel::stat(
        13,
        "Seen by",
        "What each vantage says. Unknown from one of them: its own network is down. Down from only one: it may be the path from there.",
    )
    .size(6, 4)
    .unit("none")
    .mappings(looks::verdicts())
    .query(instant(
        verdict("platform_state", "vantage, platform"),
        "{{platform}} from {{vantage}}",
    ));
    let depth = Panel::stat(
        14,
        "What an up rests on",
        "The deepest answer that is ok now from each vantage: edge (names, connections, static files) < parser (a refusal in its own words) < app (a page) < session (your token) < content.",
    )
    .size(6, 4)
    .unit("none")
    .option("textMode", json!("name"))
    .without_data("nothing is ok")
    .query(instant(
        format!("max by (vantage, platform, depth) ({})", of("platform_depth")),
        "{{platform}} from {{vantage}}: {{depth}}",
    ));
    row(10, "How is it?", vec![state, since, vantages, depth])
}

fn parts() -> Row {
    let timeline = Panel::timeline(
        21,
        "Components over time",
        "The worst verdict on each component in each interval.",
    )
    .size(24, 9)
    .unit("none")
    .mappings(looks::verdicts())
    .query(range(
        worst("platform_component_state", "platform, component"),
        "{{platform}} {{component}}",
    ));
    row(20, "Which part of it?", vec![timeline])
}

fn why() -> Row {
    let open = Panel::table(
        31,
        "Open incidents",
        "Each open incident with its reasons, since it was first seen. The beginning of a reason names the layer: dns, tcp, tls, http, ws, content.",
    )
    .size(12, 8);
    let open = sources::incidents(open, &[], &[]);
    let begun = Panel::table(
        32,
        "Incidents in this time range",
        "Incidents begun, by component and level; of several vantages, as many as the one that saw most. An incident that grows from degraded to down counts at both.",
    )
    .size(12, 8)
    .unit("none")
    .decimals(0)
    .without_data("none is known")
    .query(rows(format!(
        "round(max by (platform, component, level) (increase({}))) > 0",
        of("platform_incidents_total").over("$__range")
    )))
    .merged(&["platform", "component", "level", "Value"])
    .sorted(&[("Platform", false)])
    .column("platform", "Platform", &[])
    .column("component", "Component", &[])
    .column("level", "Level", &[])
    .column("Value", "Begun", &[]);
    let errors = Panel::stacked(
        33,
        "Errors each minute, by reason",
        "Runs that were not ok, from all vantages together, by component and reason. blocked_ reasons are refusals, local_ ones are ours; all others are theirs.",
    )
    .size(12, 9)
    .unit("cpm")
    .query(range(
        format!("60 * {}", rate("component, reason", &of("platform_probe_errors_total"))),
        "{{component}}: {{reason}}",
    ));
    let classes = Panel::stacked(
        34,
        "Results each minute, by class",
        "All runs from all vantages together: ok, degraded (answers, but not as it should), fail (theirs), blocked (they refuse us), local (ours).",
    )
    .size(12, 9)
    .unit("cpm")
    .series("/ok/", &[variables::fixed(GREEN)])
    .series("/degraded/", &[variables::fixed(ORANGE)])
    .series("/fail/", &[variables::fixed(RED)])
    .series("/blocked/", &[variables::fixed(PURPLE)])
    .series("/local/", &[faint()])
    .query(range(
        format!("60 * {}", rate("class", &of("platform_probe_results_total"))),
        "{{class}}",
    ));
    row(
        30,
        "Since when, and why?",
        vec![open, begun, errors, classes],
    )
}

fn others() -> Row {
    let page = Panel::timeline(
        41,
        "Its status page",
        "What the platform itself says, by component. Unknown: the page was not read.",
    )
    .size(12, 8)
    .unit("none")
    .mappings(looks::official())
    .query(range(
        official_over_time("platform, component"),
        "{{platform}} {{component}}",
    ));
    let reported = sources::reported(42);
    let symptoms = Panel::stacked(
        43,
        "Reports each minute, by symptom",
        "Users' reports taken in, by what they say is broken.",
    )
    .size(12, 8)
    .unit("cpm")
    .query(range(
        format!(
            "60 * sum by (symptom) (max by (platform, country, source, symptom) (rate({})))",
            of("platform_reports_total").over("$__rate_interval")
        ),
        "{{symptom}}",
    ));
    let countries = Panel::table(
        45,
        "Reports by country",
        "Users' reports in the source's last window beside the top of what is normal there at this hour; the worst first.",
    )
    .size(24, 6)
    .unit("short")
    .query(rows(reports("platform_reports_recent")))
    .query(rows(reports_top()))
    .query(rows(reports_share()))
    .merged(&["platform", "country", "source", "Value #A", "Value #B", "Value #C"])
    .sorted(&[(sources::AGAINST_NORMAL, true)])
    .column("platform", "Platform", &[])
    .column("country", "Country", &[])
    .column("source", "Source", &[])
    .column("Value #A", "Reports", &[])
    .column("Value #B", "Top of normal", &[("decimals", json!(0))])
    .column("Value #C", sources::AGAINST_NORMAL, &sources::share());
    let agree = sources::side_by_side(
        Panel::table(
            44,
            "Do the sources agree?",
            "Probes, status page and users' reports where they are worst (100 % is the top of what is normal at this hour), side by side. Unknown, or no such column: that source is not read.",
        ),
        &[],
    );
    row(
        40,
        "What do they and their users say?",
        vec![agree, reported, countries, page, symptoms],
    )
}

fn speed() -> Row {
    let sum = of("platform_probe_phase_duration_seconds_sum");
    let runs = of("platform_probe_duration_seconds_count");
    let phases = Panel::stacked(
        51,
        "Where the time goes",
        "Mean duration of the parts of ok runs from all vantages: name lookup, connection, TLS, the platform's own processing, transfer. Together they are the whole run.",
    )
    .size(12, 9)
    .unit("s")
    .query(range(
        format!(
            "{} / on (platform) group_left () ({} > 0)",
            rate("platform, phase", &sum),
            rate("platform", &runs)
        ),
        "{{platform}} {{phase}}",
    ));
    let p95 = Panel::graph(
        52,
        "Latency by component, p95",
        "Duration of whole runs from all vantages, ok ones only; 95 of 100 are faster.",
    )
    .size(12, 9)
    .unit("s")
    .query(range(
        latency("platform, component"),
        "{{platform}} {{component}}",
    ));
    row(50, "How fast is it?", vec![phases, p95])
}

fn checks() -> Row {
    let last = of("platform_probe_last_run_timestamp_seconds");
    let after = of("platform_probe_tls_not_after_timestamp_seconds");
    let before = of("platform_probe_tls_not_before_timestamp_seconds");
    let table = Panel::table(
        61,
        "Checks",
        "Every check from every vantage: what it looks at, how deep an ok answer reaches, its last result and HTTP status, whether it was ever ok here (before that a missed expectation does not count), the age of its last run, and how much is left of its certificate's lifetime. A last result that is unknown says nothing of them: they refused us, or the trouble was ours.",
    )
    .size(24, 14)
    .unit("none")
    .query(rows(beside_check("min", of("platform_probe_proven").to_string().as_str())))
    .query(rows(beside_check("min", of("platform_probe_success").to_string().as_str())))
    .query(rows(beside_check("max", of("platform_probe_http_status_code").to_string().as_str())))
    .query(rows(beside_check("max", &format!("(time() - {last})"))))
    .query(rows(beside_check("min", &format!("(({after} - time()) / ({after} - {before}))"))))
    .merged(&["platform", "component", "check", "vantage", "Value #B", "Value #C", "Value #D", "Value #A", "Value #E", "depth", "kind", "target"])
    .column("platform", "Platform", &[])
    .column("component", "Component", &[])
    .column("check", "Check", &[])
    .column("vantage", "Vantage", &[])
    .column("Value #B", "Last result", &[("mappings", looks::values(&[("0", "NOT OK", RED), ("1", "ok", GREEN)])), cell()])
    .column("Value #C", "HTTP status", &[("noValue", json!("none"))])
    .column("Value #D", "Age", &[("unit", json!("s")), ("decimals", json!(0))])
    .column("Value #A", "Ever ok here", &[("mappings", looks::values(&[("0", "never", ORANGE), ("1", "yes", NEUTRAL)]))])
    .column("Value #E", "Certificate left", &[("unit", json!("percentunit")), ("decimals", json!(0)), ("mappings", looks::certificate()), cell()])
    .column("depth", "Depth", &[])
    .column("kind", "Kind", &[])
    .column("target", "Target", &[])
    .sorted(&[("Last result", false), ("Platform", false)]);
    row(60, "What exactly is asked?", vec![table])
}
