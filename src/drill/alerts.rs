//! Asks an Alertmanager which alerts a drill has raised.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use reqwest::{Client, Url};
use serde::Deserialize;

use super::scenario::{Alert, Scenario};
use crate::state::Verdict;
use crate::time::Time;

/// How often it is asked: an alert that Alertmanager has taken in stays there for minutes.
const EVERY: Duration = Duration::from_secs(2);

/// An Alertmanager that takes longer is as good as none.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long after the end of a drill an alert that is still missing is waited for: a scrape, an evaluation and the wait of
/// a group, all at the shipped settings.
const GRACE: Duration = Duration::from_secs(30);

/// Of an alert what a drill looks at: its name, and the platform that it is about, or nothing.
pub type Seen = BTreeSet<(String, String)>;

/// The alert that a platform is down.
const DOWN: &str = "PlatformDown";

/// An alert as Alertmanager's API v2 gives it.
#[derive(Deserialize)]
struct Given {
    labels: Labels,
    #[serde(rename = "startsAt")]
    starts_at: jiff::Timestamp,
}

#[derive(Deserialize)]
struct Labels {
    alertname: String,
    #[serde(default)]
    platform: String,
}

/// The alerts of drills that one Alertmanager has.
struct Alertmanager {
    client: Client,
    url: Url,
    since: jiff::Timestamp,
}

impl Alertmanager {
    /// The one whose address is `url`, for alerts that begin after `since` by the clock on the wall.
    ///
    /// # Errors
    /// When `url` is none.
    fn new(url: &str, since: Time) -> Result<Self, String> {
        let wrong = |error: &dyn std::fmt::Display| {
            format!(
                "--expect-alerts={url}: {error}; give the address of an Alertmanager, such as http://localhost:9093"
            )
        };
        let mut base = Url::parse(url).map_err(|error| wrong(&error))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(wrong(&"the scheme must be http or https"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let mut api = base.join("api/v2/alerts").map_err(|error| wrong(&error))?;
        // What the shipped rules mark the alerts of drills with; the vantage is aggregated away in some.
        api.query_pairs_mut()
            .append_pair("filter", "drill=\"true\"");
        // Verified by what this machine trusts, as any other tool would; a second installation fails and does no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| wrong(&error))?;
        Ok(Self {
            client,
            url: api,
            since: since.utc(),
        })
    }

    /// The alerts that are there now, also those that are silenced or inhibited.
    ///
    /// # Errors
    /// A sentence for people.
    async fn ask(&self) -> Result<Seen, String> {
        let failed = |error: reqwest::Error| {
            format!(
                "Alertmanager at {} cannot be asked: {}; is it there, and is it one?",
                self.url.origin().ascii_serialization(),
                with_causes(&error.without_url())
            )
        };
        let answer = self
            .client
            .get(self.url.clone())
            .send()
            .await
            .map_err(failed)?;
        let alerts: Vec<Given> = answer
            .error_for_status()
            .map_err(failed)?
            .json()
            .await
            .map_err(failed)?;
        let ours = alerts
            .into_iter()
            .filter(|alert| alert.starts_at >= self.since);
        Ok(ours
            .map(|alert| (alert.labels.alertname, alert.labels.platform))
            .collect())
    }
}

/// Collects the alerts that come while a drill goes on.
pub struct Watch {
    alertmanager: Alertmanager,
    seen: Seen,
    /// Why it could not be asked the last time.
    lost: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// All that came.
    pub seen: Seen,
    /// What was expected and did not come.
    pub missing: Vec<Alert>,
    /// Pages for platforms that nobody should have been woken for.
    pub unexpected: Vec<String>,
    /// Why Alertmanager could not be asked in the end.
    pub lost: Option<String>,
}

impl Answer {
    /// Whether what was expected came, and nobody was woken for nothing.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Everything that was not as it should have been, one sentence each.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        let missing = self.missing.iter().map(|Alert { alert, platform }| {
            let of = platform
                .as_ref()
                .map_or_else(String::new, |platform| format!(" for {platform}"));
            format!("Alertmanager did not get {alert}{of}")
        });
        let unexpected = self.unexpected.iter();
        let lost = self.lost.iter().filter(|_| !self.missing.is_empty());
        let missing = lost.cloned().chain(missing);
        missing.chain(unexpected.map(|platform| {
            format!("Alertmanager got {DOWN} for {platform}, which was not expected")
        }))
    }
}

impl Watch {
    /// Begins; what is there before `since`, by the clock on the wall, is of an earlier drill.
    ///
    /// # Errors
    /// A sentence for people, when the Alertmanager cannot be asked.
    pub async fn start(url: &str, since: Time) -> Result<Self, String> {
        let alertmanager = Alertmanager::new(url, since)?;
        let seen = alertmanager.ask().await?;
        Ok(Self {
            alertmanager,
            seen,
            lost: None,
        })
    }

    /// Asks again and again, without end; where a question fails the next one may not.
    pub async fn watch(&mut self) -> Infallible {
        loop {
            self.look().await;
        }
    }

    async fn look(&mut self) {
        tokio::time::sleep(EVERY).await;
        match self.alertmanager.ask().await {
            Ok(seen) => {
                self.seen.extend(seen);
                self.lost = None;
            }
            Err(why) => self.lost = Some(why),
        }
    }

    /// After the end of the drill: waits for what is still missing, but not long.
    pub async fn finish(mut self, scenario: &Scenario) -> Answer {
        let patience = async {
            while !missing(&self.seen, &scenario.alerts).is_empty() {
                self.look().await;
            }
        };
        // What is missing then is missing.
        let _ = tokio::time::timeout(GRACE, patience).await;
        Answer {
            missing: missing(&self.seen, &scenario.alerts),
            unexpected: unexpected(&self.seen, scenario),
            lost: self.lost,
            seen: self.seen,
        }
    }
}

