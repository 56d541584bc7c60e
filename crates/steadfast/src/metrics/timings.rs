//! Histograms of durations to which threads add without meeting.
//!
//! Every request adds to several. So each thread counts for itself, and whoever reads adds up what the threads have: the same
//! names, labels and bounds as a histogram of Prometheus has, which all threads would write to.
//!
//! What is read while others add is true of some moment for each number by itself: a duration that is only just being added
//! may be counted and not yet be in the sum. It is in the next reading.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crossbeam_utils::CachePadded;
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use prometheus::Opts;
use prometheus::core::{Collector, Desc, Describer as _};
use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

use super::counts::{self, COUNTS, Counts};
use crate::by_thread::ByThread;
use crate::time::Duration;

/// A histogram for values of the labels that are known beforehand. Cheap to clone; the clones share it.
#[derive(Clone)]
pub(super) struct Timing(Arc<ByThread<CachePadded<Group>>>);

/// A family of histograms with these many variable labels. Cheap to clone; the clones share it.
#[derive(Clone)]
pub(super) struct Timings<const LABELS: usize>(Arc<Family<LABELS>>);

/// What one thread adds to.
#[derive(Default)]
struct Group {
    counts: [AtomicU64; COUNTS],
    /// Begins anew when the durations come to 584 years.
    nanos: AtomicU64,
}

