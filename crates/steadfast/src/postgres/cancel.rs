//! Cancel requests: a connection of their own, on the way that the connection to be cancelled took.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::config::{PostgresOptions, TargetSession};
use crate::error::Fault;
use crate::verdict::Step;

use super::connection::ServerFacts;
use super::dial::Way;
use super::fault::from_io;
use super::handshake::reopen;
use super::observed::Observed;
use super::progress::Progress;
use super::tls::Settings;

/// How a connection was reached, so that it can be reached again.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) options: Arc<PostgresOptions>,
    pub(super) settings: Option<Arc<Settings>>,
    pub(super) server: Arc<ServerFacts>,
    pub(super) way: Way,
}

impl Route {
    pub(super) fn target(&self) -> TargetSession {
        self.options.target_session
    }

    /// Asks the server to end what the connection is doing, and waits until it has passed that on: when
    /// this is done, the cancel cannot hit a later request.
    ///
    /// # Errors
    /// The server could not be reached; whether it was told is then not known.
    pub(super) async fn cancel(&self, observed: &Observed) -> Result<(), Fault> {
        let (process, secret) = observed.key();
        let progress = Progress::new();
        let (host, encrypted) = (&self.server.host, self.server.tls.is_some());
        let ready = reopen(&self.options, self.settings.as_deref(), host, &self.way, encrypted, &progress)
            .await
            .map_err(|fault| fault.in_step(Step::Clean))?;
        let mut stream = ready.transport;
        let broke = |error| from_io(error, Step::Clean, "the cancel request could not be sent");
        stream.write_all(&steadfast_wire::cancel_request(process, &secret)).await.map_err(broke)?;
        stream.flush().await.map_err(broke)?;
        // The server answers nothing and closes; under TLS it may do so without a goodbye.
        let mut nothing = [0; 16];
        while let Ok(1..) = stream.read(&mut nothing).await {}
        Ok(())
    }
}
