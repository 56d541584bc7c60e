//! The instruments, one a name. Names and units are OpenTelemetry's where it has them, as Prometheus spells them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, PullingGauge, Registry};

use super::timings::{Timing, Timings};
use super::traffic::{Answered, Traffic};
use crate::config::{BackendOptions, Config};
use crate::event::Operation;
use crate::time::{Duration, Instant};

/// All instruments of one process. Cheap to clone; the clones share them.
#[derive(Clone)]
pub struct Metrics(pub(super) Arc<Instruments>);

/// See [`Metrics`].
pub(super) struct Instruments {
    pub(super) registry: Registry,
    pub(super) worker: u32,
    pub(super) connections: IntGaugeVec,
    pub(super) limits: [IntGauge; 3],
    pub(super) pending: IntGauge,
    pub(super) timeouts: IntCounter,
    pub(super) create_time: Timing,
    pub(super) wait_time: Timing,
    pub(super) use_time: Timing,
    pub(super) operations: Timings<2>,
    /// For the usual case: no look-up by label.
    pub(super) done: [Timing; Operation::ALL.len()],
    pub(super) open_failures: IntCounterVec,
    pub(super) deaths: IntCounterVec,
    pub(super) pings: IntCounterVec,
    pub(super) ping_time: Timing,
    pub(super) acquire_failures: IntCounterVec,
    pub(super) held_while_waiting: IntCounter,
    pub(super) retries: IntCounterVec,
    pub(super) outcomes: IntCounterVec,
    pub(super) fences: IntCounterVec,
    pub(super) incidents: IntCounterVec,
    pub(super) generation: IntGauge,
    pub(super) suspect: IntGauge,
    pub(super) circuit: IntGaugeVec,
    pub(super) ready: IntGauge,
    requests: Timings<3>,
    pub(super) traffic: Traffic,
    /// When connections died while nobody used them, and for how long nobody had. The last few; held for moments only.
    pub(super) idle_deaths: Mutex<VecDeque<(Instant, Duration)>>,
}

impl Metrics {
    /// Instruments for a database of this configuration, in the worker of this number (0: there is only one).
    #[must_use]
    pub fn new(config: &Config, worker: u32) -> Self {
        let system = match &config.backend {
            BackendOptions::Postgres(_) => "postgresql",
            BackendOptions::Sqlite(_) => "sqlite",
        };
        match Instruments::new(system, worker) {
            Ok(instruments) => Self(Arc::new(instruments)),
            Err(error) => bug(&error),
        }
    }

    /// Notes that a request has begun.
    pub fn request_began(&self) {
        self.0.traffic.began();
    }

    /// Notes that a request that had begun is over.
    pub fn request_ended(&self, answered: Answered<'_>) {
        self.0.traffic.ended(&answered);
        let mut digits = itoa::Buffer::new();
        let status = if answered.status == 0 { "" } else { digits.format(answered.status) };
        self.0.requests.observe([answered.method, answered.route, status], answered.took);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("worker", &self.0.worker).finish_non_exhaustive()
    }
}

