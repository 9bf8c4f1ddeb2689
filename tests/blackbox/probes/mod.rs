//! Each kind of probe against its main faults: a table of the check, the fault it meets, and the reason it must name.

mod dns;
mod http;
mod policy;
mod tcp_tls;
mod websocket;

use std::time::Duration;

use crate::support::World;
use crate::support::exporter::SOON;
use crate::support::page::Page;

/// A check as the user writes it, and `class reason` of all its runs; `ok` for none that is not ok.
pub struct Row {
    name: String,
    check: String,
    expected: &'static str,
}

impl Row {
    fn new(name: &str, check: impl Into<String>, expected: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            check: check.into(),
            expected,
        }
    }

    fn is_met(&self, page: &Page) -> bool {
        let labels = [("check", self.name.as_str())];
        match self.expected {
            "ok" => page.runs(&labels, "ok") >= 1.0,
            _ => !page.errors(&self.name).is_empty(),
        }
    }

    /// What is wrong with the results, if anything.
    fn complaint(&self, page: &Page) -> Option<String> {
        let errors = page.errors(&self.name);
        let oks = page.runs(&[("check", self.name.as_str())], "ok");
        let fine = match self.expected {
            "ok" => errors.is_empty() && oks > 0.0,
            expected => {
                oks == 0.0
                    && errors.len() == 1
                    && expected.split(" or ").any(|one| errors.contains(one))
            }
        };
        (!fine).then(|| {
            format!(
                "{}: expected {}, got {errors:?} and {oks} ok",
                self.name, self.expected
            )
        })
    }
}

/// One platform `own`, each check in a component of its own.
pub fn platform(rows: &[Row]) -> String {
    let component = |row: &Row| {
        format!(
            "      {0}:\n        checks:\n          {0}: {1}\n",
            row.name, row.check
        )
    };
    "platforms:\n  own:\n    components:\n".to_owned()
        + &rows.iter().map(component).collect::<String>()
}

/// Runs all rows at once, each at least once, and compares.
async fn judge(world: &World, rows: Vec<Row>) {
    let set = |settings: &mut crate::support::exporter::Settings| {
        settings.defaults = "{ interval: 3s, timeout: 1500ms, recheck: 1s }".into()
    };
    let exporter = world
        .exporter()
        .set(set)
        .with(&platform(&rows))
        .start()
        .await;
    exporter
        .wait_until(SOON, "every row has a result", |page| {
            rows.iter().all(|row| row.is_met(page))
        })
        .await;
    let page = exporter
        .stays(Duration::from_secs(4), "the page is served", |page| {
            !page.samples.is_empty()
        })
        .await;
    let complaints: Vec<_> = rows.iter().filter_map(|row| row.complaint(&page)).collect();
    assert!(
        complaints.is_empty(),
        "{}\n{}",
        complaints.join("\n"),
        exporter.log()
    );
    assert_eq!(page.value("platform_vantage_up", &[]), Some(1.0));
}
