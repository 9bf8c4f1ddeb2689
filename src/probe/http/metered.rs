//! The stream under an HTTP connection, and what went over it: hyper tells neither how much was read before an error nor,
//! over HTTP/2, what kind of error it was.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::lock::lock;
use crate::probe::dial::{Failure, stream_failure};
use crate::probe::network::Stream;

/// A stream that remembers.
pub(in crate::probe) struct Metered {
    stream: Box<dyn Stream>,
    seen: Arc<Seen>,
}

/// What went over a stream so far.
#[derive(Debug, Default)]
pub(in crate::probe) struct Seen {
    // A std mutex: held for a few instructions, never across an await, and by one task at a time.
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    received: u64,
    /// The first bytes received, as many as [`HTTP1`] has.
    first: Vec<u8>,
    failure: Option<Failure>,
}

/// How every answer over HTTP/1 begins.
const HTTP1: &[u8] = b"HTTP/";

impl Metered {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            seen: Arc::default(),
        }
    }

    pub(in crate::probe) fn seen(&self) -> Arc<Seen> {
        Arc::clone(&self.seen)
    }
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Bytes received, after TLS.
    pub(super) fn received(&self) -> u64 {
        self.lock().received
    }

    /// What was received, however little, can be the beginning of an answer over HTTP/1.
    pub(super) fn is_http1(&self) -> bool {
        HTTP1.starts_with(&self.lock().first)
    }

    /// The failure of ours, of the byte budget or of TLS that ended the stream.
    pub(in crate::probe) fn failure(&self) -> Option<Failure> {
        self.lock().failure.clone()
    }

    fn count(&self, bytes: &[u8]) {
        let mut inner = self.lock();
        inner.received += bytes.len() as u64;
        let missing = HTTP1.len() - inner.first.len();
        inner.first.extend(bytes.iter().take(missing));
    }

    fn note<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &polled
            && let Some(failure) = stream_failure(error)
        {
            self.lock().failure.get_or_insert(failure);
        }
        polled
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.seen
            .count(buf.filled().get(before..).unwrap_or_default());
        self.seen.note(polled)
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.seen.note(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.seen.note(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
