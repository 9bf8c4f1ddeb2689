//! Atlassian Statuspage, version 2 of its API: the status pages of Discord, Reddit and LinkedIn's API.

use serde_json::{Value, json};

use super::super::exchange::Answer;
use super::super::strikes::Disruption;
use super::{News, iso};

/// Platform, host, the page's name, and its components.
const PAGES: [(&str, &str, &str, &[&str]); 3] = [
    (
        "discord",
        "discordstatus.com",
        "Discord",
        &["API", "Gateway", "Voice", "Media Proxy"],
    ),
    (
        "reddit",
        "www.redditstatus.com",
        "Reddit",
        &[
            "Desktop Web",
            "Mobile Web",
            "Native Mobile Apps",
            "Vote Processing",
        ],
    ),
    (
        "linkedin",
        "www.linkedin-apistatus.com",
        "LinkedIn API",
        &["Sign In with LinkedIn", "Marketing API"],
    ),
];

type Page = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

pub(super) fn host(platform: &str) -> Option<&'static str> {
    let page = PAGES.iter().find(|(known, ..)| *known == platform)?;
    Some(page.1)
}

pub(super) fn answer(host: &str, path: &str, news: &News<'_>) -> Option<Answer> {
    let page = PAGES.iter().find(|(_, known, ..)| *known == host)?;
    let open = news.open(page.0);
    let about = json!({"id": page.0, "name": page.2, "url": format!("https://{host}"), "time_zone": "Etc/UTC", "updated_at": iso(news.now)});
    let document = match path {
        "/api/v2/status.json" => json!({"page": about, "status": status(open)}),
        "/api/v2/components.json" => {
            json!({"page": about, "components": components(page, open, news)})
        }
        "/api/v2/incidents/unresolved.json" => {
            json!({"page": about, "incidents": incidents(page, open)})
        }
        "/api/v2/summary.json" => json!({
            "page": about,
            "status": status(open),
            "components": components(page, open, news),
            "incidents": incidents(page, open),
            "scheduled_maintenances": [],
        }),
        _ => return Some(Answer::html(404, "<title>Page not found</title>")),
    };
    Some(Answer::json(200, &document))
}

fn status(open: Option<&Disruption>) -> Value {
    match open {
        Some(_) => json!({"indicator": "major", "description": "Major System Outage"}),
        None => json!({"indicator": "none", "description": "All Systems Operational"}),
    }
}

fn components(page: &Page, open: Option<&Disruption>, news: &News<'_>) -> Vec<Value> {
    let (status, since) = match open {
        Some(open) => ("major_outage", open.since),
        None => ("operational", news.now),
    };
    let component = |(position, name): (usize, &&str)| {
        json!({
            "id": format!("{}{position}", page.0), "name": name, "status": status, "position": position + 1, "page_id": page.0,
            "updated_at": iso(since), "group": false, "group_id": null, "showcase": true, "only_show_if_degraded": false,
        })
    };
    page.3.iter().enumerate().map(component).collect()
}

fn incidents(page: &Page, open: Option<&Disruption>) -> Vec<Value> {
    let incident = |open: &Disruption| {
        let since = iso(open.since);
        json!({
            "id": format!("{}-{}", page.0, open.since.as_millis()), "name": "Major outage", "status": "investigating", "impact": "major",
            "created_at": since, "updated_at": since, "started_at": since, "resolved_at": null, "page_id": page.0,
            "incident_updates": [{"id": "1", "status": "investigating", "body": "We are investigating. (Simulated.)", "created_at": since, "display_at": since}],
        })
    };
    open.into_iter().map(incident).collect()
}
