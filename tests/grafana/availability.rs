//! Availability: thirty days, the error budget, incidents, and a year from recorded series.

use serde_json::json;

use crate::expr::{SEEN, availability, burn};
use crate::looks::{self, ORANGE, RED, cell};
use crate::model::{Dashboard, Panel, Row, instant, range, row, rows};
use crate::names::{RECORDED_HOUR, Selector, of};
use crate::variables::{self, row_to_platform, to_platform};

const STATE: &str = "platform_state_seconds_total";
const COMPONENT: &str = "platform_component_state_seconds_total";

pub fn dashboard() -> Dashboard {
    let mut variables = variables::variables();
    variables.push(variables::objective());
    Dashboard {
        uid: variables::AVAILABILITY,
        title: "Platforms / Availability",
        description: "How reliable the platforms were. Only time in which something was known counts: a lost vantage or a stopped exporter is never theirs.",
        from: "now-30d",
        refresh: "5m",
        variables,
        rows: vec![month(), budget(), losses(), year()],
    }
}

fn percent(panel: Panel) -> Panel {
    panel.unit("percentunit").decimals(2)
}

fn month() -> Row {
    let now = percent(Panel::stat(
        11,
        "Last 30 days",
        "Share of the known time of the last 30 days in which it worked (up or degraded). Each exporter counts by the time in which it knew something.",
    ))
    .size(24, 5)
    .mappings(looks::availability())
    .link(to_platform())
    .query(instant(
        availability(STATE, "platform", "30d"),
        "{{platform}}",
    ));
    let days = percent(Panel::history(
        12,
        "Day by day",
        "Share of the known time in which it worked, from all vantages together; each box is a day, or longer on long ranges.",
    ))
    .size(24, 8)
    .every("1d")
    .mappings(looks::availability())
    .link(to_platform())
    .query(range(
        availability(STATE, "platform", "$__interval"),
        "{{platform}}",
    ));
    row(10, "How reliable were they?", vec![now, days])
}

fn budget() -> Row {
    let left = Panel::stat(
        21,
        "Error budget left",
        "What is left of the downtime that the objective (chosen above) allows in 30 days, from all vantages together. Below zero it is overspent.",
    )
    .size(24, 5)
    .unit("percentunit")
    .decimals(0)
    .mappings(looks::budget())
    .link(to_platform())
    .query(instant(format!("1 - {}", burn("platform", "30d")), "{{platform}}"));
    let pace = Panel::table(
        22,
        "How fast it is spent",
        "1: just as fast as the objective allows; 14.4: a month's budget in two days. As in the alert PlatformErrorBudgetBurn each vantage is on its own; the worst is shown.",
    )
    .size(24, 8)
    .unit("none")
    .decimals(1)
    .query(rows(worst_burn("1h")))
    .query(rows(worst_burn("6h")))
    .query(rows(worst_burn("1d")))
    .query(rows(worst_burn("3d")))
    .merged(&["platform", "Value #A", "Value #B", "Value #C", "Value #D"])
    .sorted(&[("Platform", false)])
    .column("platform", "Platform", &[row_to_platform()])
    .column("Value #A", "Last hour", &[("mappings", looks::burn()), cell()])
    .column("Value #B", "6 hours", &[("mappings", looks::burn()), cell()])
    .column("Value #C", "Day", &[("mappings", looks::burn()), cell()])
    .column("Value #D", "3 days", &[("mappings", looks::burn()), cell()]);
    row(20, "What is left of the error budget?", vec![left, pace])
}

fn worst_burn(range: &str) -> String {
    format!("max by (platform) ({})", burn(SEEN, range))
}

/// How much a counter grew in 30 days from each vantage; of several exporters there, by the one that counted most.
fn from_each_vantage(counter: &Selector) -> String {
    let grown = counter.over("30d");
    let each = format!("max by ({SEEN}, component) (increase({grown}))");
    format!("max by (vantage, platform) (sum by ({SEEN}) ({each}))")
}

