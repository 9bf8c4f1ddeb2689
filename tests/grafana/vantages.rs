//! Several vantages, and several exporters at one of them, of which each panel must make what its reader takes it for.

use crate::built;
use crate::live::{asks, offered, programs};
use crate::prometheus::Prometheus;
use crate::variables::DRILLS;

const NOW: u64 = 1_710_000_000;
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// An exporter that looks at one platform.
struct Exporter {
    instance: &'static str,
    /// A further label of its target, if so.
    service: Option<&'static str>,
    vantage: &'static str,
    /// Since when it says so, and whether that is up or down.
    since: u64,
    down: bool,
    /// Of each ten minutes.
    seconds_down: u64,
    /// Since when it has an incident open, if so.
    incident: Option<u64>,
    reason: Option<&'static str>,
    /// Whether its check was ok lastly, and ever.
    ok: u8,
    proven: u8,
}

const WELL: Exporter = Exporter {
    instance: "a",
    service: None,
    vantage: "east",
    since: NOW - 60,
    down: false,
    seconds_down: 0,
    incident: None,
    reason: None,
    ok: 1,
    proven: 1,
};

/// A pair that sees it well, of which one is scraped twice and the other has trouble of its own; two vantages where it is down; and a
/// drill, worst of all.
const EXPORTERS: [Exporter; 6] = [
    WELL,
    Exporter {
        service: Some("headless"),
        ..WELL
    },
    Exporter {
        instance: "b",
        reason: Some("local_network"),
        ok: 0,
        proven: 0,
        ..WELL
    },
    Exporter {
        instance: "c",
        service: None,
        vantage: "west",
        since: NOW - HOUR,
        down: true,
        seconds_down: 60,
        incident: Some(NOW - HOUR - 60),
        reason: Some("http_status_5xx"),
        ok: 0,
        proven: 0,
    },
    Exporter {
        instance: "d",
        vantage: "south",
        since: NOW - 1_800,
        down: true,
        incident: Some(NOW - 1_860),
        reason: Some("http_status_5xx"),
        ok: 0,
        ..WELL
    },
    Exporter {
        instance: "e",
        service: None,
        vantage: "drill",
        since: NOW - DAY,
        down: true,
        seconds_down: 600,
        incident: Some(NOW - DAY),
        reason: Some("dns_nxdomain"),
        ok: 0,
        proven: 0,
    },
];

/// Everything that they would have said for a month.
fn samples() -> String {
    let mut lines: Vec<String> = EXPORTERS.iter().flat_map(Exporter::now).collect();
    let ticks = (0..=31 * DAY)
        .step_by(600)
        .map(|since| (NOW - 31 * DAY + since, since));
    lines.extend(ticks.flat_map(|(at, since)| {
        EXPORTERS
            .iter()
            .flat_map(move |exporter| exporter.counters(at, since / 600))
    }));
    let seconds = (0..=600).step_by(15).map(|ago| NOW - 600 + ago);
    lines.extend(seconds.flat_map(|at| EXPORTERS.iter().map(move |exporter| exporter.reports(at))));
    lines.join("\n") + "\n# EOF\n"
}

impl Exporter {
    /// As in the shipped scrape configuration.
    fn job(&self) -> &str {
        match self.vantage {
            "drill" => DRILLS[0].1,
            _ => "platform_exporter",
        }
    }

