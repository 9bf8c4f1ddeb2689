//! Plays a scenario: sets up the simulated internet and the ordinary exporter in one runtime, lets things break at their
//! time, and watches what the exporter says.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::conductor::Stage;
use super::course::Course;
use super::internet::Internet;
use super::judge::{self, Judge, Judgement};
use super::replay::Replay;
use super::scenario::{Event, Scenario};
use crate::config::{Config, DRILL};
use crate::engine::clock::{Clock, wall};
use crate::engine::{Engine, Load, Options, Shared};
use crate::metrics::{Format, Page};
use crate::state::Report;
use crate::time::{Time, Times};

/// How often the verdicts are looked at, in the drill's time: as often as the engine lets time pass.
const LOOK: Duration = Duration::from_secs(1);

/// How often a page is kept for the replay, in the drill's time: two in every minute, which the rates of the dashboards
/// look back over.
const PAGE: Duration = Duration::from_secs(30);

/// What is played, and how.
pub struct Drill {
    /// What breaks when.
    pub scenario: Scenario,
    /// Gives the user's configuration, now and at a reload; the drill puts its own network in place of the user's.
    pub load: Load,
    /// At most so many times as fast as the clock on the wall.
    pub speed: f64,
    /// Keep the pages.
    pub replay: bool,
}

/// What happens in a drill.
pub enum News {
    /// Something broke, or was healed.
    Struck(Event),
    /// The exporter says something else of a platform.
    Said(judge::News),
    /// The scenario is over.
    Ended(Box<Ended>),
}

/// How a drill went.
pub struct Ended {
    /// The verdicts, and whether they were the expected ones.
    pub judgement: Judgement,
    /// The pages, if they were to be kept.
    pub replay: Option<Replay>,
    /// When it began, by the clock on the wall.
    pub played: Time,
    /// How much of its own time passed.
    pub length: Duration,
    /// How long it took by the clock on the wall.
    pub took: Duration,
    /// The speed that was asked for.
    pub speed: f64,
}

impl Ended {
    /// The speed that was reached, as a multiple of real time.
    pub fn achieved(&self) -> f64 {
        self.length.div_duration_f64(self.took)
    }
}

/// A drill that has begun.
pub struct Playing {
    /// The exporter in it.
    pub shared: Arc<Shared>,
    /// The drill's time.
    pub course: Arc<Course>,
    /// What happens; ends with the drill.
    pub news: mpsc::UnboundedReceiver<News>,
    thread: thread::JoinHandle<()>,
}

impl Playing {
    /// Waits for the end of the drill's threads.
    pub fn join(self) {
        // A panic in there has been printed, and there is nothing to add.
        let _ = self.thread.join();
    }
}

/// Begins a drill. It goes on after the scenario's end, with everything healthy, until `stop`.
///
/// # Errors
/// A sentence for people.
pub async fn start(drill: Drill, stop: CancellationToken) -> Result<Playing, String> {
    let (ready, started) = oneshot::channel();
    let (news, heard) = mpsc::unbounded_channel();
    let thread = thread::Builder::new()
        .name("drill".to_owned())
        .spawn(move || perform(drill, ready, &news, &stop))
        .map_err(|error| format!("no thread for the drill: {error}"))?;
    let set = started
        .await
        .map_err(|_| "the drill ended in a bug of ours".to_owned())??;
    Ok(Playing {
        shared: set.shared,
        course: set.course,
        news: heard,
        thread,
    })
}

/// What others need of a drill.
struct Set {
    shared: Arc<Shared>,
    course: Arc<Course>,
}

fn perform(
    drill: Drill,
    ready: oneshot::Sender<Result<Set, String>>,
    news: &mpsc::UnboundedSender<News>,
    stop: &CancellationToken,
) {
    let (runtime, stage) = match Stage::new() {
        Ok(both) => both,
        Err(error) => return drop(ready.send(Err(error))),
    };
    let clock = Arc::new(runtime.block_on(async { Clock::starting_at(drill.scenario.start) }));
    let course = Arc::new(Course::new(drill.scenario.start, drill.speed));
    match runtime.block_on(set_up(&drill, &clock, &course)) {
        Err(error) => drop(ready.send(Err(error))),
        Ok((internet, engine, shared)) => {
            let set = Set {
                shared: shared.clone(),
                course: course.clone(),
            };
            // Whoever waited for it may have been stopped.
            let _ = ready.send(Ok(set));
            let director = Director {
                drill,
                clock: clock.clone(),
                internet,
                shared,
                news: news.clone(),
            };
            thread::scope(|scope| {
                // However the play ends, with a panic too: the conductor's thread is waited for.
                let _stopping = stop.clone().drop_guard();
                scope.spawn(|| stage.conduct(&clock, &course, director.drill.speed, stop));
                runtime.block_on(director.play(engine, stop));
            });
        }
    }
    drop(stage);
    runtime.shutdown_background();
}

