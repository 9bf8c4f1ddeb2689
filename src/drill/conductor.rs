//! Moves the clock of a drill on.
//!
//! Exporter and simulated internet share one runtime, on one thread, whose clock is halted. While anything moves in it –
//! a task, a byte on a socket – time stands still. When nothing does, all that can happen next is somebody's waking, and
//! the clock is moved on to it; while a probe is at work in small steps only, so that one that waits for a byte which the
//! system is late to deliver is not taken for one whose time is up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc as sync;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::course::Course;
use crate::engine::clock::Clock;

/// Nothing has moved for so long (real time): loopback delivers within microseconds.
const QUIET: Duration = Duration::from_micros(100);

/// The most that time moves on at once while a probe is at work: a timeout of 5 s then takes 200 steps, each with a quiet
/// moment before it.
const STEP: Duration = Duration::from_millis(25);

/// Timers have this grain.
const GRAIN: Duration = Duration::from_millis(1);

/// How long (real time) a drill that is ahead of its speed waits before it looks again.
const TICK: Duration = Duration::from_millis(2);

/// How long (real time) the runtime is waited for before it is looked whether it is to end.
const ANSWER: Duration = Duration::from_millis(50);

/// A drill that was held up may be faster for a while, to make up for no more than this (real time).
const ARREARS: Duration = Duration::from_secs(1);

/// The clock is to be moved on; answered with how often the runtime had come to rest before.
type Move = (Duration, sync::SyncSender<u64>);

/// Whether the runtime is at rest, and how often it came to rest.
#[derive(Default)]
struct Pulse {
    rests: AtomicU64,
    resting: AtomicBool,
}

impl Pulse {
    fn rest(&self) {
        self.rests.fetch_add(1, Ordering::AcqRel);
        self.resting.store(true, Ordering::Release);
    }

    fn rests(&self) -> u64 {
        self.rests.load(Ordering::Acquire)
    }

    /// Waits until the runtime, after its rest number `before`, has been at rest for a while; or until `stop`.
    fn wait_for_quiet(&self, before: u64, stop: &CancellationToken) {
        let mut seen = before;
        while !stop.is_cancelled() {
            thread::sleep(QUIET);
            let rests = self.rests();
            if rests > before && rests == seen && self.resting.load(Ordering::Acquire) {
                return;
            }
            seen = rests;
        }
    }
}

/// A runtime whose clock is halted, and the means to move it.
pub struct Stage {
    pulse: Arc<Pulse>,
    moves: mpsc::UnboundedSender<Move>,
    /// The runtime moves its clock by itself when it is at rest, but while a thread is at work for it: this one is, for as
    /// long as this lives.
    _hold: sync::Sender<()>,
}

impl Stage {
    /// Makes a runtime, to be run by `block_on` on one thread, and its stage.
    ///
    /// # Errors
    /// When the system gives no runtime.
    pub fn new() -> Result<(Runtime, Self), String> {
        let pulse = Arc::new(Pulse::default());
        let (resting, awake) = (pulse.clone(), pulse.clone());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .on_thread_park(move || resting.rest())
            .on_thread_unpark(move || awake.resting.store(false, Ordering::Release))
            .build()
            .map_err(|error| format!("no runtime for the drill: {error}"))?;
        let (hold, held) = sync::channel();
        runtime.spawn_blocking(move || held.recv());
        let (moves, wanted) = mpsc::unbounded_channel();
        runtime.spawn(move_on(wanted, pulse.clone()));
        Ok((
            runtime,
            Self {
                pulse,
                moves,
                _hold: hold,
            },
        ))
    }

    /// Moves the runtime's clock on, at most `speed` times as fast as the wall's, until `stop` or the runtime's end. Blocks
    /// the thread, which must be another than the runtime's.
    pub fn conduct(&self, clock: &Clock, course: &Course, speed: f64, stop: &CancellationToken) {
        let mut ceiling = Ceiling::new(speed);
        let mut rests = 0;
        loop {
            self.pulse.wait_for_quiet(rests, stop);
            if stop.is_cancelled() {
                return;
            }
            let now = course.now();
            let most = if clock.idle() { Duration::MAX } else { STEP };
            let waking = clock.next_wake().map(|at| at.since(now) + GRAIN);
            let step = waking.unwrap_or(STEP).min(most);
            let Some(step) = ceiling.allow(step) else {
                thread::sleep(TICK);
                rests = self.pulse.rests().saturating_sub(1);
                continue;
            };
            let Some(before) = self.move_on(step, stop) else {
                return;
            };
            rests = before;
            course.reach(now + step);
        }
    }

