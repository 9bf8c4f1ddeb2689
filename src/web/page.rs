//! `/`: the verdicts as a page for people. Plain HTML made here, readable on a phone and without colours.

use std::fmt::{self, Display, Write as _};

use super::api::detail;
use super::source::Source;
use crate::state::report::{CheckReport, ComponentReport, PlatformReport};
use crate::state::{self, Report, Verdict};

/// Seconds until the browser asks again: half the default interval, so that nothing shown is older than a run.
const REFRESH: u32 = 15;

const STYLE: &str = include_str!("style.css");

const LINKS: &str = "<nav><a href=\"/metrics\">Metrics</a> <a href=\"/api/v1/platforms\">JSON</a> \
                     <a href=\"/-/healthy\">Health</a> <a href=\"/-/ready\">Readiness</a></nav>";

/// Text from anywhere, safe between tags and in quoted attributes.
struct Safe<T>(T);

impl<T: Display> Display for Safe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Escape<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl fmt::Write for Escape<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                for character in text.chars() {
                    match character {
                        '&' => self.0.write_str("&amp;")?,
                        '<' => self.0.write_str("&lt;")?,
                        '>' => self.0.write_str("&gt;")?,
                        '"' => self.0.write_str("&quot;")?,
                        '\'' => self.0.write_str("&#39;")?,
                        other => self.0.write_char(other)?,
                    }
                }
                Ok(())
            }
        }
        write!(Escape(f), "{}", self.0)
    }
}

/// The page.
pub fn status(source: &impl Source) -> String {
    let (store, report) = (source.store(), source.written());
    let mut html = String::new();
    // Writing into memory cannot fail.
    let _ = write_page(&mut html, store.vantage(), &report, source);
    html
}

fn write_page(
    html: &mut String,
    vantage: &str,
    report: &Report,
    source: &impl Source,
) -> fmt::Result {
    let counts = counts(report);
    write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"{REFRESH}\">\n<title>{counts} – {vantage}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>Platforms, seen from {vantage}</h1>\n<p>{counts}, at {}</p>\n",
        report.now.utc().strftime("%F %T UTC"),
        vantage = Safe(vantage),
    )?;
    if source.own().is_drill() {
        html.push_str(
            "<p class=\"offline\"><strong>This is a drill.</strong> Everything shown is simulated.</p>\n",
        );
    }
    if !report.vantage_up {
        html.push_str(
            "<p class=\"offline\"><strong>Our own network is not proven.</strong> Until it is, nothing can be said of \
             the platforms.</p>\n",
        );
    }
    write_overview(html, report)?;
    html.push_str("<main>\n");
    for platform in &report.platforms {
        write_platform(html, platform, report, source)?;
    }
    writeln!(html, "</main>\n{LINKS}\n</body>\n</html>")
}

/// Worst first: the order of the counts and of the overview.
const ORDER: [Verdict; 5] = [
    Verdict::Down,
    Verdict::Degraded,
    Verdict::Blocked,
    Verdict::Unknown,
    Verdict::Up,
];

/// A line of links for each verdict, so that on a phone the first look suffices.
fn write_overview(html: &mut String, report: &Report) -> fmt::Result {
    html.push_str("<ul class=\"overview\">\n");
    for verdict in ORDER {
        let mut separator = format!("<li>{} ", badge(verdict));
        for platform in report.platforms.iter().filter(|p| p.verdict == verdict) {
            let (name, title) = (Safe(&platform.name), Safe(&platform.title));
            write!(html, "{separator}<a href=\"#{name}\">{title}</a>")?;
            separator = ", ".to_owned();
        }
        if separator == ", " {
            html.push_str("</li>\n");
        }
    }
    html.push_str("</ul>\n");
    Ok(())
}

/// Such as `1 down, 5 up`; worst first.
fn counts(report: &Report) -> String {
    let count = |verdict| {
        report
            .platforms
            .iter()
            .filter(|platform| platform.verdict == verdict)
            .count()
    };
    let parts = ORDER
        .map(|verdict| (count(verdict), verdict.label()))
        .into_iter()
        .filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts
        .map(|(count, label)| format!("{count} {label}"))
        .collect();
    if parts.is_empty() {
        "No platforms".to_owned()
    } else {
        parts.join(", ")
    }
}

fn write_platform(
    html: &mut String,
    platform: &PlatformReport,
    report: &Report,
    source: &impl Source,
) -> fmt::Result {
    writeln!(
        html,
        "<section id=\"{}\" class=\"{}\">\n<h2>{} {}</h2>\n<p>{}</p>\n<ul>",
        Safe(&platform.name),
        platform.verdict.label(),
        Safe(&platform.title),
        badge(platform.verdict),
        Safe(state::sentence(platform, report)),
    )?;
    let mut quiet = Vec::new();
    for component in &platform.components {
        let details = details(platform, component, source)?;
        if component.verdict == Verdict::Up && details.is_empty() {
            quiet.push(component.name.as_str());
        } else {
            write_component(html, component, report, &details)?;
        }
    }
    if !quiet.is_empty() {
        let names = Safe(quiet.join(", "));
        writeln!(html, "<li>{names} {}</li>", badge(Verdict::Up))?;
    }
    html.push_str("</ul>\n</section>\n");
    Ok(())
}