impl Instruments {
    #[expect(clippy::too_many_lines, reason = "the table of all instruments, one after the other")]
    fn new(system: &str, worker: u32) -> Result<Self, prometheus::Error> {
        let labels = [("worker".to_owned(), worker.to_string())].into();
        let make = Maker { registry: Registry::new_custom(None, Some(labels))?, system };
        make.process()?;
        let operations = make.timings(
            "db_client_operation_duration_seconds",
            "How long units of work took, with all waits and all attempts.",
            ["db_operation_name", "error_type"],
        )?;
        let done = Operation::ALL.map(|operation| operations.usual([operation.name(), ""]));
        Ok(Self {
            worker,
            connections: make.pool_gauges("db_client_connection_count", "Connections by state.", &["state"])?,
            limits: [
                make.pool_gauge("db_client_connection_max", "The most connections that may be open.")?,
                make.pool_gauge("db_client_connection_idle_max", "The most that are kept open while unused.")?,
                make.pool_gauge("db_client_connection_idle_min", "The least that are kept open while unused.")?,
            ],
            pending: make.pool_gauge("db_client_connection_pending_requests", "Callers that wait.")?,
            timeouts: make.pool_counter(
                "db_client_connection_timeouts_total",
                "Callers that got no connection by their deadline.",
            )?,
            create_time: make.timing(
                "db_client_connection_create_time_seconds",
                "How long it took to open a connection.",
            )?,
            wait_time: make.timing(
                "db_client_connection_wait_time_seconds",
                "How long callers waited for a connection; those that found one at hand included.",
            )?,
            use_time: make.timing(
                "db_client_connection_use_time_seconds",
                "How long callers had a connection.",
            )?,
            operations,
            done,
            open_failures: make.counters(
                "steadfast_open_failures_total",
                "Connections that could not be opened, by class of the fault.",
                &["cause"],
            )?,
            deaths: make.counters("steadfast_deaths_total", "Connections that ended, by cause.", &["cause"])?,
            pings: make.counters("steadfast_pings_total", "Idle connections that were asked.", &["result"])?,
            ping_time: make.timing("steadfast_ping_duration_seconds", "The round trip of a ping.")?,
            acquire_failures: make.counters(
                "steadfast_acquire_failures_total",
                "Callers that got no connection, by reason.",
                &["reason"],
            )?,
            held_while_waiting: make.pool_counter(
                "steadfast_held_while_waiting_total",
                "Pools in which a task waited for a connection while it held one, and all were in use.",
            )?,
            retries: make.counters(
                "steadfast_retries_total",
                "Units of work that were run again, by kind of work and class of the fault.",
                &["db_operation_name", "cause"],
            )?,
            outcomes: make.counters(
                "steadfast_outcomes_total",
                "Commits whose answer was lost, by what was found out; those that the standby never confirmed.",
                &["outcome"],
            )?,
            fences: make.counters(
                "steadfast_fences_total",
                "What lost connections had left behind on the server and was ended there, by what it was.",
                &["found"],
            )?,
            incidents: make.counters("steadfast_incidents_total", "Incidents, by kind.", &["kind"])?,
            generation: make.pool_gauge("steadfast_generation", "Raised once per incident.")?,
            suspect: make.pool_gauge("steadfast_suspect_connections", "Verified before they are used again.")?,
            circuit: make.pool_gauges("steadfast_circuit_state", "1 for the state it is in.", &["state"])?,
            ready: make.pool_gauge("steadfast_ready", "Whether a request would be served now.")?,
            requests: make.timings(
                "http_server_request_duration_seconds",
                "How long requests took, from their head to the head of the answer.",
                ["http_request_method", "http_route", "http_response_status_code"],
            )?,
            traffic: make.traffic("http_server_active_requests", "Requests that are worked on.")?,
            idle_deaths: Mutex::new(VecDeque::new()),
            registry: make.registry,
        })
    }
}

/// Makes instruments and registers them.
struct Maker<'a> {
    registry: Registry,
    system: &'a str,
}

type Made<T> = Result<T, prometheus::Error>;

impl Maker<'_> {
    fn add<T: prometheus::core::Collector + Clone + 'static>(&self, instrument: Made<T>) -> Made<T> {
        let instrument = instrument?;
        self.registry.register(Box::new(instrument.clone()))?;
        Ok(instrument)
    }

    /// What OpenTelemetry asks of every metric of a pool, and of an operation.
    fn of_pool(&self, name: &str, help: &str) -> Opts {
        if name.starts_with("db_client_connection") {
            Opts::new(name, help).const_label("db_client_connection_pool_name", "main")
        } else if name.starts_with("db_client") {
            Opts::new(name, help).const_label("db_system_name", self.system)
        } else {
            Opts::new(name, help)
        }
    }

    fn pool_gauge(&self, name: &str, help: &str) -> Made<IntGauge> {
        self.add(IntGauge::with_opts(self.of_pool(name, help)))
    }

    fn pool_gauges(&self, name: &str, help: &str, labels: &[&str]) -> Made<IntGaugeVec> {
        self.add(IntGaugeVec::new(self.of_pool(name, help), labels))
    }

    fn pool_counter(&self, name: &str, help: &str) -> Made<IntCounter> {
        self.add(IntCounter::with_opts(self.of_pool(name, help)))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Made<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn timings<const LABELS: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; LABELS],
    ) -> Made<Timings<LABELS>> {
        self.add(Timings::new(self.of_pool(name, help), labels))
    }

    /// A family without variable labels is one histogram.
    fn timing(&self, name: &str, help: &str) -> Made<Timing> {
        Ok(self.timings(name, help, [])?.usual([]))
    }

    /// The counts of requests, of which the gauge tells how many are active.
    fn traffic(&self, name: &str, help: &str) -> Made<Traffic> {
        let traffic = Traffic::new();
        let told = traffic.clone();
        #[expect(clippy::cast_precision_loss, reason = "a count, far below 2^53")]
        let active = move || told.active() as f64;
        let _gauge = self.add(PullingGauge::new(name, help, Box::new(active)))?;
        Ok(traffic)
    }

    /// The moment at which the process began, by the name that every Prometheus client uses; and the version.
    fn process(&self) -> Made<()> {
        let options =
            Opts::new("process_start_time_seconds", "When the process began, in seconds since 1970.");
        let began = self.add(Gauge::with_opts(options))?;
        began.set(jiff::Timestamp::now().as_duration().as_secs_f64());
        let options = Opts::new("steadfast_build_info", "1, with the version as label.");
        let info = self.add(IntGaugeVec::new(options, &["version"]))?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(())
    }
}

#[expect(clippy::panic, reason = "names and labels stand in this file, and a test makes them all")]
fn bug(error: &prometheus::Error) -> ! {
    panic!("bug: an instrument has a wrong name or label: {error}")
}
