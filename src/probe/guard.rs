//! What stands around every run: panics become data, and a run during which the clock or the whole machine stood still
//! is known for it.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

/// How far the two clocks may drift apart in a run, and how late it may end, before its times are not to be believed.
const TOLERANCE: Duration = Duration::from_secs(2);

/// Runs a future; a panic ends it with the panic's message.
pub(super) async fn isolate<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = Box::pin(future);
    // Unwind safe: after a panic the future is never polled again, and what it shares (counters, a trace behind a lock
    // that tolerates poisoning) is valid between any two instructions.
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(message(&*panic))),
        },
    )
    .await
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref().cloned())
        .unwrap_or_else(|| "panic without a message".to_owned())
}

/// The two clocks at the start of a run.
pub(super) struct Clocks {
    wall: SystemTime,
    monotonic: Instant,
}

impl Clocks {
    /// Reads them.
    pub fn start() -> Self {
        Self {
            wall: SystemTime::now(),
            monotonic: Instant::now(),
        }
    }

    /// Why the times of a run that ends now cannot be believed, if they cannot.
    pub fn fault(&self, deadline: Duration) -> Option<String> {
        fault(
            self.wall,
            SystemTime::now(),
            self.monotonic.elapsed(),
            deadline,
        )
    }
}

fn fault(
    began: SystemTime,
    ended: SystemTime,
    elapsed: Duration,
    deadline: Duration,
) -> Option<String> {
    // The wall clock alone moves when it is set, and when the machine sleeps.
    let step = match (began + elapsed).duration_since(ended) {
        Ok(back) => back,
        Err(forth) => forth.duration(),
    };
    if step > TOLERANCE {
        return Some(format!(
            "the clock stepped by {:.1} s during the run",
            step.as_secs_f64()
        ));
    }
    (elapsed > deadline + TOLERANCE).then(|| {
        format!(
            "the run took {:.1} s: the process stood still",
            elapsed.as_secs_f64()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_stops_are_seen_and_ordinary_runs_are_not() {
        let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let seconds = Duration::from_secs_f64;
        let fault = |wall: f64, elapsed: f64| {
            fault(began, began + seconds(wall), seconds(elapsed), seconds(5.0))
        };
        assert_eq!(fault(4.0, 4.0), None);
        assert_eq!(fault(6.9, 5.0), None);
        assert!(fault(7.1, 5.0).is_some_and(|why| why.contains("2.1 s")));
        assert!(fault(3600.0, 1.0).is_some(), "suspended, or set forward");
        assert!(fault(0.5, 3.0).is_some(), "set back");
        assert!(
            fault(7.1, 7.1).is_some_and(|why| why.contains("stood still")),
            "stopped"
        );
    }

    #[tokio::test]
    async fn a_panic_ends_the_future_with_its_message() {
        assert_eq!(isolate(async { 1 }).await, Ok(1));
        let panics = isolate(async {
            tokio::task::yield_now().await;
            let none: Option<u8> = std::hint::black_box(None);
            none.expect("planted")
        });
        assert_eq!(panics.await, Err("planted".to_owned()));
    }
}
