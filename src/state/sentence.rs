//! The one sentence that says how a platform is, the same on every page, in the log and in the API.

use std::fmt::Write;
use std::time::Duration;

use super::Verdict;
use super::report::{ComponentReport, PlatformReport, Report};
use crate::time::Time;

/// So many others say "it is them, not us"; more make the sentence long.
const MOST_CONTRAST: usize = 3;

/// One sentence, such as `Facebook DOWN since 15:04 UTC (34 min): login, api: content_json_assertion; X, WhatsApp up`.
pub fn sentence(platform: &PlatformReport, report: &Report) -> String {
    let since = since(platform);
    let mut text = format!(
        "{} {} since {}",
        platform.title,
        platform.verdict.label().to_uppercase(),
        ago(since, report.now),
    );
    let parts: Vec<String> = parts(platform)
        .into_iter()
        .chain(contrast(platform, report))
        .collect();
    if !parts.is_empty() {
        let _ = write!(text, ": {}", parts.join("; "));
    }
    text
}

/// Start of the incident that the verdict is owed to, or else of the verdict. An incident that was there before the
/// verdict changed did not change it.
fn since(platform: &PlatformReport) -> Time {
    let owed = |c: &&ComponentReport| {
        c.since >= platform.since
            && c.verdict.is_bad()
            && (platform.verdict == Verdict::Degraded || c.verdict == platform.verdict)
    };
    let incidents = platform
        .components
        .iter()
        .filter(owed)
        .filter_map(|c| c.incident.as_ref());
    incidents
        .map(|incident| incident.start)
        .min()
        .map_or(platform.since, |s| s.min(platform.since))
}

/// The components that are not up: those with the same reasons together, in the order of the configuration.
fn parts(platform: &PlatformReport) -> Vec<String> {
    let mut groups: Vec<(Vec<&str>, String)> = Vec::new();
    for component in platform
        .components
        .iter()
        .filter(|c| c.verdict != Verdict::Up)
    {
        let why = why(component);
        match groups.iter_mut().find(|(_, known)| *known == why) {
            Some((names, _)) => names.push(&component.name),
            None => groups.push((vec![&component.name], why)),
        }
    }
    groups
        .into_iter()
        .map(|(names, why)| format!("{}: {why}", names.join(", ")))
        .collect()
}

fn why(component: &ComponentReport) -> String {
    let labels: Vec<&str> = component
        .reasons
        .iter()
        .map(|reason| reason.label())
        .collect();
    let labels = labels.join(", ");
    match component.verdict {
        verdict if labels.is_empty() => verdict.label().to_owned(),
        // Its reason alone would read as if it were known to fail.
        Verdict::Unknown => format!("unknown ({labels})"),
        _ => labels,
    }
}

/// Platforms that are up beside one that is not: first those of other operators, which do not fall with it.
fn contrast(platform: &PlatformReport, report: &Report) -> Option<String> {
    if platform.verdict == Verdict::Up {
        return None;
    }
    let up = report.platforms.iter().filter(|p| p.verdict == Verdict::Up);
    let (related, others): (Vec<_>, Vec<_>) = up.partition(|p| p.operator == platform.operator);
    let titles = others.into_iter().chain(related).map(|p| p.title.as_str());
    let titles: Vec<&str> = titles.take(MOST_CONTRAST).collect();
    (!titles.is_empty()).then(|| format!("{} up", titles.join(", ")))
}

/// A moment for people, such as `15:04 UTC (34 min)`.
pub fn ago(time: Time, now: Time) -> String {
    format!("{} UTC ({})", clock(time, now), age(now.since(time)))
}