fn missing(seen: &Seen, expected: &[Alert]) -> Vec<Alert> {
    let came = |alert: &Alert| {
        seen.iter().any(|(name, platform)| {
            *name == alert.alert
                && alert
                    .platform
                    .as_ref()
                    .is_none_or(|wanted| wanted == platform)
        })
    };
    expected
        .iter()
        .filter(|alert| !came(alert))
        .cloned()
        .collect()
}

/// Platforms that somebody was paged for though they never had to be down, nor the page to come.
fn unexpected(seen: &Seen, scenario: &Scenario) -> Vec<String> {
    let steps = scenario.expectations.iter();
    let goes_down: BTreeSet<&str> = steps
        .filter(|step| step.verdicts.contains(&Verdict::Down))
        .map(|step| step.platform.as_str())
        .collect();
    let asked_for = |platform: &str| {
        let mut pages = scenario.alerts.iter().filter(|alert| alert.alert == DOWN);
        pages.any(|page| page.platform.as_deref().is_none_or(|of| of == platform))
    };
    seen.iter()
        .filter(|(name, _)| name == DOWN)
        .map(|(_, platform)| platform)
        .filter(|platform| !goes_down.contains(platform.as_str()) && !asked_for(platform))
        .cloned()
        .collect()
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::config;

    /// X is down from 12:05 to 12:15, and WhatsApp degraded.
    const SCENARIO: &str = "\
{ title: One, end: 25m,
  timeline: [{ at: 5m, platform: [x, whatsapp], layer: web, fault: hang, invented: true },
             { at: 15m, platform: [x, whatsapp], layer: web, fault: healthy, invented: true }],
  expect: [{ platform: x, at: 5m, verdict: down }, { platform: whatsapp, at: 5m, verdict: degraded },
           { platform: [x, whatsapp], at: 15m, verdict: up }],
  alerts: [{ alert: PlatformDegraded, platform: whatsapp }, { alert: PlatformVantageOffline }] }";

    const NOON: Time = Time::from_millis(1_750_420_800_000);

    fn scenario() -> Scenario {
        let config = config::load(None).unwrap();
        Scenario::parse("mine.yml", SCENARIO, &config, NOON, &|_, _, _| Ok(()))
            .unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// Serves these alerts to everybody; gives its address and what it was asked last.
    async fn alertmanager(alerts: &'static str) -> (String, tokio::sync::watch::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/am", listener.local_addr().unwrap());
        let (asked, last) = tokio::sync::watch::channel(String::new());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                asked.send_replace(head.lines().next().unwrap().to_owned());
                let length = alerts.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{alerts}"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (address, last)
    }

    /// What is firing since before noon is another drill's.
    const ALERTS: &str = r#"[
        {"labels": {"alertname": "PlatformDegraded", "platform": "whatsapp", "vantage": "drill"}, "startsAt": "2025-06-20T12:06:00.000Z"},
        {"labels": {"alertname": "PlatformVantageOffline", "vantage": "drill"}, "startsAt": "2025-06-20T12:00:00Z", "status": {}},
        {"labels": {"alertname": "PlatformDown", "platform": "facebook"}, "startsAt": "2025-06-20T13:59:59+02:00"},
        {"labels": {"alertname": "PlatformDown", "platform": "x"}, "startsAt": "2025-06-20T12:06:00Z"}]"#;

    #[tokio::test]
    async fn what_came_since_the_beginning_counts() {
        let (address, asked) = alertmanager(ALERTS).await;
        let watch = Watch::start(&address, NOON).await.unwrap();
        assert_eq!(
            *asked.borrow(),
            "GET /am/api/v2/alerts?filter=drill%3D%22true%22 HTTP/1.1"
        );
        let answer = watch.finish(&scenario()).await;
        let names: Vec<_> = answer.seen.iter().map(|(name, _)| name.as_str()).collect();
        let expected = ["PlatformDegraded", "PlatformDown", "PlatformVantageOffline"];
        assert_eq!(names, expected);
        assert!(answer.passed(), "{answer:?}");
    }

    #[tokio::test]
    async fn what_is_no_alertmanager_is_told_at_once() {
        for (body, told) in [
            ("<html>", "is it there, and is it one?"),
            ("[{}]", "labels"),
        ] {
            let (address, _asked) = alertmanager(body).await;
            let error = Watch::start(&address, NOON).await.err().unwrap();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_page_is_unexpected_where_nothing_goes_down() {
        let scenario = scenario();
        let seen: Seen = [
            ("PlatformDown", "x"),
            ("PlatformDown", "whatsapp"),
            ("PlatformBlind", "threads"),
        ]
        .map(|(name, platform)| (name.to_owned(), platform.to_owned()))
        .into();
        let answer = Answer {
            missing: missing(&seen, &scenario.alerts),
            unexpected: unexpected(&seen, &scenario),
            lost: Some("nobody there".to_owned()),
            seen: seen.clone(),
        };
        let failures: Vec<_> = answer.failures().collect();
        assert_eq!(
            failures,
            [
                "nobody there",
                "Alertmanager did not get PlatformDegraded for whatsapp",
                "Alertmanager did not get PlatformVantageOffline",
                "Alertmanager got PlatformDown for whatsapp, which was not expected",
            ]
        );
        let any = Alert {
            alert: DOWN.to_owned(),
            platform: None,
        };
        let asked_for = Scenario {
            alerts: vec![any],
            ..scenario
        };
        assert!(unexpected(&seen, &asked_for).is_empty());
    }
}
