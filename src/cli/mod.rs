//! The command line: what the user asks for, and what is printed.

pub mod catalog;
mod drill;
mod log;
mod probe;
mod screen;
mod select;
mod serve;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::Config;

/// Looks at social platforms from outside, without an account, and serves what it finds as Prometheus metrics: up,
/// degraded, down, blocked or unknown, and why.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, subcommand_negates_reqs = true)]
#[command(
    after_help = "Without a command: probes the built-in catalogue (or what --config.file says) and serves \
    /metrics, /api/v1/platforms and a status page.\n\nSIGHUP reads the configuration again; SIGTERM ends within two seconds."
)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

// In the help of a command they stand after its own.
#[derive(Debug, Args)]
#[command(next_display_order = 100)]
struct Options {
    /// YAML configuration; without it the built-in defaults
    #[arg(long = "config.file", value_name = "FILE", global = true)]
    config_file: Option<PathBuf>,

    /// Check the configuration and exit: 0 when it is good, 1 with every error as file:line:column
    #[arg(long = "config.check")]
    config_check: bool,

    /// Where to serve; may be repeated; port 0 picks a free one and logs it [default: :10048; in a drill a
    /// free one where that is taken]
    #[arg(long = "web.listen-address", value_name = "ADDR", global = true)]
    listen: Vec<String>,

    /// Allow POST /-/reload (SIGHUP always works)
    #[arg(long = "web.enable-lifecycle", global = true)]
    lifecycle: bool,

    /// Keep verdicts, open incidents and proofs in this directory across restarts
    #[arg(long = "storage.path", value_name = "DIR")]
    storage: Option<PathBuf>,

    /// Least important level that is logged [default: info; in a drill: error]
    #[arg(long = "log.level", value_name = "LEVEL", global = true)]
    #[arg(value_parser = ["error", "warn", "info", "debug", "trace"])]
    log_level: Option<String>,

    /// Form of the log, which goes to standard error
    #[arg(
        long = "log.format",
        value_name = "FORMAT",
        default_value = "logfmt",
        global = true
    )]
    #[arg(value_parser = ["logfmt", "json"])]
    log_format: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print every check: request sent, rate per hour, expected answer, evidence
    Catalog {
        /// Only this platform
        platform: Option<String>,
    },
    /// Run checks now, and print phases, request, answer, certificate and the rule that decided
    ///
    /// Exit status: 0 when every run was ok, 1 otherwise.
    Probe {
        /// What to run: PLATFORM, PLATFORM/COMPONENT or PLATFORM/COMPONENT/CHECK
        #[arg(value_name = "PLATFORM[/COMPONENT[/CHECK]]")]
        selection: String,
    },
    /// Play a recorded outage against a simulated internet, served like the real thing
    ///
    /// Exit status: 0 when the expected verdicts (and alerts) came and no false ones, 1 otherwise.
    Drill(drill::Command),
}

/// Parses the command line and does what it asks.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode, String> {
    let options = &cli.options;
    let load = serve::load(options);
    match &cli.command {
        Some(Command::Catalog { platform }) => {
            print(&catalog::describe(&load()?, platform.as_deref())?)
        }
        Some(Command::Probe { selection }) => return probe::run(&load()?, selection),
        Some(Command::Drill(command)) => {
            start_log(options, "error")?;
            return drill::run(command, options);
        }
        None if options.config_check => print(&summary(&load()?)),
        None => {
            let config = load()?;
            start_log(options, "info")?;
            serve::run(config, options)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn start_log(options: &Options, level: &str) -> Result<(), String> {
    log::start(
        options.log_level.as_deref().unwrap_or(level),
        &options.log_format,
    )
}

/// Prints to standard output. A reader that has seen enough (`| head`) is no error.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end());
}

fn summary(config: &Config) -> String {
    let platforms = config.active();
    let checks = platforms
        .iter()
        .flat_map(|platform| &platform.components)
        .map(|component| component.checks.len());
    format!(
        "the configuration is good: it watches {} with {}",
        counted(platforms.len(), "platform"),
        counted(checks.sum(), "check")
    )
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
