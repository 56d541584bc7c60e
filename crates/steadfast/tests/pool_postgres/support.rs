//! A pool over a private PostgreSQL, and what happens in it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::config::{BackendOptions, PoolOptions};
use steadfast::connector::{Alarm, Connector as _};
use steadfast::event::{Event, Observer};
use steadfast::pool::{Lease, Pool};
use steadfast::postgres::{PostgresConnection, PostgresConnector};
use steadfast::sql::SqlConnection as _;
use steadfast::{Config, Fault};
use steadfast_test::Postgres;
use tokio::sync::OnceCell;

/// Nothing here takes longer, except when it is broken.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// For tests that leave the server as it is.
pub(crate) static SERVER: OnceCell<Postgres> = OnceCell::const_new();

pub(crate) async fn server() -> &'static Postgres {
    SERVER.get_or_init(Postgres::start).await
}

/// What pool and connector are configured with by this URL. The name tells the sessions of one test from those
/// of others.
pub(crate) fn configured(url: &str, name: &str) -> (PostgresConnector, PoolOptions) {
    let Config { backend: BackendOptions::Postgres(mut options), pool, .. } = Config::from_url(url).unwrap()
    else {
        panic!("not a URL of PostgreSQL");
    };
    options.application_name = name.to_owned();
    (PostgresConnector::new(*options, pool.connect_timeout).unwrap(), pool)
}

/// A pool of this many connections.
pub(crate) fn pool(url: &str, name: &str, size: usize) -> Pool<PostgresConnector> {
    pool_with(url, name, |options| options.size = size).0
}

/// A pool without overflow, with changed options, and what happens in it.
pub(crate) fn pool_with(
    url: &str,
    name: &str,
    change: impl FnOnce(&mut PoolOptions),
) -> (Pool<PostgresConnector>, Arc<Events>) {
    let (connector, mut options) = configured(url, name);
    options.max_overflow = 0;
    change(&mut options);
    let events = Arc::new(Events::default());
    let observer = Arc::clone(&events) as Arc<dyn Observer>;
    (Pool::builder(connector).options(options).observer(observer).build().unwrap(), events)
}

/// A connection past every pool.
pub(crate) async fn single(url: &str, name: &str) -> Result<PostgresConnection, Fault> {
    configured(url, name).0.connect(Alarm::silent()).await
}

/// Everything that has happened.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Vec<Event>>);

impl Observer for Events {
    fn observe(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Events {
    pub(crate) fn any(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.count(wanted) > 0
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.0.lock().unwrap().iter().filter(|event| wanted(event)).count()
    }
}

/// The backend's process id.
pub(crate) fn backend(lease: &Lease<PostgresConnector>) -> u32 {
    lease.server().process
}

/// Takes this many leases.
pub(crate) async fn take(pool: &Pool<PostgresConnector>, number: usize) -> Vec<Lease<PostgresConnector>> {
    let mut leases = Vec::new();
    for _ in 0..number {
        leases.push(pool.acquire().await.unwrap());
    }
    leases
}

/// A single text that a statement gives.
pub(crate) async fn text(connection: &mut PostgresConnection, sql: &str) -> String {
    connection.query(sql, &[]).await.unwrap()[0].at(0).unwrap()
}