async fn set_up(
    drill: &Drill,
    clock: &Arc<Clock>,
    course: &Arc<Course>,
) -> Result<(Arc<Internet>, Engine, Arc<Shared>), String> {
    let config = (drill.load)()?;
    let internet = Internet::start(&config, clock.clone()).await?;
    let internet = Arc::new(internet);
    let (user, inside) = (drill.load.clone(), internet.clone());
    let load: Load = Arc::new(move || Ok(on_stage(user()?, &inside)));
    let course = course.clone();
    let options = Options {
        load: load.clone(),
        storage: None,
        clock: clock.clone(),
        times: Times::as_by(move |at| course.wall(at)),
    };
    let (engine, shared) = Engine::new(load()?, options)?;
    shared.own.set_drill(true);
    Ok((internet, engine, shared))
}

/// The user's configuration in a drill.
fn on_stage(user: Config, internet: &Internet) -> Config {
    Config {
        vantage: DRILL.into(),
        ..internet.enter(&user)
    }
}

/// Lets things break at their time.
struct Director {
    drill: Drill,
    clock: Arc<Clock>,
    internet: Arc<Internet>,
    shared: Arc<Shared>,
    news: mpsc::UnboundedSender<News>,
}

impl Director {
    /// Plays the scenario, and then on until `stop`.
    async fn play(&self, engine: Engine, stop: &CancellationToken) {
        let mut engine = tokio::spawn(engine.run(stop.clone()));
        let play = async {
            self.direct().await;
            stop.cancelled().await;
        };
        tokio::select! {
            () = play => {}
            () = stop.cancelled() => {}
            // Before it is told to, it ends in a panic alone, which has been printed.
            _ = &mut engine => return,
        }
        let _ = engine.await;
    }

    async fn direct(&self) {
        let scenario = &self.drill.scenario;
        let (played, begun) = (wall(), Instant::now());
        let mut judge = Judge::new(scenario);
        let mut replay = self.drill.replay.then(|| Replay::new(&scenario.name));
        let times = ending_now(scenario.end);
        let mut events = scenario.events.iter().peekable();
        let (mut look, mut page) = (scenario.start, scenario.start);
        while look < scenario.end {
            look = look + LOOK;
            while let Some(event) = events.next_if(|event| event.at <= look) {
                self.clock.sleep_until(event.at).await;
                for place in &event.places {
                    self.internet.strike(place, event.fault);
                }
                self.tell(News::Struck(event.clone()));
            }
            self.clock.sleep_until(look).await;
            let report = self.shared.report();
            for news in judge.beat(report.now, &report) {
                self.tell(News::Said(news));
            }
            if let Some(replay) = &mut replay
                && page <= look
            {
                page = page + PAGE;
                replay.add(&self.page(report, &times), times.of(look));
            }
        }
        let ended = Ended {
            judgement: judge.finish(),
            replay,
            played,
            length: scenario.end.since(scenario.start),
            took: begun.elapsed(),
            speed: self.drill.speed,
        };
        self.tell(News::Ended(Box::new(ended)));
    }

    fn tell(&self, news: News) {
        // Nobody listens any more where the drill is being stopped.
        let _ = self.news.send(news);
    }

    fn page(&self, report: Report, times: &Times) -> String {
        let (store, own) = (self.shared.running().store, &self.shared.own);
        let page = Page::new(store, report, own, Format::OpenMetrics);
        let mut page = page.timed_by(times.clone());
        let bytes: Vec<u8> = std::iter::from_fn(|| page.next_piece()).flatten().collect();
        String::from_utf8(bytes).unwrap_or_default()
    }
}

/// The times of a replay: as far apart as in the drill, so that the last is now. What is older than its retention a
/// Prometheus throws away, and a dashboard opens on the last hours.
fn ending_now(end: Time) -> Times {
    let now = wall();
    Times::as_by(move |at| {
        if at < end {
            now - end.since(at)
        } else {
            now + at.since(end)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::config;
    use crate::drill::internet;

    /// A configuration that can be read so many times.
    fn load_only(times: usize) -> Load {
        let read = AtomicUsize::new(0);
        Arc::new(move || {
            assert!(
                read.fetch_add(1, Ordering::Relaxed) < times,
                "a bug of ours"
            );
            config::load(None).map_err(|errors| errors.to_string())
        })
    }

    async fn started(times: usize) -> Result<Playing, String> {
        let config = config::load(None).unwrap();
        let name = "one-chat-host";
        let scenario = Scenario::load(name, &config, wall(), &internet::fits).unwrap();
        let drill = Drill {
            scenario,
            load: load_only(times),
            speed: 1.0,
            replay: false,
        };
        start(drill, CancellationToken::new()).await
    }

    #[tokio::test]
    async fn a_bug_of_ours_ends_the_drill() {
        assert!(started(1).await.is_err());
        let mut playing = started(2).await.unwrap();
        // In the engine's task.
        let _ = playing.shared.reload().await;
        let news = async { while playing.news.recv().await.is_some() {} };
        let ended = tokio::time::timeout(Duration::from_secs(60), news).await;
        assert!(ended.is_ok(), "the drill goes on without its engine");
        playing.join();
    }
}
