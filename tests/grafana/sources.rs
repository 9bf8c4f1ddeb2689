//! What two dashboards show alike: what the platforms and their users say, beside what the probes see.

use serde_json::{Value, json};

use crate::expr::{all_reports, all_reports_top, crowd, official, verdict};
use crate::looks::{self, cell};
use crate::model::{Panel, range, rows};
use crate::variables::{bare, dashed, faint};

/// The three sources of a platform in the columns of a table; `platform`: how the column of its name looks.
pub fn side_by_side(table: Panel, platform: &[(&'static str, Value)]) -> Panel {
    table
        .size(12, 8)
        .unit("none")
        .query(rows(verdict("platform_state", "platform")))
        .query(rows(official("platform")))
        .query(rows(crowd()))
        .merged(&["platform", "Value #A", "Value #B", "Value #C"])
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
        .column(
            "Value #C",
            "Users' reports",
            &[
                ("unit", json!("percentunit")),
                ("decimals", json!(0)),
                ("mappings", looks::crowd()),
                cell(),
            ],
        )
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
    .query(range(all_reports_top(), "{{platform}} normal"))
}
