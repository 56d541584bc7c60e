//! Everything that is known, put together for whoever looks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Weak};

use jiff::Timestamp;
use parking_lot::Mutex;
use prometheus::TextEncoder;
use serde_json::Value;

use super::advice::{Advice, advise};
use super::evidence::{Evidence, ObservedSettings};
use super::instruments::Metrics;
use super::peers::{Alone, Peers};
use super::quantile::quantile;
use super::series::{STEP_SECONDS, Series};
use super::snapshot::{DatabaseFacts, IncidentStory, PoolFigures, Snapshot, word};
use super::{exposition, peers, series};
use crate::health::{Monitor, Report};
use crate::tasks;
use crate::time::{Duration, Instant, sleep};

/// Metrics, health, the last minutes and the other workers. Cheap to clone; its one task ends with the last clone.
#[derive(Clone)]
pub struct Board(Arc<Kept>);

struct Kept {
    metrics: Metrics,
    monitor: Monitor,
    peers: Arc<dyn Peers>,
    started: Timestamp,
    /// Held for moments only.
    series: Mutex<Series>,
}

impl Board {
    /// Puts them together and begins to record.
    ///
    /// # Panics
    /// When called outside a tokio runtime.
    #[must_use]
    pub fn start(metrics: &Metrics, monitor: &Monitor) -> Self {
        Self::start_among(metrics, monitor, Arc::new(Alone))
    }

    /// The same for one of several workers.
    ///
    /// # Panics
    /// When called outside a tokio runtime.
    #[must_use]
    pub fn start_among(metrics: &Metrics, monitor: &Monitor, peers: Arc<dyn Peers>) -> Self {
        metrics.0.begin();
        let kept = Arc::new(Kept {
            metrics: metrics.clone(),
            monitor: monitor.clone(),
            peers,
            started: Timestamp::now(),
            series: Mutex::new(Series::default()),
        });
        let _recorder = tasks::spawn("metrics: record", record(Arc::downgrade(&kept)));
        Self(kept)
    }

    /// The health it shows.
    #[must_use]
    pub fn monitor(&self) -> &Monitor {
        &self.0.monitor
    }

    /// The metrics of all workers, in Prometheus' text format 0.0.4.
    #[must_use]
    pub fn metrics_text(&self) -> String {
        let others = self.others();
        let own = self.0.metrics_text();
        let others = others.iter().map(|snapshot| snapshot.metrics.as_str());
        exposition::merge(std::iter::once(own.as_str()).chain(others))
    }

    /// All workers, by number. Counts as somebody who asks: the database is probed while anybody does.
    #[must_use]
    pub fn snapshots(&self) -> Vec<Snapshot> {
        let mut all = self.others();
        all.push(self.0.snapshot(&self.0.monitor.detailed_report()));
        all.sort_by_key(|snapshot| snapshot.worker);
        all
    }

    /// What should be changed, by the busiest worker's evidence.
    #[must_use]
    pub fn advice(&self) -> Vec<Advice> {
        let mut all = self.0.advice(&self.0.monitor.peek());
        for snapshot in self.others() {
            for advice in snapshot.advice {
                if all.iter().all(|other| other.topic != advice.topic) {
                    all.push(advice);
                }
            }
        }
        all
    }

    #[cfg(feature = "otlp")]
    pub(super) fn worker(&self) -> u32 {
        self.0.metrics.0.worker
    }

    #[cfg(feature = "otlp")]
    pub(super) fn started(&self) -> Timestamp {
        self.0.started
    }

    /// This worker's metrics.
    #[cfg(feature = "otlp")]
    pub(super) fn families(&self) -> Vec<prometheus::proto::MetricFamily> {
        self.0.families()
    }

    fn others(&self) -> Vec<Snapshot> {
        let others = self.0.peers.others().into_iter();
        others
            .filter_map(|parts| {
                from_parts(parts)
                    .inspect_err(|error| tracing::debug!(%error, "another worker's snapshot cannot be read"))
                    .ok()
            })
            .collect()
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").field("metrics", &self.0.metrics).finish_non_exhaustive()
    }
}

impl Kept {
    fn families(&self) -> Vec<prometheus::proto::MetricFamily> {
        let report = self.monitor.peek();
        let instruments = &self.metrics.0;
        instruments.set(&report.pool, self.monitor.database().pool_options(), report.is_ready());
        instruments.registry.gather()
    }

    fn metrics_text(&self) -> String {
        let mut text = String::new();
        if let Err(error) = TextEncoder::new().encode_utf8(&self.families(), &mut text) {
            tracing::error!(%error, "bug: the metrics cannot be written down");
        }
        text
    }

