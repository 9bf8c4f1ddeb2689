//! What a drill shows while it goes on: lines that stay, on standard output, and on a terminal a line of progress below
//! them, on standard error.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use tokio::net::TcpListener;

use crate::drill::judge::News;
use crate::drill::scenario::{Event, Scenario, words};
use crate::state::{Report, Verdict};
use crate::time::Time;

/// Goes back to the beginning of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// Where a drill is seen.
pub struct Screen {
    terminal: bool,
    start: Time,
    end: Time,
    begun: Instant,
}

impl Screen {
    /// Nothing is shown yet.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            start: scenario.start,
            end: scenario.end,
            begun: Instant::now(),
        }
    }

    /// Says what is played, and where it is served.
    pub fn begin(&self, scenario: &Scenario, speed: f64, listeners: &[TcpListener]) {
        self.keep(&scenario.title);
        for left_out in &scenario.left_out {
            self.keep(&format!("left out: {left_out}"));
        }
        let (start, length) = (self.start.utc(), words::span(self.end.since(self.start)));
        self.keep(&format!(
            "from {}, {length} at up to {speed} times real time; everything shown is simulated",
            start.strftime("%F %T UTC")
        ));
        for listener in listeners {
            if let Ok(address) = listener.local_addr() {
                self.keep(&format!("serving on http://{address}/metrics"));
            }
        }
    }

    /// Something broke, or was healed.
    pub fn struck(&self, event: &Event) {
        let mut line = event.what();
        if !event.note.is_empty() {
            line = format!("{line}. {}", event.note);
        }
        self.at(event.at, &line);
    }

    /// The exporter says something else of a platform.
    pub fn said(&self, news: &News) {
        self.at(news.at, &format!("  {news}"));
    }

    /// Something at no particular time.
    pub fn keep(&self, line: &str) {
        self.draw("");
        // A reader that has seen enough (`| head`) must not end the drill.
        let _ = writeln!(io::stdout().lock(), "{line}");
    }

    fn at(&self, time: Time, line: &str) {
        self.keep(&format!("{}  {line}", words::clock(time)));
    }

    /// Draws the line of progress.
    pub fn progress(&self, now: Time, report: &Report) {
        if !self.terminal {
            return;
        }
        let passed = now.since(self.start);
        let speed = passed.div_duration_f64(self.begun.elapsed());
        let share = 100.0 * passed.div_duration_f64(self.end.since(self.start));
        let of = |verdict: Verdict| {
            let platforms = report.platforms.iter();
            platforms
                .filter(|platform| platform.verdict == verdict)
                .count()
        };
        let counts: Vec<String> = Verdict::ALL
            .into_iter()
            .filter(|verdict| of(*verdict) > 0)
            .map(|verdict| format!("{} {}", of(verdict), verdict.label()))
            .collect();
        self.draw(&format!(
            "{}  {share:.0} %  x{speed:.1}  {}",
            words::clock(now),
            counts.join(", ")
        ));
    }

    /// Puts this in place of the line of progress.
    fn draw(&self, line: &str) {
        if self.terminal {
            // A terminal that has gone must not end the drill.
            let _ = write!(io::stderr().lock(), "{CLEAR}{line}");
        }
    }
}

/// What is said next stands on a line of its own.
impl Drop for Screen {
    fn drop(&mut self) {
        self.draw("");
    }
}
