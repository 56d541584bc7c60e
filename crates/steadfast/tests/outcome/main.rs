//! What becomes of transactions whose COMMIT is not answered, one fear per file.
#![cfg(test)]
#![cfg(all(unix, feature = "postgres", feature = "sqlite"))]
#![expect(clippy::disallowed_methods, reason = "tests start tasks as an application would")]

mod background;
mod ghosts;
mod in_progress;
mod markers;
mod pooler;
mod recovery;
mod replication;
mod round_trips;
mod shapes;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::event::{Event, Observer};
use steadfast::outcome::XidTicket;
use steadfast::sql::TransactionOptions;
use steadfast::{Config, Database, Error, Outcome, Ticket};
use steadfast_test::{Fault, Postgres, Relay};
use tokio::time::Instant;

/// Nothing here takes longer, except when it is broken.
const SOON: Duration = Duration::from_secs(20);

const ONE: &str = "INSERT INTO numbers VALUES (1)";

#[expect(clippy::unnecessary_wraps, reason = "the form in which deadlines are given")]
fn soon() -> Option<Instant> {
    Some(Instant::now() + SOON)
}

/// A database and what happens in it.
struct Scene {
    database: Database,
    events: Arc<Events>,
}

impl Scene {
    async fn new(url: &str) -> Self {
        let scene = Self::bare(url);
        let made: Result<(), Error> = scene
            .write(async |tx| {
                tx.batch("CREATE TABLE IF NOT EXISTS numbers (n BIGINT NOT NULL); DELETE FROM numbers").await
            })
            .await;
        made.unwrap();
        scene
    }

    /// With a single connection, through this relay.
    async fn single(relay: &Relay, server: &Postgres) -> Self {
        Self::new(&format!("{}?pool_size=1&pool_max_overflow=0", relay.url_from(server))).await
    }

    /// Without a table.
    fn bare(url: &str) -> Self {
        let events = Arc::new(Events::default());
        let config = Config::from_url(url).unwrap();
        let database =
            Database::open_observed(&config, vec![Arc::clone(&events) as Arc<dyn Observer>]).unwrap();
        Self { database, events }
    }

    async fn write<T, F, Fut>(&self, work: F) -> Result<T, Error>
    where
        F: Fn(steadfast::transaction::Transaction) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, Error>> + Send,
        T: Send,
    {
        self.database.transaction(TransactionOptions::default(), soon(), work).await
    }

    async fn numbers(&self) -> Vec<i64> {
        let rows = self.database.query("SELECT n FROM numbers ORDER BY n", &[], soon()).await.unwrap();
        rows.iter().map(|row| row.at(0).unwrap()).collect()
    }

    /// Commits this SQL, and gives the ticket.
    async fn committed(&self, options: TransactionOptions, sql: &'static str) -> Ticket {
        let ticket = Mutex::new(None);
        let done: Result<(), Error> = self
            .database
            .transaction(options, soon(), async |tx| {
                tx.batch(sql).await?;
                *ticket.lock().unwrap() = tx.ticket();
                Ok(())
            })
            .await;
        done.unwrap();
        ticket.into_inner().unwrap().unwrap()
    }

    /// Writes a number over the only connection that there is, and cannot open another to ask: why that failed.
    async fn write_with_no_other_way(&self, relay: &Relay, within: Duration) -> Error {
        let result: Result<u64, Error> = self
            .database
            .transaction(TransactionOptions::default(), Some(Instant::now() + within), async |tx| {
                let stored = tx.execute(ONE, &[]).await;
                // This connection goes on.
                relay.set(Fault::Refuse).await;
                stored
            })
            .await;
        result.unwrap_err()
    }

    /// The ticket that a transaction of these statements has before its COMMIT; it is then rolled back.
    async fn ticket_of(&self, statements: &'static [&'static str]) -> Option<XidTicket> {
        let result: Result<(), Stop> = self
            .database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                for statement in statements {
                    tx.execute(statement, &[]).await?;
                }
                Err(Stop::With(tx.ticket()))
            })
            .await;
        match result.unwrap_err() {
            Stop::With(ticket) => ticket.as_ref().map(xid),
            Stop::Failed(error) => panic!("{error}"),
        }
    }
}

fn xid(ticket: &Ticket) -> XidTicket {
    let Ticket::Xid(ticket) = ticket else { panic!("a ticket of another kind: {ticket}") };
    *ticket
}

/// Ends a unit of work by a rollback, and takes something out of it.
#[derive(Debug)]
enum Stop {
    With(Option<Ticket>),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Everything that has happened.
#[derive(Debug, Default)]
struct Events(Mutex<Vec<Event>>);

impl Observer for Events {
    fn observe(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Events {
    fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.0.lock().unwrap().iter().filter(|event| wanted(event)).count()
    }

    fn outcomes(&self) -> Vec<Outcome> {
        let of = |event: &Event| {
            let Event::OutcomeResolved { outcome, .. } = event else { return None };
            Some(outcome.clone())
        };
        self.0.lock().unwrap().iter().filter_map(of).collect()
    }

    fn fenced(&self) -> usize {
        self.count(|event| matches!(event, Event::Fenced { .. }))
    }

    fn retried(&self) -> usize {
        self.count(|event| matches!(event, Event::Retried { .. }))
    }
}
