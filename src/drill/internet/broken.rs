//! What a broken host answers, and how it receives connections: one line for each fault.

use super::authority::Flaw;
use super::exchange::{Answer, Asked};
use super::servers::{Conduct, Welcome};
use crate::drill::fault::Fault;

/// How a host that ails so receives a connection. What strikes elsewhere changes nothing here.
pub(super) const fn welcome(fault: Option<Fault>) -> Welcome {
    match fault {
        Some(Fault::Silent) => Welcome::Silent,
        Some(Fault::Reset) => Welcome::Reset,
        Some(Fault::Closed) => Welcome::Closed,
        Some(Fault::Garbage) => Welcome::Garbage,
        Some(Fault::ExpiredCertificate) => Welcome::Serve(Flaw::Expired),
        Some(Fault::EarlyCertificate) => Welcome::Serve(Flaw::NotYetValid),
        Some(Fault::WrongCertificate) => Welcome::Serve(Flaw::WrongName),
        Some(Fault::UntrustedCertificate) => Welcome::Serve(Flaw::Untrusted),
        _ => Welcome::Serve(Flaw::None),
    }
}

/// What a host that ails so makes of a request; `healthy`: what it would do otherwise.
pub(super) fn conduct(fault: Fault, asked: &Asked<'_>, healthy: Conduct) -> Conduct {
    let answer = match fault {
        Fault::Hang => return Conduct::Never,
        Fault::Cut => return cut(healthy),
        Fault::ServerError => page(503, "Service Unavailable", "Please try again later."),
        Fault::GraphCode1 => Answer::graph(400, 1, "An unknown error occurred"),
        Fault::GraphCode2 => Answer::graph_outage(),
        Fault::XCode467 => Answer::x_error(
            403,
            467,
            "Your current API plan does not include access to this endpoint",
        ),
        Fault::OverCapacity => Answer::x_error(503, 130, "Over capacity"),
        Fault::RateLimited => Answer::text(429, "Too Many Requests"),
        Fault::Forbidden => page(403, "Forbidden", "You have no permission to see this page."),
        Fault::ErrorPage => error_page(asked.host),
        Fault::BlankPage => Answer::html(200, ""),
        Fault::LoginRateLimit => page(200, "Log in", "Rate limit exceeded"),
        Fault::NotFound => page(404, "Not Found", "This page does not exist."),
        Fault::Redesign => page(200, "Welcome", "All new, and nothing where it was."),
        _ => return healthy,
    };
    Conduct::Whole(answer)
}

/// Of a chat the head is cut: there is nothing else.
fn cut(healthy: Conduct) -> Conduct {
    match healthy {
        Conduct::Whole(answer) => Conduct::Cut(answer),
        _ => Conduct::Dropped,
    }
}

fn page(status: u16, title: &str, text: &str) -> Answer {
    let page = format!(
        "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    );
    Answer::html(status, &page)
}

/// What people saw in outages in place of the page, with the status of a good one.
fn error_page(host: &str) -> Answer {
    const INSTAGRAM: [&str; 4] = [
        "instagram.com",
        "cdninstagram.com",
        "threads.com",
        "threads.net",
    ];
    let under = |name: &&str| {
        let rest = host.strip_suffix(*name);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let (title, text) = match host {
        "t.co" => (
            "This page is down",
            "I scream. You scream. We all scream... for us to fix this page.",
        ),
        "x.com" | "twitter.com" => ("X", "Something went wrong. Try reloading."),
        _ if INSTAGRAM.iter().any(under) => (
            "5xx Server Error",
            "An error occurred while processing this request.",
        ),
        _ => (
            "Error",
            "Sorry, something went wrong. We're working on getting this fixed as soon as we can.",
        ),
    };
    page(200, title, text)
}
