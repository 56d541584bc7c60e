//! A transaction with one write.

use steadfast::sql::TransactionOptions;
use steadfast::{Database, params};
use tokio::sync::Mutex;
use tokio_postgres::{Client, Statement};

use crate::error::Result;
use crate::measure::Work;
use crate::pools::postgres::{connect_raw, database};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS written (number bigint NOT NULL)";
const INSERT: &str = "INSERT INTO written (number) VALUES ($1)";

/// `Database::transaction` with its defaults: retried when that is safe, and with its outcome looked after.
pub struct Guarded {
    database: Database,
}

impl Guarded {
    pub async fn new(url: &str) -> Result<Self> {
        connect_raw(url).await?.batch_execute(TABLE).await?;
        Ok(Self { database: database(url).await? })
    }
}

impl Work for Guarded {
    async fn once(&self, _task: usize) {
        let work = async |tx: steadfast::transaction::Transaction| tx.execute(INSERT, &params![7_i64]).await;
        let work = |tx| work(tx);
        self.database.transaction(TransactionOptions::default(), None, work).await.expect("a commit");
    }
}

/// The driver's own transaction on a connection that is at hand: BEGIN, the statement, COMMIT, three round trips.
pub struct Unguarded {
    client: Mutex<(Client, Statement)>,
}

impl Unguarded {
    pub async fn new(url: &str) -> Result<Self> {
        let client = connect_raw(url).await?;
        client.batch_execute(TABLE).await?;
        let statement = client.prepare(INSERT).await?;
        Ok(Self { client: Mutex::new((client, statement)) })
    }
}

impl Work for Unguarded {
    async fn once(&self, _task: usize) {
        let mut place = self.client.lock().await;
        let (client, statement) = &mut *place;
        let transaction = client.transaction().await.expect("a transaction");
        transaction.execute(statement, &[&7_i64]).await.expect("a write");
        transaction.commit().await.expect("a commit");
    }
}

/// The same with BEGIN sent together with the statement, two round trips: the best that can be done by hand.
pub struct Pipelined {
    client: Mutex<(Client, Statement)>,
}

impl Pipelined {
    pub async fn new(url: &str) -> Result<Self> {
        let Unguarded { client } = Unguarded::new(url).await?;
        Ok(Self { client })
    }
}

impl Work for Pipelined {
    async fn once(&self, _task: usize) {
        let place = self.client.lock().await;
        let (client, statement) = &*place;
        let (begun, written) =
            futures_util::future::join(client.batch_execute("BEGIN"), client.execute(statement, &[&7_i64]))
                .await;
        begun.expect("a transaction");
        written.expect("a write");
        client.batch_execute("COMMIT").await.expect("a commit");
    }
}
