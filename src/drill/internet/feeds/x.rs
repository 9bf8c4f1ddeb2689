//! docs.x.com/status.md: a card for each product of X's developer platform, its state in a tooltip.

use super::super::exchange::Answer;
use super::News;

pub(super) const HOST: &str = "docs.x.com";
pub(super) const PLATFORM: &str = "x";

const PRODUCTS: [&str; 4] = [
    "X API v2",
    "Enterprise API",
    "Streaming",
    "Developer Console",
];

pub(super) fn answer(path: &str, news: &News<'_>) -> Answer {
    if path != "/status.md" && path != "/status" {
        return Answer::html(404, "<title>Page not found</title>");
    }
    let disrupted = news.open(PLATFORM);
    let tip = if disrupted.is_some() {
        "Major outage"
    } else {
        "Operational"
    };
    let cards = PRODUCTS.map(|product| {
        format!("<Card title=\"{product}\">\n  <Tooltip tip=\"{tip}\">●</Tooltip>\n</Card>\n")
    });
    let summary = match disrupted {
        Some(_) => "Some systems are experiencing issues",
        None => "All systems are operational",
    };
    let history: String = news
        .of(PLATFORM)
        .map(|known| {
            format!(
                "<Step title=\"{}\">\nMajor outage\n</Step>\n",
                known.since.date()
            )
        })
        .collect();
    let page = format!(
        "# Status\n\n{summary}\n\n{}\n## Incident history\n\n<Steps>\n{history}</Steps>\n",
        cards.concat()
    );
    Answer::new(200, "text/markdown; charset=utf-8", page)
}
