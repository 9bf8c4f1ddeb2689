//! Turns the crank: schedule → probe → our own network ruled out → state → metrics. The only part with a clock.

mod shared;

pub use shared::{Running, Shared};
