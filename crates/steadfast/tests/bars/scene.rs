//! A database with default options over a server of the test's own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::event::{Event, Observer};
use steadfast::pool::{Lease, Pool};
use steadfast::postgres::PostgresConnector;
use steadfast::sql::SqlConnection as _;
use steadfast::{Config, Database};
use steadfast_test::Postgres;
use tokio::time::{Instant, sleep};

/// Nothing here takes longer, except when it is broken.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Default options, but for what the URL says.
pub(crate) fn open(url: &str) -> (Database, Arc<Events>) {
    let events = Arc::new(Events::default());
    let config = Config::from_url(url).unwrap();
    let observers = vec![Arc::clone(&events) as Arc<dyn Observer>];
    (Database::open_observed(&config, observers).unwrap(), events)
}

pub(crate) fn pool(database: &Database) -> &Pool<PostgresConnector> {
    database.postgres().expect("a PostgreSQL database")
}

/// The backend's process id.
pub(crate) fn backend(lease: &Lease<PostgresConnector>) -> u32 {
    lease.server().process
}

/// A single text that a statement gives.
pub(crate) async fn text(lease: &mut Lease<PostgresConnector>, sql: &str) -> String {
    lease.query(sql, &[]).await.unwrap()[0].at(0).unwrap()
}

/// When the server lets clients in again, asked every two milliseconds; to be called while it does not.
pub(crate) async fn accepts_again(server: &Postgres) -> Instant {
    let deadline = Instant::now() + SOON;
    while Instant::now() < deadline {
        if server.accepts().await {
            return Instant::now();
        }
        sleep(Duration::from_millis(2)).await;
    }
    panic!("the server does not come back");
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
    pub(crate) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.0.lock().unwrap().iter().filter(|event| wanted(event)).count()
    }
}