struct Family<const LABELS: usize> {
    desc: Desc,
    hash: RandomState,
    /// Held for moments, to add one or to read them.
    usual: Mutex<Vec<([&'static str; LABELS], Timing)>>,
    /// Held for moments: by its thread, and by whoever reads.
    others: ByThread<CachePadded<Mutex<Groups<LABELS>>>>,
}

/// By the hash of the values, so that they can be looked up while they are borrowed. There is more than one where the hash is
/// the same.
type Groups<const LABELS: usize> = HashMap<u64, Vec<CachePadded<Labelled<LABELS>>>, RandomState>;

/// What one thread has counted for these values. Padded: what lies beside it may be another thread's.
struct Labelled<const LABELS: usize> {
    values: [Box<str>; LABELS],
    counts: Counts,
}

impl Timing {
    fn new() -> Self {
        Self(Arc::new(ByThread::new(CachePadded::default)))
    }

    #[inline]
    pub(super) fn observe(&self, took: Duration) {
        let group = self.0.here();
        let nanos = counts::nanos(took);
        if let Some(count) = group.counts.get(counts::bucket(nanos)) {
            count.fetch_add(1, Relaxed);
        }
        // Whoever finds a connection at hand has waited for nothing, and most do.
        if nanos > 0 {
            group.nanos.fetch_add(nanos, Relaxed);
        }
    }

    /// What all threads have counted.
    pub(super) fn counts(&self) -> Counts {
        let mut all = Counts::default();
        for group in self.0.iter() {
            let buckets = group.counts.each_ref().map(|count| count.load(Relaxed));
            all.add(&Counts { buckets, nanos: u128::from(group.nanos.load(Relaxed)) });
        }
        all
    }
}

impl<const LABELS: usize> Timings<LABELS> {
    /// A family with these variable labels, of which nothing was counted yet.
    pub(super) fn new(options: Opts, labels: [&str; LABELS]) -> Result<Self, prometheus::Error> {
        let desc = options.variable_labels(labels.map(str::to_owned).to_vec()).describe()?;
        let others = ByThread::new(CachePadded::default);
        Ok(Self(Arc::new(Family { desc, hash: RandomState::default(), usual: Mutex::default(), others })))
    }

    /// The histogram for these values, for the usual case: no look-up, no lock, and told also while it is empty.
    pub(super) fn usual(&self, values: [&'static str; LABELS]) -> Timing {
        let timing = Timing::new();
        self.0.usual.lock().push((values, timing.clone()));
        timing
    }

    /// Adds to the histogram for these values, which must come from a small, fixed set. Allocates only for the first of
    /// its thread.
    pub(super) fn observe(&self, values: [&str; LABELS], took: Duration) {
        let hash = self.0.hash.hash_one(values);
        let mut groups = self.0.others.here().lock();
        let alike = groups.entry(hash).or_insert_with(|| Vec::with_capacity(1));
        if let Some(known) =
            alike.iter_mut().find(|known| known.values.each_ref().map(|value| &**value) == values)
        {
            known.counts.observe(took);
            return;
        }
        let mut counts = Counts::default();
        counts.observe(took);
        alike.push(CachePadded::new(Labelled { values: values.map(Box::from), counts }));
    }

    /// What all threads have counted, whatever the values.
    pub(super) fn counts(&self) -> Counts {
        self.by_values().values().fold(Counts::default(), |mut all, counts| {
            all.add(counts);
            all
        })
    }

    /// What all threads have counted, by values.
    fn by_values(&self) -> BTreeMap<[Box<str>; LABELS], Counts> {
        let mut all: BTreeMap<[Box<str>; LABELS], Counts> = BTreeMap::new();
        for (values, timing) in self.0.usual.lock().iter() {
            all.entry(values.map(Box::from)).or_default().add(&timing.counts());
        }
        for groups in self.0.others.iter() {
            for known in groups.lock().values().flatten() {
                all.entry(known.values.clone()).or_default().add(&known.counts);
            }
        }
        all
    }

    /// All labels of one histogram, in the order of their names.
    fn labels(&self, values: &[Box<str>; LABELS]) -> Vec<LabelPair> {
        let desc = &self.0.desc;
        let variable = desc.variable_labels.iter().zip(values).map(|(name, value)| {
            let mut label = LabelPair::default();
            label.set_name(name.clone());
            label.set_value(value.to_string());
            label
        });
        let mut labels: Vec<_> = variable.chain(desc.const_label_pairs.iter().cloned()).collect();
        labels.sort();
        labels
    }
}

impl<const LABELS: usize> Collector for Timings<LABELS> {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let metrics = self.by_values().into_iter().map(|(values, counts)| {
            let mut metric = Metric::from_label(self.labels(&values));
            metric.set_histogram(counts.histogram());
            metric
        });
        let mut family = MetricFamily::default();
        family.set_name(self.0.desc.fq_name.clone());
        family.set_help(self.0.desc.help.clone());
        family.set_field_type(MetricType::HISTOGRAM);
        family.set_metric(metrics.collect());
        vec![family]
    }
}

#[cfg(test)]
mod tests {
    use prometheus::{HistogramOpts, HistogramVec, Registry, TextEncoder};

    use super::*;
    use crate::metrics::quantile::BUCKETS;

    const NAMES: [&str; 2] = ["route", "a_status"];

    fn options() -> Opts {
        Opts::new("took_seconds", "How long it took.").const_label("pool", "main")
    }

    fn text(collector: impl Collector + 'static) -> String {
        let labels = [("worker".to_owned(), "3".to_owned())].into();
        let registry = Registry::new_custom(None, Some(labels)).unwrap();
        registry.register(Box::new(collector)).unwrap();
        TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
    }

    /// That of Prometheus. The durations below are powers of two and whole nanoseconds, so that they add up exactly in any
    /// order and either unit.
    fn reference(observed: &[([&str; 2], Duration)]) -> String {
        let options = HistogramOpts { common_opts: options(), buckets: BUCKETS.to_vec() };
        let histograms = HistogramVec::new(options, &NAMES).unwrap();
        histograms.with_label_values(&["/usual", ""]);
        for (values, took) in observed {
            histograms.with_label_values(values).observe(took.as_secs_f64());
        }
        text(histograms)
    }

    fn some_of_each() -> Vec<([&'static str; 2], Duration)> {
        let values = [["/usual", ""], ["/a", "200"], ["/a", "503"], ["/b \"quoted\"", ""], ["", "200"]];
        let took = [0.0, 0.5, 0.25, 0.031_25, 0.001_953_125, 2.0, 64.0].map(Duration::from_secs_f64);
        let of = |values| took.iter().map(move |took| (values, *took));
        values.into_iter().flat_map(of).collect()
    }

    #[test]
    fn the_text_is_what_prometheus_own_histograms_would_give() {
        let timings = Timings::new(options(), NAMES).unwrap();
        let usual = timings.usual(["/usual", ""]);
        assert_eq!(text(timings.clone()), reference(&[]), "what is usual is told also while it is empty");
        for (values, took) in some_of_each() {
            if values[0] == "/usual" { usual.observe(took) } else { timings.observe(values, took) }
        }
        assert_eq!(text(timings), reference(&some_of_each()));
    }

    #[test]
    fn what_is_looked_up_and_what_is_not_are_one_histogram() {
        let timings = Timings::new(options(), NAMES).unwrap();
        let usual = timings.usual(["/usual", ""]);
        usual.observe(Duration::from_millis(1));
        timings.observe(["/usual", ""], Duration::from_millis(1));
        let families = timings.collect();
        let metrics = families[0].get_metric();
        assert_eq!(metrics.len(), 1);
        assert_eq!(metrics[0].get_histogram().get_sample_count(), 2);
    }

    #[test]
    fn a_family_without_variable_labels_has_one_histogram() {
        let timings = Timings::new(options(), []).unwrap();
        timings.usual([]).observe(Duration::from_millis(500));
        assert!(text(timings).contains("took_seconds_sum{pool=\"main\",worker=\"3\"} 0.5\n"));
    }

    #[test]
    fn values_with_the_same_hash_are_told_apart() {
        let timings = Timings::new(options(), NAMES).unwrap();
        let hash = timings.0.hash.hash_one(["/a", "200"]);
        for groups in timings.0.others.iter() {
            let other = Labelled { values: ["/other", "200"].map(Box::from), counts: Counts::default() };
            assert!(groups.lock().insert(hash, vec![CachePadded::new(other)]).is_none());
        }
        timings.observe(["/a", "200"], Duration::from_secs(1));
        timings.observe(["/a", "200"], Duration::from_secs(1));
        let all = timings.by_values();
        assert_eq!(all[&["/a", "200"].map(Box::from)].total(), 2);
        assert_eq!(all[&["/other", "200"].map(Box::from)].total(), 0);
    }

    /// More threads than there are places for them, so that some share one.
    #[test]
    fn nothing_is_lost_or_counted_twice_while_threads_add_and_others_read() {
        const ROUNDS: usize = 200;
        let timings = Timings::new(options(), NAMES).unwrap();
        let usual = timings.usual(["/usual", ""]);
        let threads = timings.0.others.iter().count() * 2 + 1;
        std::thread::scope(|scope| {
            let adders: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        for (values, took) in (0..ROUNDS).flat_map(|_| some_of_each()) {
                            if values[0] == "/usual" {
                                usual.observe(took)
                            } else {
                                timings.observe(values, took)
                            }
                        }
                    })
                })
                .collect();
            let mut before = 0;
            while !adders.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                let now = timings.counts().total();
                assert!(now >= before, "{now} after {before}");
                before = now;
            }
        });
        let all: Vec<_> = (0..threads * ROUNDS).flat_map(|_| some_of_each()).collect();
        assert_eq!(text(timings), reference(&all));
    }
}
