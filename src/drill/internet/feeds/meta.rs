//! metastatus.com: Meta's business products, each an org with services. The forms follow its public readers; how it writes
//! times was never confirmed.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::super::exchange::Answer;
use super::super::strikes::Disruption;
use super::{News, iso};
use crate::time::Time;

pub(super) const HOST: &str = "metastatus.com";

/// Id and name, the platform that it is the official word on if any, and its services.
const ORGS: [(&str, &str, &str, &[&str]); 17] = [
    (
        "ads-manager",
        "Ads Manager",
        "",
        &["Ads delivery", "Ads reporting"],
    ),
    ("catalog", "Catalog", "", &["Catalog"]),
    ("ctx", "Click to Message ads", "", &["Click to Message ads"]),
    (
        "fb-ig-shops",
        "Facebook and Instagram Shops",
        "",
        &["Shops"],
    ),
    ("fbs", "Meta Business Suite", "", &["Meta Business Suite"]),
    ("ig-boost", "Instagram Boost", "", &["Instagram Boost"]),
    ("admin-center", "Admin Center", "", &["Admin Center"]),
    (
        "audience-network",
        "Audience Network",
        "",
        &["Audience Network"],
    ),
    ("workplace", "Workplace", "", &["Workplace"]),
    (
        "facebook-login",
        "Facebook Login",
        "facebook",
        &["Facebook Login"],
    ),
    ("graph-api", "Graph API", "facebook", &["Platform Status"]),
    (
        "ig-messenger",
        "Messenger API for Instagram",
        "messenger",
        &["Messenger API for Instagram"],
    ),
    (
        "messenger",
        "Messenger Platform",
        "messenger",
        &["Messenger Platform"],
    ),
    (
        "whatsapp-business-api",
        "WhatsApp Business Platform",
        "whatsapp_business",
        &[
            "Cloud API",
            "WhatsApp Business Account Management",
            "Embedded Signup",
        ],
    ),
    (
        "marketing-api",
        "Marketing API",
        "facebook",
        &["Marketing API"],
    ),
    ("ads-transparency", "Ads Transparency", "", &["Ads Library"]),
    (
        "data-transparency",
        "Data Transparency",
        "",
        &["Data Transparency"],
    ),
];

const FINE: &str = "No known issues";
const BROKEN: &str = "Major disruptions";
const RESOLVED: &str = "Resolved";
const WHAT: &str = "We are aware of an issue and are working on a solution. (Simulated.)";
/// Days that the metrics go back.
const DAYS: usize = 31;

type Org = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

pub(super) fn speaks_of(platform: &str) -> bool {
    ORGS.iter().any(|(_, _, known, _)| *known == platform) && !platform.is_empty()
}

pub(super) fn answer(path: &str, news: &News<'_>) -> Answer {
    if path == "/data/orgs.json" {
        let orgs: Vec<Value> = ORGS.iter().map(|org| listed(org, news)).collect();
        return Answer::json(200, &Value::Array(orgs));
    }
    let between = |before: &str, after: &str| {
        let name = path.strip_prefix(before)?.strip_suffix(after)?;
        ORGS.iter().find(|(id, ..)| *id == name)
    };
    if let Some(org) = between("/data/outages/", ".history.json") {
        return outages(org, news.of(org.2).filter(|known| known.until.is_some()));
    }
    if let Some(org) = between("/data/outages/", ".json") {
        return outages(org, news.open(org.2).into_iter());
    }
    if let Some(org) = between("/outage-events-feed-", ".rss") {
        return rss(org, news);
    }
    if path.starts_with("/metrics/whatsapp-business-api/") && path.ends_with(".json") {
        return metrics(path);
    }
    // The page is one program for all addresses.
    let shell = r#"<!DOCTYPE html><html><head><title>Status and outages of Meta business products</title></head><body><div id="root"></div></body></html>"#;
    Answer::html(200, shell)
}

/// A number of its own for each service of all orgs.
fn service_id(org: &Org, service: usize) -> usize {
    let before = ORGS.iter().take_while(|known| known.0 != org.0);
    1 + before.map(|known| known.3.len()).sum::<usize>() + service
}

fn listed(org: &Org, news: &News<'_>) -> Value {
    let (id, name, platform, services) = org;
    let open = news.open(platform);
    let (status, time) = match open {
        Some(open) => (BROKEN, open.since),
        None => (FINE, news.now),
    };
    let service = |(number, name): (usize, &&str)| json!({"id": service_id(org, number), "name": name, "status": status, "time": iso(time)});
    let services: Vec<Value> = services.iter().enumerate().map(service).collect();
    json!({"id": id, "name": name, "rss_file_paths": [format!("outage-events-feed-{id}.rss")], "services": services})
}

fn outages<'a>(org: &Org, known: impl Iterator<Item = &'a Disruption>) -> Answer {
    let outage = |(number, known): (usize, &Disruption)| {
        let mut posts = vec![post(BROKEN, WHAT, known.since)];
        if let Some(until) = known.until {
            posts.push(post(
                RESOLVED,
                "This issue is resolved. (Simulated.)",
                until,
            ));
        }
        let status = if known.until.is_some() {
            RESOLVED
        } else {
            BROKEN
        };
        json!({"id": number + 1, "service_id": service_id(org, 0), "status": status, "time": iso(known.since), "posts": posts})
    };
    let known: Vec<Value> = known.enumerate().map(outage).collect();
    Answer::json(200, &Value::Array(known))
}

fn post(status: &str, description: &str, time: Time) -> Value {
    json!({"status": status, "description": description, "time": iso(time)})
}

/// Only what goes on is listed.
fn rss(org: &Org, news: &News<'_>) -> Answer {
    let (id, name, platform, _) = org;
    let item = news.open(platform).map(|open| {
        let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_millis(open.since.as_millis()));
        format!("<item><title>{name}: {BROKEN}</title><description>{WHAT}</description><pubDate>{date}</pubDate><guid isPermaLink=\"false\">{id}-{}</guid></item>", open.since.as_millis())
    });
    let feed = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>{name}</title><link>https://{HOST}/{id}</link><description>Outages of {name}</description>{}</channel></rss>"#,
        item.unwrap_or_default()
    );
    Answer::new(200, "application/rss+xml; charset=utf-8", feed)
}

/// Availability in percent, or a delay in seconds.
fn metrics(path: &str) -> Answer {
    let value = if path.contains("uptime") { 99.97 } else { 2.4 };
    Answer::json(200, &json!({ "values": vec![value; DAYS] }))
}
