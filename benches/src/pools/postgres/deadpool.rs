use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::NoTls;

use super::SELECT;
use crate::error::Result;
use crate::measure::Work;
use crate::pools::CONNECTIONS;

/// A pool of so many connections, all of them open.
pub async fn pool(url: &str, recycling_method: RecyclingMethod, size: usize) -> Result<Pool> {
    let manager = Manager::from_config(url.parse()?, NoTls, ManagerConfig { recycling_method });
    let pool = Pool::builder(manager).max_size(size).build()?;
    let mut leases = Vec::new();
    for _ in 0..size {
        leases.push(pool.get().await?);
    }
    Ok(pool)
}

pub struct Deadpool {
    pool: Pool,
}

impl Deadpool {
    pub async fn new(url: &str, recycling: RecyclingMethod) -> Result<Self> {
        Ok(Self { pool: pool(url, recycling, CONNECTIONS).await? })
    }
}

impl Work for Deadpool {
    async fn once(&self, _task: usize) {
        let client = self.pool.get().await.expect("a connection");
        let statement = client.prepare_cached(SELECT).await.expect("a statement");
        client.query(&statement, &[]).await.expect("a row");
    }
}
