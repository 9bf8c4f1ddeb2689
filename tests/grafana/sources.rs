//! What two dashboards show alike: what the platforms and their users say, beside what the probes see.

use serde_json::{Value, json};

use crate::expr::{
    self, all_reports, all_reports_top, beside_incidents, crowd, official, verdict,
    verdict_of_incidents,
};
use crate::looks::{self, cell};
use crate::model::{Panel, range, rows};
use crate::variables::{bare, dashed, faint};

/// Open incidents as rows of a table, as far as our probes see them: its first three queries and its first columns. `platform`:
/// how the column of its name looks; `more`: the values of further queries, in their order.
pub fn incidents(table: Panel, platform: &[(&'static str, Value)], more: &[&str]) -> Panel {
    let verdicts = verdict_of_incidents();
    let clock = [("unit", json!("dateTimeAsIsoNoDateIfToday"))];
    let unseen = [("noValue", json!("not seen just now"))];
    table
        .unit("none")
        .without_data("no open incident is known")
        .query(rows(format!("1000 * ({})", expr::incidents())))
        .query(rows(format!("time() - ({})", expr::incidents())))
        .query(rows(beside_incidents("platform, component", &verdicts)))
        .merged(
            &[
                &[
                    "platform",
                    "component",
                    "Value #C",
                    "Value #A",
                    "Value #B",
                    "reason",
                ],
                more,
            ]
            .concat(),
        )
        .sorted(&[("State", true), ("Platform", false)])
        .column("platform", "Platform", platform)
        .column("component", "Component", &[])
        .column("reason", "Reason", &unseen)
        .column("Value #A", "Since", &clock)
        .column("Value #B", "For", &lasting())
        .column(
            "Value #C",
            "State",
            &[("mappings", looks::verdicts()), cell()],
        )
}

/// A duration in words, in its two largest parts.
pub fn lasting() -> [(&'static str, Value); 2] {
    [("unit", json!("dtdurations")), ("decimals", json!(1))]
}

/// The three sources of a platform in the columns of a table; `platform`: how the column of its name looks.
pub fn side_by_side(table: Panel, platform: &[(&'static str, Value)]) -> Panel {
    table
        .size(12, 8)
        .unit("none")
        .query(rows(verdict("platform_state", "platform")))
        .query(rows(official("platform")))
        .query(rows(crowd()))
        .merged(&["platform", "Value #A", "Value #B", "Value #C"])
        .sorted(&[("Platform", false)])
        .column("platform", "Platform", platform)
        .column(
            "Value #A",
            "Probes",
            &[("mappings", looks::verdicts()), cell()],
        )
        .column(
            "Value #B",
            "Status page",
            &[("mappings", looks::official()), cell()],
        )
        .column("Value #C", AGAINST_NORMAL, &share())
}

/// The title of a column of users' reports as a share of the top of their normal.
pub const AGAINST_NORMAL: &str = "Reports vs normal";

/// How it looks.
pub fn share() -> [(&'static str, Value); 4] {
    [
        ("unit", json!("percentunit")),
        ("decimals", json!(0)),
        ("mappings", looks::crowd()),
        cell(),
    ]
}

/// Users' reports against what is normal.
pub fn reported(id: u64) -> Panel {
    Panel::graph(
        id,
        "Users' reports",
        "Reports of all countries in the source's last window, and the top of what is normal at this hour (broken line): by the last four weeks, or by what the source calls normal until two weeks are recorded.",
    )
    .size(12, 8)
    .unit("short")
    .series("/ normal$/", &[dashed(), bare(), faint()])
    .query(range(all_reports(), "{{platform}}"))
    .query(range(all_reports_top(), "{{platform}} top of normal"))
}