    /// Moves the clock on; gives how often the runtime had been at rest before. None: it has ended, or is to.
    fn move_on(&self, step: Duration, stop: &CancellationToken) -> Option<u64> {
        let (done, moved) = sync::sync_channel(1);
        self.moves.send((step, done)).ok()?;
        loop {
            match moved.recv_timeout(ANSWER) {
                Ok(rests) => return Some(rests),
                Err(sync::RecvTimeoutError::Timeout) if !stop.is_cancelled() => {}
                Err(_) => return None,
            }
        }
    }
}

async fn move_on(mut wanted: mpsc::UnboundedReceiver<Move>, pulse: Arc<Pulse>) {
    while let Some((step, done)) = wanted.recv().await {
        tokio::time::advance(step).await;
        // Nobody listens where the drill was stopped meanwhile.
        let _ = done.send(pulse.rests());
    }
}

/// Lets virtual time pass no faster than asked for.
struct Ceiling {
    speed: f64,
    since: Instant,
    allowed: Duration,
}

impl Ceiling {
    fn new(speed: f64) -> Self {
        Self {
            speed,
            since: Instant::now(),
            allowed: Duration::ZERO,
        }
    }

    /// How much of `step` may be taken now, in whole milliseconds; none: nothing yet.
    fn allow(&mut self, step: Duration) -> Option<Duration> {
        let real = self.since.elapsed();
        self.since += real;
        let most = ARREARS.mul_f64(self.speed).max(GRAIN);
        self.allowed = (self.allowed + real.mul_f64(self.speed)).min(most);
        let millis = u64::try_from(step.min(self.allowed).as_millis()).unwrap_or(u64::MAX);
        let step = Duration::from_millis(millis);
        self.allowed -= step;
        (step > Duration::ZERO).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::*;
    use crate::time::Time;

    const START: Time = Time::from_millis(1_709_650_200_000);

    /// Plays `work` on a stage; gives its result, and how long it took on the wall.
    fn play<F, T>(speed: f64, work: impl FnOnce(Arc<Clock>) -> F + Send + 'static) -> (T, Duration)
    where
        F: Future<Output = T>,
        T: Send + 'static,
    {
        let (runtime, stage) = Stage::new().unwrap();
        let (clock, course) = runtime.block_on(async {
            (
                Arc::new(Clock::starting_at(START)),
                Course::new(START, speed),
            )
        });
        let stop = CancellationToken::new();
        let begun = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| stage.conduct(&clock, &course, speed, &stop));
            let result = runtime.block_on(work(clock.clone()));
            stop.cancel();
            (result, begun.elapsed())
        })
    }

    /// A server that does `work` before each answer, and a client that waits `patience` for it.
    async fn ask<F: Future<Output = ()> + Send + 'static>(
        clock: &Clock,
        patience: Duration,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            work().await;
            stream.write_all(b"x").await.unwrap();
            std::future::pending::<()>().await;
        });
        let _at_work = clock.at_work();
        let answer = async { TcpStream::connect(address).await?.read_u8().await };
        timeout(patience, answer).await.is_ok()
    }

    const PATIENCE: Duration = Duration::from_secs(5);

    #[test]
    fn waiting_takes_its_time_on_the_drills_clock_alone() {
        let ((answered, passed), _) = play(1e6, async |clock| {
            let server = clock.clone();
            let work = async move || server.sleep(Duration::from_secs(3)).await;
            let answered = ask(&clock, PATIENCE, work).await;
            (answered, clock.now().since(START))
        });
        assert!(answered);
        assert!((3000..4000).contains(&passed.as_millis()), "{passed:?}");
    }

    #[test]
    fn silence_ends_at_the_timeout() {
        let ((answered, passed), _) = play(1e6, async |clock| {
            let answered = ask(&clock, PATIENCE, std::future::pending).await;
            (answered, clock.now().since(START))
        });
        assert!(!answered);
        assert!((5000..6000).contains(&passed.as_millis()), "{passed:?}");
    }

    #[test]
    fn time_stands_still_during_real_work() {
        let ((answered, passed), took) = play(1e6, async |clock| {
            let work = async || thread::sleep(Duration::from_millis(300));
            let answered = ask(&clock, PATIENCE, work).await;
            (answered, clock.now().since(START))
        });
        assert!(answered);
        // At this speed it would otherwise have been half a minute.
        assert!(passed < Duration::from_secs(1), "{passed:?}");
        assert!(took >= Duration::from_millis(300));
    }

    #[test]
    fn the_speed_is_a_ceiling() {
        let ((), took) = play(10.0, async |clock| clock.sleep(PATIENCE).await);
        assert!(took >= Duration::from_millis(500), "{took:?}");
        let ((), took) = play(1e6, async |clock| {
            for _ in 0..100 {
                clock.sleep(PATIENCE).await;
            }
        });
        assert!(took < PATIENCE, "{took:?}");
    }
}
