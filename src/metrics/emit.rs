//! What a row of the table writes to: the page, or in tests the `prometheus` crate's own model as a second opinion.

use super::histogram::Histogram;
use crate::time::Time;

/// A value of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A count, or 0 and 1.
    Int(u64),
    /// Milliseconds, written as seconds.
    Millis(u64),
    /// A point in time, written as seconds since the Unix epoch.
    Time(Time),
    /// Anything else.
    Float(f64),
}

impl Number {
    /// A date in a certificate. It is held against the clock on the wall, in a drill too, and is that clock's already.
    pub const fn date(at: Time) -> Self {
        Self::Millis(at.as_millis())
    }
}

impl From<bool> for Number {
    fn from(value: bool) -> Self {
        Self::Int(u64::from(value))
    }
}

/// Labels that tell the series of one item apart; values are escaped by the receiver.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

/// Takes the series of one family and one item (a platform, a component, a check), whose own labels it knows.
pub trait Emit {
    /// One series.
    fn value(&mut self, labels: Labels<'_>, value: Number);

    /// The series of one histogram.
    fn histogram(&mut self, labels: Labels<'_>, histogram: &Histogram);
}
