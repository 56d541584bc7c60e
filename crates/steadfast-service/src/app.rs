//! What every handler shares.

use std::sync::Arc;

use steadfast::Database;
use tokio::sync::Semaphore;

use crate::in_flight::InFlight;
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
    in_flight: InFlight,
}

impl App {
    /// An application on this database.
    #[must_use]
    pub fn new(settings: Settings, database: Database) -> Self {
        Self::watched(settings, database, InFlight::default())
    }

    /// An application whose requests somebody else can see as well.
    #[must_use]
    pub fn watched(settings: Settings, database: Database, in_flight: InFlight) -> Self {
        let request_slots = Arc::new(Semaphore::new(settings.max_requests));
        let lifecycle = Lifecycle::default();
        Self(Arc::new(Shared { settings, database, lifecycle, request_slots, in_flight }))
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

    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.0.in_flight
    }

    pub(crate) fn request_slots(&self) -> &Arc<Semaphore> {
        &self.0.request_slots
    }
}
