//! Durations counted into fixed buckets.

use std::time::Duration;

/// Upper bounds of the buckets, each with its `le` as both formats write it.
///
/// 5 and 10 ms: an edge in the same city. 25 and 50 ms: one phase on the same continent. 100 to 500 ms, close together:
/// where a whole run (three or four round trips) over any distance ends. 1 and 2 s: slow. 5 s: the default timeout, so
/// that at defaults nothing lies beyond. 10 s: what longer timeouts let pass.
pub const BOUNDS: [(Duration, &str); 12] = [
    (Duration::from_millis(5), "0.005"),
    (Duration::from_millis(10), "0.01"),
    (Duration::from_millis(25), "0.025"),
    (Duration::from_millis(50), "0.05"),
    (Duration::from_millis(100), "0.1"),
    (Duration::from_millis(200), "0.2"),
    (Duration::from_millis(300), "0.3"),
    (Duration::from_millis(500), "0.5"),
    (Duration::from_secs(1), "1.0"),
    (Duration::from_secs(2), "2.0"),
    (Duration::from_secs(5), "5.0"),
    (Duration::from_secs(10), "10.0"),
];

/// How many durations fell into each bucket, and their sum.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Not cumulative; the last one holds what is beyond all bounds.
    buckets: [u64; BOUNDS.len() + 1],
    /// Whole nanoseconds, so that no rounding adds up; 584 years fit.
    nanos: u64,
}

impl Histogram {
    /// Counts a duration.
    pub fn observe(&mut self, duration: Duration) {
        let index = BOUNDS.partition_point(|(bound, _)| *bound < duration);
        self.buckets[index] += 1;
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanos = self.nanos.saturating_add(nanos);
    }

    /// How many durations are at most each bound; the last one is the count of all.
    pub fn cumulative(&self) -> [u64; BOUNDS.len() + 1] {
        let mut sum = 0;
        self.buckets.map(|count| {
            sum += count;
            sum
        })
    }

    /// Whether nothing has been counted.
    pub fn is_empty(&self) -> bool {
        self.buckets.iter().all(|count| *count == 0)
    }

    /// Sum of all durations in seconds.
    pub fn sum(&self) -> f64 {
        self.nanos as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_text_of_a_bound_is_its_value() {
        for (bound, le) in BOUNDS {
            assert_eq!(bound.as_secs_f64(), le.parse::<f64>().unwrap());
        }
        assert!(BOUNDS.is_sorted_by(|a, b| a.0 < b.0));
    }

    proptest! {
        #[test]
        fn counts_as_the_prometheus_crate_does(millis in proptest::collection::vec(prop_oneof![
            0u64..12_000,
            proptest::sample::select(vec![5, 10, 25, 50, 100, 200, 300, 500, 1000, 2000, 5000, 10_000, 10_001]),
        ], 0..50)) {
            let bounds = BOUNDS.iter().map(|(bound, _)| bound.as_secs_f64()).collect();
            let theirs = prometheus::Histogram::with_opts(prometheus::HistogramOpts::new("h", "h").buckets(bounds)).unwrap();
            let mut ours = Histogram::default();
            for duration in millis.into_iter().map(Duration::from_millis) {
                ours.observe(duration);
                theirs.observe(duration.as_secs_f64());
            }
            let theirs = prometheus::core::Metric::metric(&theirs);
            let theirs = theirs.get_histogram();
            let counts: Vec<u64> = theirs.get_bucket().iter().map(|bucket| bucket.cumulative_count()).collect();
            prop_assert_eq!(&ours.cumulative()[..BOUNDS.len()], &counts[..]);
            prop_assert_eq!(ours.cumulative()[BOUNDS.len()], theirs.get_sample_count());
            prop_assert!((ours.sum() - theirs.get_sample_sum()).abs() < 1e-6);
        }
    }
}
