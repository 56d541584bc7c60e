//! What every handler shares.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crossbeam_utils::CachePadded;
use steadfast::metrics::Metrics;
use steadfast::sql::TransactionOptions;
use steadfast::web::StatusPage;
use steadfast::{Database, Ticket};
use tokio::sync::Semaphore;

use crate::idempotency::Gate;
use crate::in_flight::InFlight;
use crate::lifecycle::Lifecycle;
use crate::seal::Seal;
use crate::settings::Settings;

/// What every handler shares. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<CachePadded<Arc<Shared>>>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    database: Database,
    lifecycle: Lifecycle,
    request_slots: Arc<Semaphore>,
    metrics: Option<Metrics>,
    page: OnceLock<StatusPage>,
    /// Questions after outcomes that are being asked.
    outcome_slots: Semaphore,
    keys: Gate,
    /// There once the database was reached.
    seal: OnceLock<Seal>,
    /// Something was stored that will be removed when it is old.
    has_kept: AtomicBool,
    in_flight: InFlight,
}

/// So many connections of the pool at most are used to ask for outcomes.
const OUTCOME_SLOTS: usize = 2;

impl App {
    /// An application on this database.
    #[must_use]
    pub fn new(settings: Settings, database: Database) -> Self {
        Self::watched(settings, database, InFlight::default(), None)
    }

    /// An application whose requests somebody else can see as well, and which are counted in these metrics; the database
    /// should have them as an observer.
    #[must_use]
    pub fn watched(
        settings: Settings,
        database: Database,
        in_flight: InFlight,
        metrics: Option<Metrics>,
    ) -> Self {
        let request_slots = Arc::new(Semaphore::new(settings.max_requests));
        let shared = Shared {
            settings,
            database,
            lifecycle: Lifecycle::default(),
            request_slots,
            metrics,
            page: OnceLock::new(),
            outcome_slots: Semaphore::new(OUTCOME_SLOTS),
            keys: Gate::default(),
            seal: OnceLock::new(),
            has_kept: AtomicBool::new(false),
            in_flight,
        };
        Self(Arc::new(CachePadded::new(Arc::new(shared))))
    }

    /// The same with a count of references of its own: what is cloned from it is counted there, and not where all others are.
    pub(crate) fn counted_apart(&self) -> Self {
        Self(Arc::new(CachePadded::clone(&self.0)))
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Its database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// Where it is in its life.
    #[must_use]
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.0.lifecycle
    }

    /// How many requests are being worked on.
    #[must_use]
    pub fn requests_in_flight(&self) -> usize {
        self.0.settings.max_requests.saturating_sub(self.0.request_slots.available_permits())
    }

    /// Where its requests are counted, if they are.
    #[must_use]
    pub fn metrics(&self) -> Option<&Metrics> {
        self.0.metrics.as_ref()
    }

    /// Has browsers that come to `/` see this page. The first one stays.
    pub fn show(&self, page: StatusPage) {
        drop(self.0.page.set(page));
    }

    pub(crate) fn page(&self) -> Option<&StatusPage> {
        self.0.page.get()
    }

    /// How a change is stored.
    pub(crate) fn changing(&self) -> TransactionOptions {
        TransactionOptions::read_write().guard(self.0.settings.commit_guard)
    }

    pub(crate) fn outcome_slots(&self) -> &Semaphore {
        &self.0.outcome_slots
    }

    pub(crate) fn keys(&self) -> &Gate {
        &self.0.keys
    }

    /// What seals tickets, once it is known.
    pub(crate) fn seal(&self) -> Option<&Seal> {
        self.0.seal.get()
    }

    /// A ticket for a client, when tickets can be sealed.
    pub(crate) fn sealed(&self, ticket: &Ticket) -> Option<String> {
        self.seal()?.seal(ticket)
    }

    pub(crate) fn set_seal(&self, seal: Seal) {
        // The first one stays: it is the same in every worker.
        drop(self.0.seal.set(seal));
    }

    /// Notes that something was stored that will be removed when it is old.
    pub(crate) fn has_kept(&self) {
        self.0.has_kept.store(true, Ordering::Relaxed);
    }

    /// Whether something was stored since this was asked last.
    pub(crate) fn take_has_kept(&self) -> bool {
        self.0.has_kept.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.0.in_flight
    }

    pub(crate) fn request_slots(&self) -> &Arc<Semaphore> {
        &self.0.request_slots
    }
}
