//! The background probe and what it keeps.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::report::{Count, Report};
use crate::backend::BackendKind;
use crate::database::Database;
use crate::error::{AcquireFailure, Error, Fault};
use crate::tasks;
use crate::time::{Duration, Instant, far_future, sleep_until};
use crate::verdict::{Class, Step};

/// How the probe works.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HealthOptions {
    /// Time between probes while all is well; default 5 s.
    pub interval: Duration,
    /// How long a probe may take, waiting for a connection included; default 2 s.
    pub timeout: Duration,
    /// Probing stops when nobody has asked for this long, so that a database which sleeps when unused can; default 60 s.
    pub rest_after: Duration,
    /// A statement that gives one number, as proof of real access; default none.
    pub count: Option<String>,
    /// How old the number may get before it is fetched again; default 60 s.
    pub count_interval: Duration,
    /// Whether there is a schema to wait for; default no.
    pub awaits_schema: bool,
}

impl Default for HealthOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            rest_after: Duration::from_secs(60),
            count: None,
            count_interval: Duration::from_secs(60),
            awaits_schema: false,
        }
    }
}

/// Keeps the state of health. Cheap to clone; probing ends with the last clone.
#[derive(Debug, Clone)]
pub struct Monitor {
    kept: Arc<Kept>,
}

#[derive(Debug)]
struct Kept {
    database: Database,
    options: HealthOptions,
    schema_ready: AtomicBool,
    draining: AtomicBool,
    /// Somebody asked after the probing had come to rest.
    woken: Arc<Notify>,
    /// Held for moments only, never across an await.
    findings: Mutex<Findings>,
}

/// Who wants a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// Nobody who matters to the probing; may see details.
    Nobody,
    /// Somebody who may not see details.
    Stranger,
    /// Somebody who may.
    Friend,
}

#[derive(Debug)]
struct Findings {
    response_time: Option<Duration>,
    server_version: Option<String>,
    probed: Option<(Instant, bool)>,
    count: Option<(i64, Instant)>,
    server_limit: Option<(u64, u64)>,
    asked: Instant,
    asked_for_details: Option<Instant>,
}

impl Monitor {
    /// Starts probing.
    ///
    /// # Panics
    /// When called outside a tokio runtime.
    #[must_use]
    pub fn start(database: &Database, options: HealthOptions) -> Self {
        let findings = Findings {
            response_time: None,
            server_version: None,
            probed: None,
            count: None,
            server_limit: None,
            asked: Instant::now(),
            asked_for_details: None,
        };
        let woken = Arc::new(Notify::new());
        let kept = Arc::new(Kept {
            database: database.clone(),
            schema_ready: AtomicBool::new(!options.awaits_schema),
            draining: AtomicBool::new(false),
            woken: Arc::clone(&woken),
            findings: Mutex::new(findings),
            options,
        });
        let _probe = tasks::spawn("health: probe", probe_on(Arc::downgrade(&kept), woken));
        Self { kept }
    }

    /// What is known now. Takes microseconds.
    #[must_use]
    pub fn report(&self) -> Report {
        self.kept.report(Asker::Stranger)
    }

    /// The same without counting as somebody who asks: it does not keep the probing going. For metrics, which are
    /// scraped for ever.
    #[must_use]
    pub fn peek(&self) -> Report {
        self.kept.report(Asker::Nobody)
    }

    /// The same with the cached count, which is fetched only while somebody asks for it.
    #[must_use]
    pub fn detailed_report(&self) -> Report {
        self.kept.report(Asker::Friend)
    }

    /// Notes that the schema is set up.
    pub fn schema_is_ready(&self) {
        self.kept.schema_ready.store(true, Ordering::Release);
        self.kept.woken.notify_one();
    }

    /// Notes that the program is shutting down: no longer ready.
    pub fn drain(&self) {
        self.kept.draining.store(true, Ordering::Release);
    }

    /// The database that is watched.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.kept.database
    }
}

impl Kept {
    fn report(&self, asker: Asker) -> Report {
        let now = Instant::now();
        let (asks, details) = (asker != Asker::Nobody, asker != Asker::Stranger);
        let (response_time, probed, count, server_version, server_limit) = {
            let mut findings = self.findings.lock();
            if asks {
                findings.asked = now;
            }
            if asker == Asker::Friend {
                findings.asked_for_details = Some(now);
            }
            let version = findings.server_version.clone().filter(|_| details);
            (findings.response_time, findings.probed, findings.count, version, findings.server_limit)
        };
        let counted = count.is_some_and(|(_, at)| now - at < self.options.count_interval);
        let stale = probed.is_some_and(|(at, good)| good && now - at > self.options.interval);
        let rested = probed.is_some_and(|(at, _)| now - at > PAUSE);
        if asks && (stale || (rested && details && self.options.count.is_some() && !counted)) {
            self.woken.notify_one();
        }
        Report {
            response_time,
            server_version,
            server_limit: server_limit.filter(|_| details),
            probed: probed.map(|(at, good)| (now - at, good)),
            pool: self.database.status(),
            count: count.filter(|_| details).map(|(value, at)| Count { value, age: now - at }),
            incident: self.database.history().last(),
            schema_ready: self.schema_ready.load(Ordering::Acquire),
            was_reached: response_time.is_some(),
            draining: self.draining.load(Ordering::Acquire),
        }
    }

