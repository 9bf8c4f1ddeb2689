//! `probe`: runs checks now, and prints enough for a person to confirm or correct an expectation in a minute.

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use super::catalog::{request, words};
use super::{print, select};
use crate::config::{Check, Config};
use crate::probe::Prober;
use crate::probe::failure::Class;
use crate::probe::network::System;
use crate::probe::observation::{Certificate, Hop, Outcome, Phase, Run};

/// Answer headers that tell who answered and what they meant; the rest is noise here.
const TELLING_HEADERS: &[&str] = &[
    "alt-svc",
    "cf-mitigated",
    "cf-ray",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "location",
    "retry-after",
    "server",
    "via",
    "www-authenticate",
    "x-fb-debug",
    "x-fb-trip-id",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
];

/// Said of a result that rests on an expectation which may be wrong.
const UNPROVEN: &str = "  An expectation was not met. It does not count before this check has been ok here. If the platform works for people
  now, the expectation is wrong: correct the rules in a file of your own, and please tell us (CONTRIBUTING.md).
";

/// Width of the longest bar.
const BAR: usize = 40;

/// Runs the selected checks, one after the other.
pub fn run(config: &Config, selection: &str) -> Result<ExitCode, String> {
    let checks = select::checks(config, selection)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let all_ok = runtime.block_on(run_all(config, &checks))?;
    runtime.shutdown_background();
    Ok(if all_ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn run_all(config: &Config, checks: &[&Check]) -> Result<bool, String> {
    let network = Arc::new(System {
        source_address: config.network.source_address,
    });
    let prober = Arc::new(Prober::new(config, network)?);
    let mut all_ok = true;
    for check in checks {
        let run = prober.run(check).await;
        all_ok &= run.outcome.class == Class::Ok;
        print(&describe(check, &run));
        print("");
    }
    if !all_ok {
        print(&own_network(config, &prober).await);
    }
    Ok(all_ok)
}

fn describe(check: &Check, run: &Run) -> String {
    let mut text = format!(
        "{}  {}  {}\n",
        check.id,
        check.kind.label(),
        check.kind.target()
    );
    let trust = match check.trust {
        crate::config::Trust::OnceProven => "counts once it has been ok",
        crate::config::Trust::Always => "counts from the first run",
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "  depth {}; an unmet expectation {trust}; timeout {}",
        check.depth.label(),
        words::duration(check.timeout)
    );
    if let Some(reason) = &check.off {
        let _ = writeln!(text, "  off: {reason}");
    }
    if !check.evidence.is_empty() {
        let _ = writeln!(text, "  evidence: {}", check.evidence);
    }
    waterfall(&mut text, run);
    for hop in &run.hops {
        exchange(&mut text, hop);
    }
    if let Some(certificate) = &run.certificate {
        describe_certificate(&mut text, certificate, run.verified_tls);
    }
    if let Some(pause) = run.retry_after {
        let _ = writeln!(text, "  asks to stay away for {}", words::duration(pause));
    }
    conclusion(&mut text, check, &run.outcome);
    text
}

fn conclusion(text: &mut String, check: &Check, outcome: &Outcome) {
    let class = outcome.class.label();
    if outcome.class == Class::Ok {
        let _ = writeln!(text, "  result  {class}\n  decided by  {}", outcome.detail);
        return;
    }
    let reason = outcome.reason.label();
    let _ = writeln!(
        text,
        "  result  {class} ({reason})\n  decided by  {}",
        outcome.detail
    );
    if let Some(expectation) = request::expectation(&check.kind) {
        let _ = writeln!(text, "  expected  {expectation}");
    }
    for (number, rule) in (1..).zip(&check.rules) {
        let _ = writeln!(text, "  rule {number}  {}", words::rule(rule));
    }
    if outcome.needs_proof {
        text.push_str(UNPROVEN);
    }
}

/// The phases, each drawn where it lies in the whole.
fn waterfall(text: &mut String, run: &Run) {
    let total = run.phases.total().as_secs_f64();
    let column = |seconds: f64| {
        if total > 0.0 {
            (seconds / total * BAR as f64).round() as usize
        } else {
            0
        }
    };
    let mut before = 0.0;
    for phase in Phase::ALL {
        let seconds = run.phases.get(phase).as_secs_f64();
        let (from, to) = (column(before), column(before + seconds));
        let bar = format!("{}{}", " ".repeat(from), "█".repeat(to - from));
        let _ = writeln!(
            text,
            "  {:<10} {:>9.1} ms  {bar}",
            phase.label(),
            seconds * 1000.0
        );
        before += seconds;
    }
    let _ = writeln!(text, "  {:<10} {:>9.1} ms", "whole", total * 1000.0);
}

fn exchange(text: &mut String, hop: &Hop) {
    let peer = hop
        .peer
        .map_or_else(String::new, |peer| format!("  to {peer}"));
    let tls = hop
        .tls
        .as_ref()
        .map_or_else(String::new, |tls| format!("  {tls}"));
    let _ = writeln!(text, "  > {}{peer}{tls}", hop.request);
    for (name, value) in &hop.request_headers {
        let _ = writeln!(text, "      {name}: {value}");
    }
    if let Some(status) = &hop.status {
        let _ = writeln!(text, "  < {status}");
    }
    for (name, value) in &hop.response_headers {
        if TELLING_HEADERS.contains(&name.to_lowercase().as_str()) {
            let _ = writeln!(text, "      {name}: {value}");
        }
    }
    if !hop.body_start.is_empty() {
        let _ = writeln!(text, "      {}", hop.body_start);
    }
}

fn describe_certificate(text: &mut String, certificate: &Certificate, verified: bool) {
    let verified = if verified { "verified" } else { "NOT verified" };
    let _ = writeln!(
        text,
        "  certificate  {verified}; {}; issued by {}; valid {} to {}",
        certificate.subject,
        certificate.issuer,
        certificate.not_before.date(),
        certificate.not_after.date()
    );
}

/// Whether the trouble may be ours: what the exporter would ask before it counted a failure.
async fn own_network(config: &Config, prober: &Arc<Prober>) -> String {
    let runs: Vec<_> = (config.controls.targets.iter().cloned())
        .map(|control| {
            let prober = prober.clone();
            tokio::spawn(async move { (prober.run(&control.check).await, control.name) })
        })
        .collect();
    let mut text = String::from("our own network:\n");
    for run in runs {
        // The prober catches panics, so there is always a run.
        let Ok((Run { outcome, .. }, name)) = run.await else {
            continue;
        };
        let (class, detail) = (outcome.class.label(), outcome.detail);
        let _ = writeln!(text, "  control {name}: {class} ({detail})");
    }
    let _ = write!(
        text,
        "  {} of {} must be ok for a failure to count",
        config.controls.quorum,
        config.controls.targets.len()
    );
    text
}