    fn own_labels(&self) -> String {
        let (job, instance, vantage) = (self.job(), self.instance, self.vantage);
        let service = self.service.map(|name| format!(r#",service="{name}""#));
        let service = service.unwrap_or_default();
        format!(r#"job="{job}",instance="{instance}",vantage="{vantage}"{service}"#)
    }

    fn labels(&self) -> String {
        self.own_labels() + r#",platform="acme""#
    }

    fn now(&self) -> Vec<String> {
        let (itself, own) = (self.own_labels(), self.labels());
        let drill = u8::from(self.vantage == "drill");
        let check = format!(r#"{own},component="web",check="home""#);
        let [up, down] = [u8::from(!self.down), u8::from(self.down)];
        let mut lines = vec![
            format!(r#"platform_exporter_build_info{{{itself},version="1"}} 1 {NOW}"#),
            format!("platform_exporter_drill{{{itself}}} {drill} {NOW}"),
            format!("platform_vantage_up{{{itself}}} 1 {NOW}"),
            format!(r#"platform_info{{{own},title="Acme"}} 1 {NOW}"#),
            // Who sees it down does not see the component any more just now.
            format!(r#"platform_component_state{{{own},component="web",state="up"}} {up} {NOW}"#),
            format!(
                r#"platform_component_state{{{own},component="web",state="unknown"}} {down} {NOW}"#
            ),
            format!(r#"platform_state{{{own},state="up"}} {up} {NOW}"#),
            format!(r#"platform_state{{{own},state="down"}} {down} {NOW}"#),
            format!(
                "platform_state_since_timestamp_seconds{{{own}}} {} {NOW}",
                self.since
            ),
            format!("platform_probe_success{{{check}}} {} {NOW}", self.ok),
            format!("platform_probe_proven{{{check}}} {} {NOW}", self.proven),
            format!(r#"platform_probe_info{{{check},kind="http",target="t",depth="app"}} 1 {NOW}"#),
        ];
        for (country, recent) in [("BD", 30), ("IN", 40)] {
            let of = format!(r#"{own},country="{country}",source="s""#);
            lines.push(format!("platform_reports_recent{{{of}}} {recent} {NOW}"));
            lines.push(format!("platform_reports_baseline{{{of}}} 16 {NOW}"));
        }
        // Two weeks of history there are only of the one.
        lines.push(format!(
            r#"platform:reports:top{{{own},country="BD",source="s"}} 100 {NOW}"#
        ));
        if let Some(start) = self.incident {
            lines.push(format!(
                r#"platform_incident_start_timestamp_seconds{{{own},component="web"}} {start} {NOW}"#
            ));
        }
        if let Some(reason) = self.reason {
            lines.push(format!(
                r#"platform_component_reason{{{own},component="web",reason="{reason}"}} 1 {NOW}"#
            ));
            lines.push(format!(
                r#"platform_component_reason{{{own},component="web",reason="local_offline"}} 1 {NOW}"#
            ));
        }
        lines
    }

    /// Every one of them saw an incident begin half an hour ago, and two before that.
    fn counters(&self, at: u64, ticks: u64) -> Vec<String> {
        let own = self.labels();
        let (down, up) = (ticks * self.seconds_down, ticks * (600 - self.seconds_down));
        let begins = [NOW - 20 * DAY, NOW - 10 * DAY, NOW - 1_800];
        let begun = begins.iter().filter(|begin| **begin <= at).count();
        vec![
            format!(r#"platform_state_seconds_total{{{own},state="up"}} {up} {at}"#),
            format!(r#"platform_state_seconds_total{{{own},state="down"}} {down} {at}"#),
            format!(
                r#"platform_incidents_total{{{own},component="web",level="down"}} {begun} {at}"#
            ),
        ]
    }

    /// All read the same reports, one each second.
    fn reports(&self, at: u64) -> String {
        let own = self.labels();
        format!(
            r#"platform_reports_total{{{own},country="BD",source="s",symptom="login"}} {} {at}"#,
            at - (NOW - DAY)
        )
    }
}

/// Dashboard, panel and query.
type Asked<'a> = (&'a str, &'a str, &'a str);

/// A query, labels of its series, and what it must say: their values, and the value.
type Expected<'a> = (Asked<'a>, &'a [&'a str], &'a [&'a str]);

/// What a query says now.
async fn shown(prometheus: &Prometheus, asked: Asked<'_>, labels: &[&str]) -> Vec<String> {
    let dashboards = built();
    let (dashboard, title, letter) = asked;
    let asks = asks(&dashboards, prometheus);
    let ask = asks.iter().find(|ask| {
        ask.dashboard == dashboard && ask.panel["title"] == title && ask.target["refId"] == letter
    });
    let Some(ask) = ask else {
        return vec!["there is no such query".into()];
    };
    let series = ask.at(prometheus, NOW).await.unwrap();
    let mut rows: Vec<String> = series
        .iter()
        .map(|one| {
            let named: Vec<&str> = labels.iter().map(|label| one.label(label)).collect();
            format!("{} {:.3}", named.join(" "), one.last())
                .trim()
                .to_owned()
        })
        .collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn panels_of_several_vantages_say_what_they_are_taken_for() {
    let Some(programs) = programs() else {
        return;
    };
    let prometheus = Prometheus::holding(&programs, &samples(), (NOW - HOUR, NOW)).await;
    let start = format!("{}.000", 1000 * (NOW - HOUR - 60));
    let since = format!("{}.000", 1000 * (NOW - HOUR));
    // The top is 100 for the one and 1.5 * 16 + 4 * 4 + 5 = 45 for the other country.
    let expected: &[Expected<'_>] = &[
        (
            ("overview", "Real or drill", "A"),
            &["job"],
            &["platform_drill 1.000", "platform_exporter 0.000"],
        ),
        (("overview", "Platforms by state", "A"), &[], &["1.000"]),
        (("overview", "Platforms by state", "E"), &[], &["0.000"]),
        (
            ("overview", "Open incidents", "A"),
            &["reason"],
            &[&format!("http_status_5xx {start}")],
        ),
        (("overview", "Open incidents", "C"), &[], &["0.000"]),
        (("overview", "Open incidents", "F"), &[], &["2.000"]),
        (("overview", "State now", "A"), &["title"], &["Acme 4.000"]),
        (("overview", "Sources side by side", "C"), &[], &["0.889"]),
        (("overview", "Users' reports", "A"), &[], &["70.000"]),
        (("overview", "Users' reports", "B"), &[], &["145.000"]),
        (
            ("platform", "Reports by country", "C"),
            &["country"],
            &["BD 0.300", "IN 0.889"],
        ),
        (("platform", "In this state", "A"), &[], &[&since]),
        (
            ("platform", "Seen by", "A"),
            &["vantage"],
            &["east 2.000", "south 4.000", "west 4.000"],
        ),
        (
            ("platform", "Incidents in this time range", "A"),
            &["level"],
            &["down 1.000"],
        ),
        (
            ("platform", "Reports each minute, by symptom", "A"),
            &["symptom"],
            &["login 60.000"],
        ),
        (
            ("platform", "Checks", "B"),
            &["vantage"],
            &["east 0.000", "south 0.000", "west 0.000"],
        ),
        (
            ("platform", "Checks", "A"),
            &["vantage"],
            &["east 0.000", "south 1.000", "west 0.000"],
        ),
        // Of one of five targets a tenth.
        (("availability", "Last 30 days", "A"), &[], &["0.980"]),
        (
            ("availability", "How fast it is spent", "A"),
            &[],
            &["100.000"],
        ),
        (
            ("availability", "Where 30 days went", "A"),
            &["vantage"],
            &["east 3.000", "south 3.000", "west 3.000"],
        ),
        (
            ("availability", "Where 30 days went", "B"),
            &["vantage"],
            &["east 0.000", "south 0.000", "west 259200.000"],
        ),
        (("exporter", "Checks never ok here", "A"), &[], &["1.000"]),
    ];
    let mut wrong = Vec::new();
    for (asked, labels, values) in expected {
        let shown = shown(&prometheus, *asked, labels).await;
        if shown != *values {
            wrong.push(format!("{asked:?}: {shown:?}, and not {values:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (name, values) in offered(&built(), &prometheus).await {
        let drill = values
            .iter()
            .find(|value| value.contains("drill") || *value == "e");
        assert!(drill.is_none(), "{name} offers {drill:?}");
    }
}
