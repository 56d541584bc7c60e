use steadfast::config::Config;
use steadfast::pool::Pool;
use steadfast::postgres::PostgresConnector;
use steadfast::sql::SqlConnection as _;
use steadfast::{Database, params};

use super::SELECT;
use crate::error::Result;
use crate::measure::Work;
use crate::pools::CONNECTIONS;

/// A database with the defaults but for the number of connections, all of which are open.
pub async fn database(url: &str) -> Result<Database> {
    let mut config = Config::from_url(url)?;
    (config.pool.size, config.pool.max_overflow) = (CONNECTIONS, 0);
    let database = Database::open_observed(&config, Vec::new())?;
    let pool = database.postgres().ok_or("not PostgreSQL")?;
    let mut leases = Vec::new();
    for _ in 0..CONNECTIONS {
        leases.push(pool.acquire().await?);
    }
    Ok(database)
}

/// A lease, and one statement on it.
pub struct Steadfast {
    pool: Pool<PostgresConnector>,
}

impl Steadfast {
    pub async fn new(url: &str) -> Result<Self> {
        Ok(Self { pool: database(url).await?.postgres().ok_or("not PostgreSQL")?.clone() })
    }
}

impl Work for Steadfast {
    async fn once(&self, _task: usize) {
        let mut lease = self.pool.acquire().await.expect("a connection");
        lease.query(SELECT, &params![]).await.expect("a row");
    }
}

/// `Database::query`: the same in a read-only transaction and retried.
pub struct Query {
    database: Database,
}

impl Query {
    pub async fn new(url: &str) -> Result<Self> {
        Ok(Self { database: database(url).await? })
    }
}

impl Work for Query {
    async fn once(&self, _task: usize) {
        self.database.query(SELECT, &params![], None).await.expect("a row");
    }
}
