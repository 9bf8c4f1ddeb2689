//! The stream under an HTTP connection, and what went over it: hyper tells neither how much was read before an error nor,
//! over HTTP/2, what kind of error it was.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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
    inner: Mutex<(u64, Option<Failure>)>,
}

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
    /// Bytes received, after TLS.
    pub(super) fn received(&self) -> u64 {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// The failure of ours, of the byte budget or of TLS that ended the stream.
    pub(in crate::probe) fn failure(&self) -> Option<Failure> {
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .clone()
    }

    fn count(&self, bytes: usize) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).0 += bytes as u64;
    }

    fn note<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &polled
            && let Some(failure) = stream_failure(error)
        {
            self.inner
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .1
                .get_or_insert(failure);
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
        self.seen.count(buf.filled().len() - before);
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