    /// One probe. A pool whose connections are all in use says nothing about the database.
    async fn probe(&self) -> bool {
        let result = self.database.probe(Instant::now() + self.options.timeout).await;
        let good = match &result {
            Ok(_) => true,
            Err(error) => is_saturation(error),
        };
        let was_good = {
            let mut findings = self.findings.lock();
            let was_good = findings.probed.is_none_or(|(_, good)| good);
            findings.probed = Some((Instant::now(), good));
            if let Ok(probe) = result {
                findings.response_time = Some(probe.took);
                findings.server_version = Some(probe.server_version);
            }
            was_good
        };
        if was_good && !good {
            // Once per incident: good connections are kept, each is verified before it is used again.
            let fault = Fault::new(Class::ConnectionLost, Step::Ping, "the health probe failed");
            self.database.suspect(&fault);
        }
        good
    }

    async fn count(&self) {
        let Some(sql) = &self.options.count else { return };
        let now = Instant::now();
        let due = {
            let findings = self.findings.lock();
            let asked = findings.asked_for_details.is_some_and(|at| now - at < self.options.rest_after);
            // Once at the start, so that who asks first gets an answer; after that only for who asks.
            findings.count.is_none_or(|(_, at)| asked && now - at >= self.options.count_interval)
        };
        if !due || !self.schema_ready.load(Ordering::Acquire) {
            return;
        }
        self.ask_for_limit(now + COUNT_TIMEOUT).await;
        let rows = self.database.query(sql, &[], Some(now + COUNT_TIMEOUT)).await;
        match rows.and_then(|rows| rows.first().map_or(Ok(0), |row| row.at(0))) {
            Ok(count) => self.findings.lock().count = Some((count, Instant::now())),
            Err(error) => tracing::debug!(%error, "the rows could not be counted for the health report"),
        }
    }

    /// How many connections the server has for everybody, and how many are taken. Asked with the count, as seldom.
    async fn ask_for_limit(&self, deadline: Instant) {
        if self.database.backend() != BackendKind::Postgres {
            return;
        }
        let limit = async {
            let rows = self.database.query(SERVER_LIMIT, &[], Some(deadline)).await?;
            let row = rows.first().ok_or(Error::RowCount { expected: "one row", found: 0 })?;
            Ok::<_, Error>((row.at::<i64>(0)?, row.at::<i64>(1)?))
        };
        match limit.await {
            Ok((limit, taken)) => {
                self.findings.lock().server_limit = Some((limit.unsigned_abs(), taken.unsigned_abs()));
            }
            Err(error) => tracing::debug!(%error, "the server's limit could not be asked for"),
        }
    }

    /// Whether anybody has asked lately.
    fn is_asked(&self) -> bool {
        self.findings.lock().asked.elapsed() < self.options.rest_after
    }

    /// When the next probe follows, unless somebody wakes it before.
    fn next(&self, good: bool) -> Instant {
        let now = Instant::now();
        match (good, self.is_asked()) {
            (true, true) => now + self.options.interval,
            (true, false) => far_future(),
            // While it fails the probe itself is what waits for a connection, so the pool reconnects as fast as
            // for any caller; the pause is for failures that come back at once.
            (false, true) => now + PAUSE,
            (false, false) => now + UNASKED_PAUSE,
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.woken.notify_one();
    }
}

async fn probe_on(kept: Weak<Kept>, woken: Arc<Notify>) {
    loop {
        let Some(strong) = kept.upgrade() else { return };
        let good = strong.probe().await;
        if good {
            strong.count().await;
        }
        let (next, asked) = (strong.next(good), strong.is_asked());
        let history = Arc::clone(strong.database.history());
        drop(strong);
        tokio::select! {
            () = woken.notified() => {}
            () = sleep_until(next) => {}
            // Something was lost: whoever asks shall hear of it at once. When nobody does, a database that went to
            // sleep is left alone.
            () = history.news(), if good && asked => {}
        }
    }
}

/// True when no connection could be had because others have them all, which says nothing about the database.
fn is_saturation(error: &Error) -> bool {
    match error {
        Error::Acquire(error) => {
            let busy = matches!(error.failure, AcquireFailure::TimedOut | AcquireFailure::QueueFull);
            busy && error.last_connect().is_none() && error.leased > 0
        }
        Error::Config(_) | Error::Fault(_) | Error::Inert | Error::Column { .. } | Error::RowCount { .. } => {
            false
        }
    }
}

/// What ordinary roles may have; connections of everybody, also those whose statements we may not see.
const SERVER_LIMIT: &str = "SELECT current_setting('max_connections')::int8 - \
                            current_setting('superuser_reserved_connections')::int8, \
                            (SELECT coalesce(sum(numbackends), 0)::int8 FROM pg_stat_database)";

/// Counting a large table may take longer than a probe; it disturbs nobody.
const COUNT_TIMEOUT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(250);
const UNASKED_PAUSE: Duration = Duration::from_secs(30);
