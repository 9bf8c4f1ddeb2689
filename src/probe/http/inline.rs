//! Runs what hyper's HTTP/2 would spawn, inside the run itself: when the run is dropped, nothing of it goes on.

use crate::lock::lock;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes futures that hyper wants spawned. Clones share one list.
#[derive(Clone, Default)]
pub(super) struct Inline {
    // A std mutex: held for a few instructions, never across an await, and by one task at a time.
    waiting: Arc<Mutex<Vec<Task>>>,
}

impl Inline {
    fn take(&self) -> Vec<Task> {
        mem::take(&mut lock(&self.waiting))
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Inline {
    fn execute(&self, future: F) {
        lock(&self.waiting).push(Box::pin(future));
    }
}

/// The futures taken so far; ready when all of them are.
pub(super) struct Running {
    from: Inline,
    tasks: Vec<Task>,
}

impl Running {
    pub(super) const fn new(from: Inline) -> Self {
        Self {
            from,
            tasks: Vec::new(),
        }
    }
}

impl Future for Running {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let new = self.from.take();
            self.tasks.extend(new);
            self.tasks
                .retain_mut(|task| task.as_mut().poll(cx).is_pending());
            // A task may have handed in another, which must be polled once to be woken.
            if lock(&self.from.waiting).is_empty() {
                break;
            }
        }
        if self.tasks.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Running {
    // A waiting task may own a clone of the list it waits in: a circle that must be broken.
    fn drop(&mut self) {
        drop(self.from.take());
    }
}
