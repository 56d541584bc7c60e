//! What every handler shares.

use std::sync::{Arc, OnceLock};

use steadfast::Database;
use steadfast::metrics::Metrics;
use steadfast::web::StatusPage;
use tokio::sync::Semaphore;

use crate::lifecycle::Lifecycle;
use crate::settings::Settings;

/// What every handler shares. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    database: Database,
    lifecycle: Lifecycle,
    request_slots: Arc<Semaphore>,
    metrics: Option<Metrics>,
    page: OnceLock<StatusPage>,
}

impl App {
    /// An application on this database.
    #[must_use]
    pub fn new(settings: Settings, database: Database) -> Self {
        Self::with_metrics(settings, database, None)
    }

    /// An application whose requests are counted in these metrics; the database should have them as an observer.
    #[must_use]
    pub fn with_metrics(settings: Settings, database: Database, metrics: Option<Metrics>) -> Self {
        let request_slots = Arc::new(Semaphore::new(settings.max_requests));
        let (lifecycle, page) = (Lifecycle::default(), OnceLock::new());
        Self(Arc::new(Shared { settings, database, lifecycle, request_slots, metrics, page }))
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

    pub(crate) fn request_slots(&self) -> &Arc<Semaphore> {
        &self.0.request_slots
    }
}
