//! The `drill` command: plays a scenario, serves it like the real thing, and says how it went.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::screen::Screen;
use super::serve::{self, Signals};
use super::{Options, print};
use crate::drill::alerts::Watch;
use crate::drill::internet;
use crate::drill::play::{self, Drill, Ended, News, Playing};
use crate::drill::report::{self, Game};
use crate::drill::scenario::{self, Scenario};
use crate::engine::clock::wall;

/// At most so many times as fast as the clock on the wall, where nobody says otherwise: an outage of two hours in as many
/// minutes.
const SPEED: f64 = 60.0;

/// How often the line of progress is drawn.
const DRAW: Duration = Duration::from_millis(250);

/// What the user asks of a drill.
#[derive(Debug, Args)]
pub struct Command {
    /// What to play: a built-in scenario (see --list) or a YAML file of your own
    #[arg(required_unless_present = "list")]
    scenario: Option<String>,

    /// List the built-in scenarios
    #[arg(long)]
    list: bool,

    /// At most N times as fast as real time [default: 60; with --serve or --expect-alerts 1, so that `for` and the timers
    /// of Alertmanager are real]
    #[arg(long, value_name = "N", value_parser = speed)]
    speed: Option<f64>,

    /// Keep serving after the end, until stopped
    #[arg(long)]
    serve: bool,

    /// Ask this Alertmanager whether the expected alerts came
    #[arg(long = "expect-alerts", value_name = "URL")]
    expect_alerts: Option<String>,

    /// Write a report in Markdown
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Write the whole replay, ending now, as timestamped OpenMetrics for `promtool tsdb create-blocks-from openmetrics`
    #[arg(long, value_name = "FILE")]
    openmetrics: Option<PathBuf>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        // Slower than real time a heart that beats once a second of the drill's would be taken for one that has stopped.
        Ok(speed) if (1.0..=1e6).contains(&speed) => Ok(speed),
        _ => Err("give a number from 1 to 1000000, such as 60".to_owned()),
    }
}

impl Command {
    fn speed(&self) -> f64 {
        let real = self.serve || self.expect_alerts.is_some();
        self.speed.unwrap_or(if real { 1.0 } else { SPEED })
    }
}

/// Plays, or lists.
pub fn run(command: &Command, options: &Options) -> Result<ExitCode, String> {
    let Some(wanted) = command.scenario.as_deref().filter(|_| !command.list) else {
        print(&list());
        return Ok(ExitCode::SUCCESS);
    };
    if options.storage.is_some() {
        return Err("a drill keeps no state: leave out --storage.path".to_owned());
    }
    serve::block_on(drill(wanted, command, options))?
}