fn write_component(
    html: &mut String,
    component: &ComponentReport,
    report: &Report,
    details: &str,
) -> fmt::Result {
    let (name, badge) = (Safe(&component.name), badge(component.verdict));
    let since = state::ago(component.since, report.now);
    write!(html, "<li>{name} {badge} since {since}")?;
    if !details.is_empty() {
        write!(html, "\n<ul>\n{details}</ul>")?;
    }
    html.push_str("</li>\n");
    Ok(())
}

/// What the checks of a component have to say.
fn details(
    platform: &PlatformReport,
    component: &ComponentReport,
    source: &impl Source,
) -> Result<String, fmt::Error> {
    let mut details = String::new();
    for check in &component.checks {
        let detail = detail(source, platform, component, &check.name);
        write_check(&mut details, check, detail)?;
    }
    Ok(details)
}

/// A check has something to say when it is not up, or when its last run was not ok. The detail of that run begins with
/// its reason, which may be another than that of the verdict.
fn write_check(html: &mut String, check: &CheckReport, detail: Option<String>) -> fmt::Result {
    if check.verdict == Verdict::Up && detail.is_none() {
        return Ok(());
    }
    write!(html, "<li>{} {}", Safe(&check.name), badge(check.verdict))?;
    let reason = check.reason.map(|reason| reason.label());
    let said = |reason: &str| detail.as_ref().is_some_and(|text| text.starts_with(reason));
    if let Some(reason) = reason.filter(|reason| !said(reason)) {
        write!(html, " {reason}")?;
    }
    if !check.proven {
        html.push_str(" (has not been ok here yet)");
    }
    if let Some(detail) = &detail {
        write!(html, "<br><span class=\"detail\">{}</span>", Safe(detail))?;
    }
    html.push_str("</li>\n");
    Ok(())
}

fn badge(verdict: Verdict) -> String {
    let label = verdict.label();
    format!(
        "<span class=\"state {label}\">{}</span>",
        label.to_uppercase()
    )
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fake;
    use super::*;

    #[test]
    fn the_page_says_everything_in_words() {
        let html = status(&Fake::default());
        for text in [
            "<title>1 down, 1 blocked – dhaka-1</title>",
            "1 down, 1 blocked, at 2024-03-05 15:38:00 UTC",
            "<h2>Facebook <span class=\"state down\">DOWN</span></h2>",
            "<li><span class=\"state down\">DOWN</span> <a href=\"#facebook\">Facebook</a></li>",
            "<section id=\"facebook\" class=\"down\">",
            "login <span class=\"state down\">DOWN</span> since 15:04 UTC (34 min)",
            "me <span class=\"state down\">DOWN</span> http_status_5xx",
            "dns <span class=\"state unknown\">UNKNOWN</span>",
            "a <span class=\"state unknown\">UNKNOWN</span> (has not been ok here yet)",
            "href=\"/metrics\"",
            "href=\"/api/v1/platforms\"",
            "href=\"/-/healthy\"",
            "href=\"/-/ready\"",
            "http-equiv=\"refresh\"",
        ] {
            assert!(html.contains(text), "{text} is missing from {html}");
        }
        assert!(!html.contains("not proven"), "{html}");
    }

    #[test]
    fn a_lost_network_is_said_first() {
        let mut fake = Fake::default();
        fake.report.vantage_up = false;
        let html = status(&fake);
        assert!(html.find("not proven").unwrap() < html.find("<section").unwrap());
    }

    #[test]
    fn a_drill_is_said_first() {
        let fake = Fake::default();
        assert!(!status(&fake).contains("drill"));
        fake.own.set_drill(true);
        let html = status(&fake);
        assert!(html.find("This is a drill").unwrap() < html.find("<section").unwrap());
    }

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let nasty = "<script>alert('1')</script>\"&amp;";
        let mut fake = Fake {
            detail: Some(nasty.into()),
            ..Fake::default()
        };
        for platform in &mut fake.report.platforms {
            platform.title = nasty.into();
            platform.components[0].name = nasty.into();
            platform.components[0].checks[0].name = nasty.into();
        }
        let html = status(&fake);
        let safe = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;amp;";
        assert!(!html.contains("<script") && !html.contains("'1'"), "{html}");
        assert!(
            html.contains(&format!("<span class=\"detail\">{safe}</span>")),
            "{html}"
        );
    }
}
