//! The budget of wire bytes of a run, counted below TLS: it ends every flood, whatever protocol carries it, and makes
//! way for the deadline between reads.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;

use super::network::Stream;

/// Bytes that a run may receive, redirects included: twice the default limit of a body, and far more than any page that
/// is looked at; floods of HTTP/1 and HTTP/2 control messages end within half a second by it.
pub(super) const WIRE_BYTES: u64 = 2 << 20;

/// Bytes after which a run gives way to the others and to scrapes. The smallest messages are a few bytes, so one turn is
/// some thousands of them at most: a few milliseconds, also where the same worker serves everything.
const TURN: usize = 16 * 1024;

/// How many bytes a run has received so far. Clones share the count.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    /// Counts what is received through `stream`; at the limit its reads fail with [`BudgetSpent`].
    pub fn meter(&self, stream: Box<dyn Stream>) -> Box<dyn Stream> {
        Box::new(Metered {
            stream,
            budget: self.clone(),
            turn: 0,
        })
    }

    /// Whether this was still within the limit.
    fn spend(&self, bytes: usize) -> bool {
        // Relaxed: a plain count, and nothing else is read on the strength of it.
        self.0.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64 <= WIRE_BYTES
    }
}

/// The error inside an [`io::Error`] when the budget is spent.
#[derive(Debug)]
pub(super) struct BudgetSpent;

impl BudgetSpent {
    /// Whether it is behind an error.
    pub fn caused(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

impl std::fmt::Display for BudgetSpent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "more than {} KiB received", WIRE_BYTES / 1024)
    }
}

impl std::error::Error for BudgetSpent {}

struct Metered {
    stream: Box<dyn Stream>,
    budget: Budget,
    /// Bytes received in this turn.
    turn: usize,
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.turn >= TURN {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        // Any stream, also a simulated one, gives way to the deadline after some reads.
        let progress = ready!(coop::poll_proceed(cx));
        let room = buf.remaining().min(TURN);
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(room));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        let received = part.filled().len();
        buf.advance(received);
        progress.made_progress();
        self.turn += received;
        if self.budget.spend(received) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Ready(Err(io::Error::other(BudgetSpent)))
        }
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn streams_of_one_run_share_the_limit() {
        let budget = Budget::default();
        let limit = usize::try_from(WIRE_BYTES).unwrap();
        let mut first = budget.meter(Box::new(tokio::io::join(
            tokio::io::repeat(0),
            tokio::io::sink(),
        )));
        let mut half = vec![0; limit / 2];
        first.read_exact(&mut half).await.unwrap();

        let mut second = budget.meter(Box::new(tokio::io::join(
            tokio::io::repeat(0),
            tokio::io::sink(),
        )));
        second.read_exact(&mut half).await.unwrap();
        let error = second.read_exact(&mut half).await.unwrap_err();
        assert!(BudgetSpent::caused(&error), "{error}");
    }

    /// Always ready, never anything in it, and blind to the runtime's turns.
    struct Restless;

    impl AsyncRead for Restless {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn a_stream_that_is_always_ready_gives_way_to_the_deadline() {
        let mut stream =
            Budget::default().meter(Box::new(tokio::io::join(Restless, tokio::io::sink())));
        let start = std::time::Instant::now();
        let reads = async {
            while start.elapsed() < Duration::from_secs(5) {
                let _ = stream.read(&mut [0]).await;
            }
        };
        assert!(
            tokio::time::timeout(Duration::from_millis(20), reads)
                .await
                .is_err()
        );
    }

    #[tokio::test]
    async fn a_flood_gives_way_after_every_turn() {
        let peer = tokio::io::join(tokio::io::repeat(0), tokio::io::sink());
        let mut stream = Budget::default().meter(Box::new(peer));
        let mut most = 0;
        let mut bytes = vec![0; 8 * TURN];
        let mut read = std::pin::pin!(stream.read_exact(&mut bytes));
        let mut polls = 0;
        std::future::poll_fn(|cx| {
            polls += 1;
            read.as_mut().poll(cx).map(|done| most = done.unwrap())
        })
        .await;
        assert_eq!((most, polls), (8 * TURN, 8), "one turn a poll");
    }
}
