//! Attempts begun one after the other, each without waiting for the end of the one before: for resolvers and addresses.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How attempts ended.
pub(super) struct Race<T, E> {
    /// The first attempt that succeeded; none: all failed.
    pub won: Option<T>,
    /// The ones that had failed by then, in their order of failing.
    pub failed: Vec<E>,
}

/// Begins the first attempt, and each next one when the last begun has failed or `pause` has passed. The first success
/// ends the race and drops the attempts under way.
pub(super) async fn race<T, E, F>(
    attempts: impl IntoIterator<Item = F>,
    pause: Duration,
) -> Race<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut waiting = attempts.into_iter().peekable();
    let mut running: Vec<Pin<Box<F>>> = Vec::new();
    let mut failed = Vec::new();
    loop {
        match waiting.next() {
            Some(attempt) => running.push(Box::pin(attempt)),
            None if running.is_empty() => return Race { won: None, failed },
            None => {}
        }
        let next = waiting.peek().map(|_| Instant::now() + pause);
        if let Some(won) = heat(&mut running, &mut failed, next).await {
            return Race {
                won: Some(won),
                failed,
            };
        }
    }
}

/// Waits for a success; none: the last one begun failed, none is left running, or it is time for the next one.
async fn heat<T, E, F>(
    running: &mut Vec<Pin<Box<F>>>,
    failed: &mut Vec<E>,
    next: Option<Instant>,
) -> Option<T>
where
    F: Future<Output = Result<T, E>>,
{
    let mut pause = pin!(async {
        match next {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    });
    poll_fn(|cx| match step(running, failed, cx) {
        Poll::Ready(ended) => Poll::Ready(ended),
        Poll::Pending => pause.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// Polls every attempt once.
fn step<T, E, F>(
    running: &mut Vec<Pin<Box<F>>>,
    failed: &mut Vec<E>,
    cx: &mut Context<'_>,
) -> Poll<Option<T>>
where
    F: Future<Output = Result<T, E>>,
{
    let mut won = None;
    let mut newest_failed = false;
    running.retain_mut(|attempt| {
        if won.is_some() {
            return true;
        }
        match attempt.as_mut().poll(cx) {
            Poll::Pending => {
                newest_failed = false;
                true
            }
            Poll::Ready(Ok(value)) => {
                won = Some(value);
                false
            }
            Poll::Ready(Err(error)) => {
                failed.push(error);
                newest_failed = true;
                false
            }
        }
    });
    match won {
        Some(value) => Poll::Ready(Some(value)),
        None if newest_failed || running.is_empty() => Poll::Ready(None),
        None => Poll::Pending,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use super::*;

    const NEVER: Duration = Duration::from_secs(3600);
    const SOON: Duration = Duration::from_millis(5);

    type Ending = Result<&'static str, &'static str>;

    #[tokio::test]
    async fn the_next_begins_at_once_after_a_failure() {
        let race = race(
            [Err("a"), Err("b"), Ok("c"), Ok("d")].map(|end: Ending| async move { end }),
            NEVER,
        )
        .await;
        assert_eq!((race.won, race.failed), (Some("c"), vec!["a", "b"]));
    }

    #[tokio::test]
    async fn an_older_one_under_way_does_not_delay_it() {
        let pause = Duration::from_millis(300);
        let ends = [None, Some(Err("b")), Some(Ok("c"))].map(|end: Option<Ending>| async move {
            match end {
                Some(end) => end,
                None => pending().await,
            }
        });
        let start = Instant::now();
        let race = tokio::time::timeout(10 * pause, race(ends, pause))
            .await
            .unwrap();
        assert_eq!(race.won, Some("c"));
        assert!(start.elapsed() < 2 * pause);
    }

    #[tokio::test]
    async fn the_next_begins_after_the_pause_beside_the_first() {
        let ends = [None, Some(Ok("b"))].map(|end: Option<Ending>| async move {
            match end {
                Some(end) => end,
                None => pending().await,
            }
        });
        let race = tokio::time::timeout(SOON * 1000, race(ends, SOON))
            .await
            .unwrap();
        assert_eq!((race.won, race.failed), (Some("b"), vec![]));
    }

    #[tokio::test]
    async fn the_first_may_still_win_when_the_next_has_failed() {
        let ends = [(SOON * 4, Ok("a")), (Duration::ZERO, Err("b"))].map(
            |(wait, end): (Duration, Ending)| async move {
                tokio::time::sleep(wait).await;
                end
            },
        );
        let race = race(ends, SOON).await;
        assert_eq!((race.won, race.failed), (Some("a"), vec!["b"]));
    }

    #[tokio::test]
    async fn an_older_failure_does_not_hurry_the_next() {
        let begun = Cell::new(0);
        let begun = &begun;
        // The second begins after the pause and hangs; the first fails then: the third waits for its own pause.
        let pause = Duration::from_millis(100);
        let ends = [Some(pause + SOON), None, None].map(|wait| async move {
            begun.set(begun.get() + 1);
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => pending().await,
            }
            Err::<(), _>("a")
        });
        let _ = tokio::time::timeout(pause + SOON * 8, race(ends, pause)).await;
        assert_eq!(begun.get(), 2);
    }

    #[tokio::test]
    async fn all_may_fail_and_there_may_be_none() {
        let race_of =
            |ends: Vec<Ending>| race(ends.into_iter().map(|end| async move { end }), NEVER);
        let race = race_of(vec![Err("a"), Err("b")]).await;
        assert_eq!((race.won, race.failed), (None, vec!["a", "b"]));
        let race = race_of(vec![]).await;
        assert_eq!((race.won, race.failed), (None, vec![]));
    }
}