    fn snapshot(&self, report: &Report) -> Snapshot {
        let database = self.monitor.database();
        let incidents = database.history().all();
        // Before the value is put together: a lock that is taken within it is held to its end, and advice takes it too.
        let points = self.series.lock().points();
        let told = incidents.iter().rev().take(TOLD_INCIDENTS).rev();
        Snapshot {
            worker: self.metrics.0.worker,
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.started,
            taken: Timestamp::now(),
            health: word(report.health()).to_owned(),
            trouble: report.trouble().map_or("", |trouble| trouble.text()).to_owned(),
            pool: PoolFigures::of(report),
            slots: database.slots().into_iter().map(Into::into).collect(),
            active_requests: u32::try_from(self.metrics.0.traffic.active()).unwrap_or(0),
            points,
            incidents: told.map(IncidentStory::from).collect(),
            database: Some(DatabaseFacts::of(database.backend().name(), report)),
            advice: self.advice(report),
            metrics: String::new(),
        }
    }

    fn advice(&self, report: &Report) -> Vec<Advice> {
        let pool = &report.pool;
        let settings =
            ObservedSettings::of(self.monitor.database().pool_options(), pool.size, pool.max_overflow);
        let points = self.series.lock().points();
        let mut evidence = Evidence::of(&points, settings);
        let since = points.first().map_or(i64::MAX, |first| first.at);
        let incidents = self.monitor.database().history().all();
        evidence.outage = incidents
            .iter()
            .any(|incident| incident.outage && incident.ended.is_none_or(|ended| ended.as_second() >= since));
        evidence.idle_deaths = self.idle_deaths();
        let pings: Vec<u32> = self
            .metrics
            .0
            .ping_counts()
            .iter()
            .map(|count| u32::try_from(*count).unwrap_or(u32::MAX))
            .collect();
        let failed = |result| self.metrics.0.pings.with_label_values(&[result]).get();
        evidence.pings = pings.iter().copied().map(u64::from).sum();
        evidence.pings_failed = failed("failed") + failed("timed_out");
        evidence.ping_p99 = quantile(&pings, 0.99).unwrap_or_default();
        evidence.server_limit = report.server_limit.map(|(limit, _)| limit);
        evidence.workers = u64::try_from(self.peers.workers()).unwrap_or(1).max(1);
        advise(&evidence)
    }

    /// Those that ended at the same moment count as one: a server that restarts ends all at once, at any idle age.
    fn idle_deaths(&self) -> Vec<Duration> {
        let deaths = self.metrics.0.idle_deaths.lock();
        let mut last: Option<Instant> = None;
        let apart = deaths.iter().filter(|(at, _)| {
            let news = last.is_none_or(|last| *at - last > SAME_MOMENT);
            last = Some(*at);
            news
        });
        apart.map(|(_, idle)| *idle).collect()
    }

    fn record(&self) {
        let at = Timestamp::now().as_second().div_euclid(STEP_SECONDS) * STEP_SECONDS - STEP_SECONDS;
        self.series.lock().push(at, self.metrics.0.totals(), &self.monitor.database().status());
    }

    fn publish(&self) {
        let mut snapshot = self.snapshot(&self.monitor.peek());
        let points = series::within(std::mem::take(&mut snapshot.points), peers::MOST_BYTES * 9 / 10);
        let text = exposition::within(self.metrics_text(), peers::MOST_BYTES * 9 / 10);
        let parts = [
            (STATUS, serde_json::to_value(&snapshot)),
            (SERIES, serde_json::to_value(&points)),
            (METRICS, serde_json::to_value(&text)),
        ];
        for (part, value) in parts {
            match value {
                Ok(value) => self.peers.publish(part, value),
                Err(error) => tracing::error!(%error, part, "bug: a snapshot cannot be written down"),
            }
        }
    }
}

/// The parts of a snapshot, published apart because each may only be so large.
const STATUS: &str = "status";
const SERIES: &str = "series";
const METRICS: &str = "metrics";

/// A worker that has only just begun has not published all of them yet.
fn from_parts(mut parts: BTreeMap<String, Value>) -> Result<Snapshot, serde_json::Error> {
    let mut snapshot: Snapshot = serde_json::from_value(parts.remove(STATUS).unwrap_or_default())?;
    if let Some(points) = parts.remove(SERIES) {
        snapshot.points = serde_json::from_value(points)?;
    }
    if let Some(text) = parts.remove(METRICS) {
        snapshot.metrics = serde_json::from_value(text)?;
    }
    Ok(snapshot)
}

/// Ends a step of the series at every multiple of its length, and publishes in between when there are others.
async fn record(kept: Weak<Kept>) {
    let mut recorded = 0;
    loop {
        sleep(until_next()).await;
        let Some(kept) = kept.upgrade() else { return };
        let step = Timestamp::now().as_second().div_euclid(STEP_SECONDS);
        if step != recorded {
            recorded = step;
            kept.record();
        }
        if kept.peers.workers() > 1 {
            kept.publish();
        }
    }
}

/// Until the next full second.
fn until_next() -> Duration {
    let nanos = Timestamp::now().subsec_nanosecond().unsigned_abs();
    Duration::from_secs(1).saturating_sub(Duration::from_nanos(nanos.into())).max(Duration::from_millis(5))
}

/// Enough for the story of a day, and little enough to send around.
const TOLD_INCIDENTS: usize = 20;
const SAME_MOMENT: Duration = Duration::from_secs(2);