fn list() -> String {
    let width = scenario::list()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    let lines = scenario::list().map(|(name, title)| format!("{name:width$}  {title}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Sets everything up, so that what is wrong is told before the drill begins; plays; and ends it all.
async fn drill(wanted: &str, command: &Command, options: &Options) -> Result<ExitCode, String> {
    let signals = Signals::new()?;
    let (load, speed, begun) = (serve::load(options), command.speed(), wall());
    let scenario = Scenario::load(wanted, &load()?, begun, &internet::fits)
        .map_err(|errors| errors.to_string())?;
    let files = Files::open(command)?;
    let watch = match &command.expect_alerts {
        Some(url) => Some(Watch::start(url, begun).await?),
        None => None,
    };
    let listeners = listen(options).await?;
    let drill = Drill {
        scenario: scenario.clone(),
        load,
        speed,
        replay: command.openmetrics.is_some(),
    };
    let stop = CancellationToken::new();
    let mut playing = play::start(drill, stop.clone()).await?;
    let screen = Screen::new(&scenario);
    screen.begin(&scenario, speed, &listeners);
    let shared = playing.shared.clone();
    let server = serve::spawn_web(listeners, &shared, options, &stop);
    let until_stopped = signals.until_stopped(&shared);
    tokio::pin!(until_stopped);
    let result = tokio::select! {
        () = &mut until_stopped => Err("stopped before the end of the scenario".to_owned()),
        result = attend(&mut playing, &scenario, files, watch, &screen) => result,
    };
    if command.serve && result.is_ok() {
        screen.keep("everything is healthy again, and served until you stop it (Ctrl-C)");
        until_stopped.await;
    }
    stop.cancel();
    serve::drain(async {
        let _ = server.await;
        let _ = tokio::task::spawn_blocking(move || playing.join()).await;
    })
    .await;
    result
}

/// Sees the scenario to its end, and says how it went.
async fn attend(
    playing: &mut Playing,
    scenario: &Scenario,
    files: Files,
    mut watch: Option<Watch>,
    screen: &Screen,
) -> Result<ExitCode, String> {
    let alerts = async {
        match &mut watch {
            Some(watch) => watch.watch().await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        never = alerts => match never {},
        ended = follow(playing, screen) => ended.ok_or("the drill ended in a bug of ours")?,
    };
    conclude(*ended, scenario, files, watch, screen).await
}

/// Shows what happens, up to the end of the scenario; none where there is no end.
async fn follow(playing: &mut Playing, screen: &Screen) -> Option<Box<Ended>> {
    let mut draw = tokio::time::interval(DRAW);
    loop {
        tokio::select! {
            news = playing.news.recv() => match news? {
                News::Struck(event) => screen.struck(&event),
                News::Said(said) => screen.said(&said),
                News::Ended(ended) => return Some(ended),
            },
            _ = draw.tick() => screen.progress(playing.course.now(), &playing.shared.report()),
        }
    }
}

/// The default address, or a free port where another exporter or drill has it: two drills at once must not be in each
/// other's way.
async fn listen(options: &Options) -> Result<Vec<TcpListener>, String> {
    if !options.listen.is_empty() {
        return serve::listen_all(&options.listen).await;
    }
    match serve::listen(serve::PORT).await {
        Ok(listener) => Ok(vec![listener]),
        Err(_) => Ok(vec![serve::listen(":0").await?]),
    }
}

/// Where the results go.
struct Files {
    report: Option<Output>,
    openmetrics: Option<Output>,
}

impl Files {
    fn open(command: &Command) -> Result<Self, String> {
        let open = |flag: &str, path: &Option<PathBuf>| {
            let open = |path: &PathBuf| Output::open(flag, path);
            path.as_ref().map(open).transpose()
        };
        Ok(Self {
            report: open("report", &command.report)?,
            openmetrics: open("openmetrics", &command.openmetrics)?,
        })
    }
}

/// A file that is opened at the start, so that a wrong path does not cost a whole drill, and written at the end.
struct Output {
    file: File,
    /// How the user named it.
    name: String,
}

impl Output {
    /// What an earlier drill has written stays until there is something new.
    fn open(flag: &str, path: &Path) -> Result<Self, String> {
        let name = format!("--{flag}={}", path.display());
        let mut options = File::options();
        let options = options.write(true).create(true).truncate(false);
        match options.open(path) {
            Ok(file) => Ok(Self { file, name }),
            Err(error) => Err(format!("{name}: {error}")),
        }
    }

    fn write(
        self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), String> {
        let Self { file, name } = self;
        let written = || {
            // A pipe (`/dev/stdout`) has nothing to be cut off, and cannot be cut.
            if file.metadata()?.is_file() {
                file.set_len(0)?;
            }
            let mut file = BufWriter::new(file);
            write(&mut file)?;
            file.flush()
        };
        written().map_err(|error| format!("{name}: {error}"))
    }
}

/// Says how it went, and writes the files.
async fn conclude(
    mut ended: Ended,
    scenario: &Scenario,
    files: Files,
    watch: Option<Watch>,
    screen: &Screen,
) -> Result<ExitCode, String> {
    let alerts = match watch {
        Some(watch) => {
            screen.keep("asking Alertmanager for the expected alerts");
            Some(watch.finish(scenario).await)
        }
        None => None,
    };
    let replay = ended.replay.take();
    let game = Game {
        scenario,
        judgement: &ended.judgement,
        played: ended.played,
        asked: ended.speed,
        achieved: ended.achieved(),
        alerts: alerts.as_ref(),
    };
    screen.keep("");
    screen.keep(report::table(&ended.judgement, alerts.as_ref()).trim_end());
    if let Some(report) = files.report {
        report.write(|file| file.write_all(report::markdown(&game).as_bytes()))?;
    }
    if let (Some(replay), Some(openmetrics)) = (replay, files.openmetrics) {
        screen.keep(&format!("writing {}", openmetrics.name));
        // Hundreds of megabytes, which must not hold up a signal.
        let write = move || openmetrics.write(|file| replay.write(file));
        let written = tokio::task::spawn_blocking(write).await;
        written.map_err(|error| error.to_string())??;
    }
    let (verdict, code) = match game.passed() {
        true => ("passed", ExitCode::SUCCESS),
        false => ("FAILED", ExitCode::FAILURE),
    };
    screen.keep(&format!(
        "{verdict}; {:.1} times real time, {} asked for",
        ended.achieved(),
        ended.speed
    ));
    Ok(code)
}
