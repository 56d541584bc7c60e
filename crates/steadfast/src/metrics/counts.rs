//! Durations counted in buckets: what there is to read of a histogram.

use prometheus::proto;

use super::quantile::BUCKETS;
use crate::time::Duration;

/// One for each bucket, and one for what exceeds all bounds.
pub(super) const COUNTS: usize = BUCKETS.len() + 1;

/// See the module. How many there are in all is not kept, so that it never disagrees with the buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Each bucket by itself.
    pub(super) buckets: [u64; COUNTS],
    /// All durations together.
    pub(super) nanos: u128,
}

impl Counts {
    pub(super) fn observe(&mut self, took: Duration) {
        let nanos = nanos(took);
        if let Some(count) = self.buckets.get_mut(bucket(nanos)) {
            *count += 1;
        }
        self.nanos += u128::from(nanos);
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (sum, count) in self.buckets.iter_mut().zip(other.buckets) {
            *sum += count;
        }
        self.nanos += other.nanos;
    }

    pub(super) fn total(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// All durations together.
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact for the first hundred days, and to the 16th digit after"
    )]
    pub(super) fn seconds(&self) -> f64 {
        self.nanos as f64 / NANOS
    }

    /// As Prometheus has it: each bucket counts those below it as well, and that beyond all bounds is the number of all.
    pub(super) fn histogram(&self) -> proto::Histogram {
        let mut below = 0;
        let buckets = BUCKETS.iter().zip(self.buckets).map(|(bound, count)| {
            below += count;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(*bound);
            bucket.set_cumulative_count(below);
            bucket
        });
        let mut histogram = proto::Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(self.total());
        histogram.set_sample_sum(self.seconds());
        histogram
    }
}

/// The bucket of a duration: the first one whose bound it does not exceed.
#[inline]
pub(super) fn bucket(nanos: u64) -> usize {
    BOUNDS.partition_point(|bound| *bound < nanos)
}

/// A duration as it is added up. Nothing takes 584 years.
#[inline]
pub(super) fn nanos(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

const NANOS: f64 = 1e9;

/// [`BUCKETS`] in nanoseconds, which all of them are whole numbers of.
const BOUNDS: [u64; BUCKETS.len()] = {
    let mut bounds = [0; BUCKETS.len()];
    let mut at = 0;
    while at < bounds.len() {
        #[expect(
            clippy::indexing_slicing,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "found out when this is compiled, and rounded"
        )]
        {
            bounds[at] = (BUCKETS[at] * NANOS + 0.5) as u64;
        }
        at += 1;
    }
    bounds
};

#[cfg(test)]
mod tests {
    use prometheus::core::Metric as _;
    use prometheus::{Histogram, HistogramOpts};
    use proptest::prelude::*;

    use super::*;

    /// What Prometheus' own histogram makes of the same.
    fn reference(durations: &[Duration]) -> proto::Histogram {
        let options = HistogramOpts::new("reference", "x").buckets(BUCKETS.to_vec());
        let histogram = Histogram::with_opts(options).unwrap();
        durations.iter().for_each(|took| histogram.observe(took.as_secs_f64()));
        histogram.metric().get_histogram().clone()
    }

    fn counted(durations: &[Duration]) -> proto::Histogram {
        let mut counts = Counts::default();
        durations.iter().for_each(|took| counts.observe(*took));
        assert_eq!(counts.total(), durations.len() as u64);
        counts.histogram()
    }

    fn assert_same(durations: &[Duration]) {
        let (ours, theirs) = (counted(durations), reference(durations));
        assert_eq!(ours.get_bucket(), theirs.get_bucket());
        assert_eq!(ours.get_sample_count(), theirs.get_sample_count());
        let (ours, theirs) = (ours.get_sample_sum(), theirs.get_sample_sum());
        assert!((ours - theirs).abs() <= theirs * 1e-9, "{ours} for {theirs}");
    }

    #[test]
    fn bounds_are_the_same_in_both_units() {
        let seconds = BOUNDS.map(|bound| Duration::from_nanos(bound).as_secs_f64());
        assert_eq!(seconds, BUCKETS);
    }

    #[test]
    fn what_equals_a_bound_does_not_exceed_it_as_prometheus_has_it() {
        for bound in BOUNDS {
            for nanos in [bound - 1, bound, bound + 1] {
                assert_same(&[Duration::from_nanos(nanos)]);
            }
        }
        assert_same(&[Duration::ZERO, Duration::from_secs(31), Duration::from_secs(1 << 30)]);
    }

    #[test]
    fn the_longest_duration_there_is_exceeds_all_bounds() {
        let mut counts = Counts::default();
        counts.observe(Duration::MAX);
        counts.observe(Duration::MAX);
        assert_eq!((counts.buckets[COUNTS - 1], counts.total()), (2, 2));
        assert_eq!(counts.nanos, 2 * u128::from(u64::MAX));
    }

    proptest! {
        /// Evenly over the orders of magnitude, from a nanosecond to a minute, and as many exactly at a bound.
        #[test]
        fn counts_are_those_of_a_histogram_of_prometheus(
            exponents in prop::collection::vec(0.0..10.8f64, 0..100),
            bounds in prop::collection::vec(0..BOUNDS.len(), 0..100),
        ) {
            let anywhere = exponents.iter().map(|exponent| Duration::from_secs_f64(10f64.powf(exponent - 9.0)));
            let at_bounds = bounds.iter().map(|index| Duration::from_nanos(BOUNDS[*index]));
            let durations: Vec<_> = anywhere.chain(at_bounds).collect();
            assert_same(&durations);
        }
    }
}
