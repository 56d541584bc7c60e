//! Quantiles of counts in buckets, as Prometheus estimates them.

use crate::time::Duration;

/// The upper bounds of all histograms of durations, in seconds: 1, 2.5, 5 from 0.1 ms on. Those that OpenTelemetry advises
/// for `db.client.operation.duration` are among them.
pub const BUCKETS: [f64; 17] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    30.0,
];

/// The duration that this share of what was counted did not exceed: within a bucket it is taken to be spread
/// evenly, as `histogram_quantile` does. The last count is of what exceeded all bounds. `None` when nothing was counted.
#[must_use]
pub fn quantile(counts: &[u32], share: f64) -> Option<Duration> {
    let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    if total == 0.0 {
        return None;
    }
    let rank = total * share.clamp(0.0, 1.0);
    let (mut below, mut lower) = (0.0, 0.0);
    for (index, count) in counts.iter().enumerate() {
        let count = f64::from(*count);
        let Some(upper) = BUCKETS.get(index) else { break };
        if count > 0.0 && below + count >= rank {
            let seconds = lower + (upper - lower) * ((rank - below) / count).clamp(0.0, 1.0);
            return Some(Duration::from_secs_f64(seconds));
        }
        below += count;
        lower = *upper;
    }
    Some(Duration::from_secs_f64(lower))
}

/// The same counts added up.
pub(super) fn add(sum: &mut Vec<u32>, counts: &[u32]) {
    if sum.len() < counts.len() {
        sum.resize(counts.len(), 0);
    }
    for (sum, count) in sum.iter_mut().zip(counts) {
        *sum = sum.saturating_add(*count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(usize, u32)]) -> Vec<u32> {
        let mut counts = vec![0; BUCKETS.len() + 1];
        for (index, count) in of {
            counts[*index] = *count;
        }
        counts
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(quantile(&counts(&[]), 0.5), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_quantile_lies_in_the_bucket_that_holds_its_rank() {
        let counts = counts(&[(0, 98), (9, 2)]);
        assert!(quantile(&counts, 0.5).unwrap() <= Duration::from_micros(100));
        let p99 = quantile(&counts, 0.99).unwrap();
        assert!(p99 > Duration::from_millis(50) && p99 <= Duration::from_millis(100), "{p99:?}");
    }

    #[test]
    fn what_exceeds_all_bounds_is_told_as_the_last_bound() {
        assert_eq!(quantile(&counts(&[(BUCKETS.len(), 5)]), 0.5), Some(Duration::from_secs(30)));
    }
}
