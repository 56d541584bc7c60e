//! What a serving process tells of itself besides its answers: the log, metrics, the status page.

use std::sync::Arc;

use steadfast::Database;
use steadfast::config::ConfigError;
use steadfast::event::TracingObserver;
use steadfast::metrics::{Board, Metrics, Peers};
use steadfast_service::{App, start_board};

use crate::setup::Setup;

/// The metrics of this process, and where they go.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) metrics: Metrics,
    #[cfg(feature = "otlp")]
    otlp: Option<steadfast::metrics::OtlpOptions>,
}

impl Telemetry {
    /// That of the worker of this number; 0: there is only one process.
    pub(crate) fn new(setup: &Setup, worker: u32) -> Self {
        Self {
            metrics: Metrics::new(&setup.config, worker),
            #[cfg(feature = "otlp")]
            otlp: setup.otlp.clone(),
        }
    }

    /// The database of this setup, observed.
    pub(crate) fn open(&self, setup: &Setup) -> Result<Database, ConfigError> {
        let observers = vec![Arc::new(TracingObserver::default()) as _, self.metrics.observer()];
        Database::open_observed(&setup.config, observers)
    }

    /// Collects what is shown, and sends it where it shall be sent.
    pub(crate) fn board(self, app: &App, peers: Arc<dyn Peers>) -> Board {
        let board = start_board(app, &self.metrics, peers);
        #[cfg(feature = "otlp")]
        if let Some(Err(error)) = self.otlp.map(|options| board.export(options)) {
            tracing::error!(%error, "metrics are not exported");
        }
        board
    }
}
