//! Overview: is it us or them, who is affected, since when, why, what do they and their users say, is it getting better.

use crate::expr::{
    availability, beside_incidents, crowd, failing, latency, latency_last_week, official, rate,
    titled_verdict, vantages_with_incident, verdict, worst,
};
use crate::looks::{self, GREEN, ORANGE, PURPLE, RED, cell};
use crate::model::{Dashboard, NEUTRAL, Panel, Row, instant, range, row, rows};
use crate::names::of;
use crate::sources;
use crate::variables::{self, bare, dashed, row_to_platform, to_platform};

pub fn dashboard() -> Dashboard {
    Dashboard {
        uid: variables::OVERVIEW,
        title: "Platforms / Overview",
        description: "Are the social platforms up, and if not: is it us or them, since when, and why?",
        from: "now-24h",
        refresh: "30s",
        variables: variables::variables(),
        rows: vec![us_or_them(), affected(), why(), others(), better()],
    }
}

fn us_or_them() -> Row {
    let network = Panel::stat(
        11,
        "Our own network",
        "Whether our own network works, by controls that are none of the platforms. While it is down, every platform is unknown: the trouble is ours.",
    )
    .size(8, 4)
    .unit("none")
    .mappings(looks::values(&[
        ("0", "DOWN: it is us", RED),
        ("1", "works", GREEN),
    ]))
    .query(instant(format!("min by (vantage) ({})", of("platform_vantage_up")), "{{vantage}}"));
    let count = |state: &str, code: u64| {
        let verdicts = verdict("platform_state", "platform");
        instant(format!("sum({verdicts} == bool {code})"), state)
    };
    let counts = Panel::stat(
        12,
        "Platforms by state",
        "How many platforms are in each state; where vantages differ, the worst counts.",
    )
    .size(8, 4)
    .unit("none")
    .series("/down/", &[("mappings", looks::any_is(RED))])
    .series("/degraded/", &[("mappings", looks::any_is(ORANGE))])
    .series("/blocked/", &[("mappings", looks::any_is(PURPLE))])
    .series("/up/", &[("mappings", looks::any_is(GREEN))])
    .query(count("down", 4))
    .query(count("degraded", 3))
    .query(count("blocked", 1))
    .query(count("unknown", 0))
    .query(count("up", 2));
    let age = Panel::stat(
        13,
        "Age of the data",
        "Time since any probe last ended. Minutes: the exporter has stopped probing. Unknown: Prometheus gets nothing from it.",
    )
    .size(4, 4)
    .unit("s")
    .mappings(looks::age())
    .query(instant(
        format!("time() - max by (vantage) ({})", of("platform_probe_last_run_timestamp_seconds")),
        "{{vantage}}",
    ));
    let drill = Panel::stat(
        14,
        "Real or drill",
        "Which jobs are real and which are drills, whatever Drills above says. What a drill says is simulated: all other panels leave the job platform_drill out, until Drills above is set to shown. Then choose that job to see nothing else.",
    )
    .size(4, 4)
    .unit("none")
    .mappings(looks::values(&[
        ("0", "real", NEUTRAL),
        ("1", "DRILL: simulated", PURPLE),
    ]))
    .query(instant(
        format!("max by (job) ({})", of("platform_exporter_drill").even_of_drills()),
        "{{job}}",
    ));
    row(10, "Is it us or them?", vec![network, counts, age, drill])
}

fn affected() -> Row {
    let now = Panel::stat(
        21,
        "State now",
        "The verdict on each platform; of several vantages the worst. Up: works where it was looked at deep enough. Blocked: alive, but refuses us. Unknown: not seen, not proven, or our own network is down. A click opens the platform.",
    )
    .size(24, 6)
    .unit("none")
    .mappings(looks::verdicts())
    .link(to_platform())
    .query(instant(
        titled_verdict(),
        "{{title}}",
    ));
    let timeline = Panel::timeline(
        22,
        "State over time",
        "The worst verdict of each interval, so that a short fall shows on a long range. A gap: Prometheus had nothing from the exporter.",
    )
    .size(24, 8)
    .unit("none")
    .mappings(looks::verdicts())
    .link(to_platform())
    .query(range(worst("platform_state", "platform"), "{{platform}}"));
    row(20, "Who is affected?", vec![now, timeline])
}

fn why() -> Row {
    let open = Panel::table(
        31,
        "Open incidents",
        "Each open incident with its reasons, since it was first seen, and from how many vantages it is seen: if from one of several, it may be the path from there. The beginning of a reason names the layer: dns, tcp, tls, http, ws, content. Reports vs normal: users' reports where they are worst; 100 % is the top of what is normal at this hour. No rows: no open incident is known.",
    )
    .size(24, 8);
    let vantages = beside_incidents("platform, component", &vantages_with_incident());
    let open = sources::incidents(
        open,
        &[row_to_platform()],
        &["Value #F", "Value #D", "Value #E"],
    )
    .query(rows(beside_incidents("platform", &official("platform"))))
    .query(rows(beside_incidents("platform", &crowd())))
    .query(rows(vantages))
    .column(
        "Value #D",
        "Status page",
        &[("mappings", looks::official()), cell()],
    )
    .column("Value #E", sources::AGAINST_NORMAL, &sources::share())
    .column("Value #F", "Vantages", &[]);
    let errors = Panel::stacked(
        32,
        "Errors each minute, by reason",
        "Runs that were not ok, from all vantages together. blocked_ reasons are refusals, local_ ones are ours; all others are theirs.",
    )
    .size(24, 8)
    .unit("cpm")
    .query(range(
        format!("60 * {}", rate("reason", &of("platform_probe_errors_total"))),
        "{{reason}}",
    ));
    row(30, "Since when, and why?", vec![open, errors])
}

fn others() -> Row {
    let matrix = sources::side_by_side(
        Panel::table(
            41,
            "Sources side by side",
            "What our probes see, what the platform's status page says, what its users report where it is worst (100 % is the top of what is normal at this hour). Unknown, or no such column: that source is not read.",
        ),
        &[row_to_platform()],
    );
    let reported = sources::reported(42);
    row(
        40,
        "What do they and their users say?",
        vec![matrix, reported],
    )
}

fn better() -> Row {
    let failing = Panel::graph(
        51,
        "Failing probes",
        "Share of runs from all vantages that fail, among those that say something of the platform. Falling: it is getting better, before the verdict turns. A gap: our own network was down.",
    )
    .size(12, 8)
    .unit("percentunit")
    .between(0, 1)
    .query(range(failing("platform"), "{{platform}}"));
    let latency = Panel::graph(
        52,
        "Latency, p95",
        "Duration of whole runs from all vantages, ok ones only; 95 of 100 are faster. The broken line is the same time a week ago. A gap: our own network was down, or nothing was ok.",
    )
    .size(12, 8)
    .unit("s")
    .series("/ a week ago$/", &[dashed(), bare()])
    .query(range(
        latency("platform"),
        "{{platform}}",
    ))
    .query(range(
        latency_last_week("platform"),
        "{{platform}} a week ago",
    ));
    let hours = Panel::history(
        53,
        "Availability by the hour",
        "Share of the known time in which it worked (up or degraded), from all vantages together; on long ranges the boxes are longer than an hour. Time in which nothing was known counts for nothing.",
    )
    .size(24, 8)
    .unit("percentunit")
    .decimals(1)
    .every("1h")
    .mappings(looks::availability())
    .link(to_platform())
    .query(range(
        availability("platform_state_seconds_total", "platform", "$__interval"),
        "{{platform}}",
    ));
    row(50, "Is it getting better?", vec![failing, latency, hours])
}
