//! A service on a port of its own, a client that hides nothing, and the published document as the judge.

pub(crate) mod client;
pub(crate) mod document;

use std::net::SocketAddr;

use axum::Router;
use steadfast::config::Config;
use steadfast::time::{Duration, Instant, sleep};
use steadfast::{Database, tasks};
use steadfast_service::{App, Listening, Phase, Settings, Shutdown};
use tokio::task::JoinHandle;

pub(crate) use client::{Answer, Client};

/// A running service.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) app: App,
    pub(crate) shutdown: Shutdown,
    pub(crate) running: JoinHandle<()>,
}

impl Service {
    /// One on a fresh database in memory, with these settings, once it serves.
    pub(crate) async fn start(settings: impl FnOnce(&mut Settings)) -> Self {
        Self::start_with(settings, Router::new()).await
    }

    /// The same with further routes.
    pub(crate) async fn start_with(settings: impl FnOnce(&mut Settings), outside: Router) -> Self {
        let service = Self::launch(&Config::sqlite_memory(), settings, outside);
        let app = service.app.clone();
        within("the service serves", || app.lifecycle().phase() == Phase::Serving).await;
        service
    }

    /// One on a database that nobody will ever reach: the port is bound by nobody, and reserved.
    pub(crate) async fn start_without_database(settings: impl FnOnce(&mut Settings)) -> Self {
        Self::launch(
            &Config::from_url("postgres://app:hunter2@127.0.0.1:1/app").unwrap(),
            settings,
            Router::new(),
        )
    }

    pub(crate) fn launch(config: &Config, change: impl FnOnce(&mut Settings), outside: Router) -> Self {
        let mut settings = Settings::default();
        settings.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        change(&mut settings);
        let database = Database::open(config).unwrap();
        let listening = Listening::bind(App::new(settings, database)).unwrap();
        let (address, app, shutdown) = (listening.address(), listening.app().clone(), listening.shutdown());
        let running = tasks::spawn("service under test", listening.run(outside));
        Self { address, app, shutdown, running }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Ends it in good order.
    pub(crate) async fn end(self) {
        self.shutdown.ask();
        steadfast::time::timeout(Duration::from_secs(10), self.running).await.expect("it ends").unwrap();
    }
}

/// Waits for a condition, and says which one never came.
pub(crate) async fn within(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 10 s: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}