/// The time of day in UTC, with the date when it is not today's.
fn clock(time: Time, now: Time) -> String {
    let format = if time.date() == now.date() {
        "%H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    time.utc().strftime(format).to_string()
}

/// A length of time in its two largest useful units.
fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::failure::Reason;
    use crate::state::report::IncidentReport;

    /// 5 March 2024, 15:00 UTC.
    const START: u64 = 1_709_650_800;

    fn at(minutes: u64) -> Time {
        Time::from_millis((START + minutes * 60) * 1000)
    }

    fn component(name: &str, verdict: Verdict, since: Time, reasons: &[Reason]) -> ComponentReport {
        ComponentReport {
            name: name.into(),
            verdict,
            since,
            spent: Default::default(),
            reasons: reasons.to_vec(),
            incident: None,
            incidents_begun: [0; 2],
            checks: Vec::new(),
        }
    }

    fn platform(title: &str, operator: &str, verdict: Verdict, since: Time) -> PlatformReport {
        PlatformReport {
            name: title.to_lowercase(),
            title: title.into(),
            operator: operator.into(),
            team: String::new(),
            page: true,
            verdict,
            since,
            spent: Default::default(),
            depth: None,
            incident_degraded: false,
            incident_down: false,
            components: Vec::new(),
        }
    }

    fn incident(start: Time) -> Option<IncidentReport> {
        let (level, downtime) = (Verdict::Down, Duration::ZERO);
        Some(IncidentReport {
            start,
            level,
            downtime,
            suspended: false,
        })
    }

    fn say(platforms: Vec<PlatformReport>, now: Time) -> String {
        let report = Report {
            now,
            vantage_up: true,
            platforms,
        };
        sentence(&report.platforms[0], &report)
    }

    #[test]
    fn a_fall_with_its_reasons_and_what_stands() {
        let mut facebook = platform("Facebook", "Meta", Verdict::Down, at(5));
        let code2 = [Reason::ContentJsonAssertion];
        facebook.components = vec![
            component(
                "short_links",
                Verdict::Down,
                at(0),
                &[Reason::HttpStatus5xx],
            ),
            component("web", Verdict::Up, at(0), &[]),
            component("login", Verdict::Down, at(5), &code2),
            component("api", Verdict::Down, at(6), &code2),
            component("media", Verdict::Unknown, at(0), &[]),
            component("site", Verdict::Unknown, at(0), &[Reason::HttpStatus4xx]),
        ];
        // What was down before is not what the platform's fall is owed to.
        facebook.components[0].incident = incident(at(0));
        facebook.components[2].incident = incident(at(4));
        facebook.components[3].incident = incident(at(4));
        let platforms = vec![
            facebook,
            platform("WhatsApp", "Meta", Verdict::Up, at(0)),
            platform("Messenger", "Meta", Verdict::Down, at(0)),
            platform("X", "X Corp", Verdict::Up, at(0)),
        ];
        assert_eq!(
            say(platforms, at(38)),
            "Facebook DOWN since 15:04 UTC (34 min): short_links: http_status_5xx; \
             login, api: content_json_assertion; media: unknown; site: unknown (http_status_4xx); X, WhatsApp up"
        );
    }

    #[test]
    fn quiet_and_old() {
        let up = platform("X", "X Corp", Verdict::Up, at(0));
        let other = platform("Signal", "Signal", Verdict::Up, at(0));
        let say = |now| say(vec![up.clone(), other.clone()], now);
        assert_eq!(
            say(at(0) + Duration::from_secs(40)),
            "X UP since 15:00 UTC (40 s)"
        );
        assert_eq!(say(at(125)), "X UP since 15:00 UTC (2 h 5 min)");
        assert_eq!(
            say(at(60 * 24 * 3 + 61)),
            "X UP since 2024-03-05 15:00 UTC (3 d 1 h)"
        );
    }

    #[test]
    fn contrast_is_short() {
        let mut platforms = vec![platform("X", "X Corp", Verdict::Blocked, at(0))];
        platforms
            .extend(["A", "B", "C", "D"].map(|title| platform(title, title, Verdict::Up, at(0))));
        assert_eq!(
            say(platforms, at(1)),
            "X BLOCKED since 15:00 UTC (1 min): A, B, C up"
        );
    }

    #[test]
    fn any_time_can_be_said() {
        let clock = clock(Time::from_millis(u64::MAX), at(0));
        assert_eq!(clock, "9999-12-30 22:00");
    }
}
