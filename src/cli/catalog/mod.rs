//! The text of the `catalog` command: every check, what it sends and how often, what it expects and on what ground.

pub(super) mod request;
pub(super) mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::select;
use crate::config::{
    Check, Component, Config, DownWhen, HttpTarget, Impact, Kind, Platform, Robots, Trust,
    WebsocketTarget,
};
use words::{duration, number};

const SECONDS_PER_HOUR: f64 = 3600.0;

/// Columns that running text may take.
const WIDTH: usize = 120;

/// Describes every platform of the configuration, or only the one named, and ends with the requests per hour and host.
///
/// # Errors
/// An unknown platform: the message names the known ones.
pub fn describe(config: &Config, only: Option<&str>) -> Result<String, String> {
    let chosen: Vec<&Platform> = match only {
        Some(name) => vec![select::platform(config, name)?],
        None => config.platforms.iter().collect(),
    };
    let mut text = String::new();
    for platform in &chosen {
        describe_platform(&mut text, config, platform);
    }
    line(
        &mut text,
        0,
        &format!("After the rules of a check {}.", words::BUILT_IN),
    );
    text.push_str(LEGEND);
    describe_totals(&mut text, &chosen);
    Ok(text)
}

const LEGEND: &str = "\
A mismatch is degraded and counts once the check has been ok here (trust once_proven), or is a failure (trust always).
Evidence: [D] documented or observed by others, [M] from memory, [INF] inferred. None was confirmed live.

";

fn describe_platform(text: &mut String, config: &Config, platform: &Platform) {
    let page = if platform.page {
        "its fall pages"
    } else {
        "its fall does not page"
    };
    line(
        text,
        0,
        &format!(
            "{}: {}, run by {}; {page}",
            platform.name, platform.title, platform.operator
        ),
    );
    if let Some(reason) = &platform.off {
        line(text, 2, &format!("off: {reason}"));
    }
    for component in &platform.components {
        describe_component(text, component);
        for check in &component.checks {
            describe_check(text, config, check, reason_off(platform, component, check));
        }
    }
    text.push('\n');
}

fn describe_component(text: &mut String, component: &Component) {
    let impact = match component.impact {
        Impact::Outage => "its fall is an outage",
        Impact::Degradation => "its fall is a degradation",
    };
    let voters = match component.down_when {
        DownWhen::All => "all of its voters are",
        DownWhen::Majority => "more than half of its voters are",
        DownWhen::Any => "any of its voters is",
    };
    let (name, tolerate) = (&component.name, component.tolerate);
    line(
        text,
        2,
        &format!("{name}: {impact}; down when {voters}; tolerates {tolerate} bad checks"),
    );
}

fn describe_check(text: &mut String, config: &Config, check: &Check, off: Option<&str>) {
    let state = off.map_or_else(|| "on".to_owned(), |reason| format!("off: {reason}"));
    line(text, 4, &format!("{} ({state})", check.id.check));
    request::describe(text, config, check);
    describe_pace(text, check);
    for (index, rule) in check.rules.iter().enumerate() {
        line(
            text,
            6,
            &format!("rule {}: {}", index + 1, words::rule(rule)),
        );
    }
    describe_standing(text, check);
}

fn describe_pace(text: &mut String, check: &Check) {
    let rate = number(per_hour(check));
    let (interval, recheck) = (duration(check.interval), duration(check.recheck));
    let timeout = duration(check.timeout);
    line(
        text,
        6,
        &format!(
            "{rate} per hour (every {interval}; every {recheck} while in doubt), timeout {timeout}"
        ),
    );
    line(
        text,
        6,
        &format!(
            "down after {} bad results, up after {} good ones",
            check.fall, check.rise
        ),
    );
}

fn describe_standing(text: &mut String, check: &Check) {
    let trust = match check.trust {
        Trust::OnceProven => "once_proven",
        Trust::Always => "always",
    };
    let signs = if check.block_signs { "on" } else { "off" };
    line(
        text,
        6,
        &format!(
            "depth {}; trust {trust}; block signs {signs}",
            check.depth.label()
        ),
    );
    let evidence = if check.evidence.is_empty() {
        "none given"
    } else {
        &check.evidence
    };
    paragraph(text, 6, &format!("evidence: {evidence}"));
    let robots = match check.robots {
        Some(Robots::Allowed) => "allowed",
        Some(Robots::Forbidden) => "forbidden (respect_robots: true turns this off)",
        None => "not known",
    };
    line(text, 6, &format!("robots.txt: {robots}"));
    paragraph(
        text,
        6,
        &format!("terms: {}", check.terms.as_deref().unwrap_or("not known")),
    );
}

/// The outermost switch decides, since that is the one to turn first.
fn reason_off<'a>(
    platform: &'a Platform,
    component: &'a Component,
    check: &'a Check,
) -> Option<&'a str> {
    [&platform.off, &component.off, &check.off]
        .into_iter()
        .find_map(|off| off.as_deref())
}

fn describe_totals(text: &mut String, platforms: &[&Platform]) {
    let mut hosts: BTreeMap<String, f64> = BTreeMap::new();
    for platform in platforms {
        for component in &platform.components {
            for check in component
                .checks
                .iter()
                .filter(|check| reason_off(platform, component, check).is_none())
            {
                *hosts.entry(host(&check.kind)).or_default() += per_hour(check);
            }
        }
    }
    text.push_str("Requests per hour of the checks that are on, by host (name lookups, redirects and rechecks come on top):\n");
    for (host, rate) in &hosts {
        line(text, 2, &format!("{host}: {}", number(*rate)));
    }
    line(
        text,
        2,
        &format!("all together: {}", number(hosts.values().sum())),
    );
}

fn host(kind: &Kind) -> String {
    match kind {
        Kind::Http(HttpTarget { url, .. }) | Kind::Websocket(WebsocketTarget { url, .. }) => {
            url.host_str().unwrap_or_default().to_owned()
        }
        Kind::Tcp(tcp) => tcp.address.host.clone(),
        Kind::Tls(tls) => tls.address.host.clone(),
        Kind::Dns(dns) => dns.server.map_or_else(
            || "(your resolver)".to_owned(),
            |server| server.ip().to_string(),
        ),
    }
}

fn per_hour(check: &Check) -> f64 {
    if check.interval.is_zero() {
        0.0
    } else {
        SECONDS_PER_HOUR / check.interval.as_secs_f64()
    }
}

fn line(text: &mut String, indent: usize, content: &str) {
    let _ = writeln!(text, "{:indent$}{content}", ""); // writing to a String does not fail
}

/// Broken at spaces; the further lines stand two columns deeper.
fn paragraph(text: &mut String, indent: usize, content: &str) {
    let mut current = String::new();
    let mut margin = indent;
    for word in content.split_whitespace() {
        if !current.is_empty()
            && margin + current.chars().count() + 1 + word.chars().count() > WIDTH
        {
            line(text, margin, &current);
            current.clear();
            margin = indent + 2;
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    line(text, margin, &current);
}

#[cfg(test)]
mod tests;
