//! The one way to take a std mutex here.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a holder panicked: what is locked here is valid between any two instructions, and one caught panic
/// must not take down every run or page that comes after it.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