fn losses() -> Row {
    let by_state = |state: &str| {
        let state = of(STATE).with(&format!("state=\"{state}\""));
        format!("round({})", from_each_vantage(&state))
    };
    let begun = of("platform_incidents_total").with("level=\"down\"");
    let time = Panel::table(
        31,
        "Where 30 days went",
        "From each vantage: incidents at level down (begun in any component), and the time in each state. Blocked and unknown time counts for nothing: there was no telling. What is missing to 30 days, the exporter did not run.",
    )
    .size(24, 8)
    .unit("dtdurations")
    .decimals(1)
    .query(rows(format!("round({})", from_each_vantage(&begun))))
    .query(rows(by_state("down")))
    .query(rows(by_state("degraded")))
    .query(rows(by_state("blocked")))
    .query(rows(by_state("unknown")))
    .merged(&["platform", "vantage", "Value #A", "Value #B", "Value #C", "Value #D", "Value #E"])
    .sorted(&[("Platform", false), ("Vantage", false)])
    .column("platform", "Platform", &[row_to_platform()])
    .column("vantage", "Vantage", &[])
    .column("Value #A", "Incidents", &[("unit", json!("none")), ("decimals", json!(0))])
    .column("Value #B", "Down", &[("mappings", looks::any_is(RED))])
    .column("Value #C", "Degraded", &[("mappings", looks::any_is(ORANGE))])
    .column("Value #D", "Blocked", &[])
    .column("Value #E", "Unknown", &[]);
    let parts = percent(Panel::table(
        32,
        "Weakest components of 30 days",
        "Share of the known time in which each component worked, from all vantages together, the worst first.",
    ))
    .size(24, 8)
    .query(rows(format!(
        "bottomk(20, {})",
        availability(COMPONENT, "platform, component", "30d")
    )))
    .merged(&["platform", "component", "Value"])
    .column("platform", "Platform", &[row_to_platform()])
    .column("component", "Component", &[])
    .column(
        "Value",
        "Worked",
        &[("mappings", looks::availability()), cell()],
    )
    .sorted(&[("Worked", false)]);
    let known = percent(Panel::graph(
        33,
        "Share of time in which something was known",
        "Of the time of all vantages together. The rest was blocked or unknown. Low: the figures above rest on little.",
    ))
    .size(24, 7)
    .between(0, 1)
    .every("1h")
    .query(range(known("$__interval"), "{{platform}}"));
    row(30, "What went wrong?", vec![time, parts, known])
}

fn known(over: &str) -> String {
    let told = of(STATE).with("state=~\"up|degraded|down\"");
    format!(
        "sum by (platform) (increase({})) / sum by (platform) (increase({}))",
        told.over(over),
        of(STATE).over(over)
    )
}

fn year() -> Row {
    // Both sides are sums of the same samples, so that it does not matter how often the rule is evaluated.
    let worked = |range: &str| {
        let sum = |states: &str| {
            let states = of(RECORDED_HOUR).with(&format!("state=~\"{states}\""));
            format!("sum by (platform) (sum_over_time({}))", states.over(range))
        };
        format!("{} / ({} > 0)", sum("up|degraded"), sum("up|degraded|down"))
    };
    let whole = percent(Panel::stat(
        41,
        "Last 365 days",
        "Share of the known time of a year in which it worked, from all vantages together, by what a recording rule notes every hour. Needs the rules of this project, and as much retention as it is to look back.",
    ))
    .size(24, 5)
    .mappings(looks::availability())
    .without_data("unknown: nothing recorded")
    .link(to_platform())
    .query(instant(worked("365d"), "{{platform}}"));
    let days = percent(Panel::graph(
        42,
        "Each day of a year",
        "Share of the known time of the day in which it worked, from all vantages together.",
    ))
    .size(24, 8)
    .last("365d")
    .every("1d")
    .between(0, 1)
    .query(range(worked("1d"), "{{platform}}"));
    row(40, "And over a year?", vec![whole, days])
}
