use sqlx::postgres::{PgPool, PgPoolOptions};

use super::SELECT;
use crate::error::Result;
use crate::measure::Work;
use crate::pools::CONNECTIONS;

pub struct Sqlx {
    pool: PgPool,
}

impl Sqlx {
    pub async fn new(url: &str, checked: bool) -> Result<Self> {
        let size = u32::try_from(CONNECTIONS)?;
        let options =
            PgPoolOptions::new().max_connections(size).min_connections(size).test_before_acquire(checked);
        Ok(Self { pool: options.connect(url).await? })
    }
}

impl Work for Sqlx {
    async fn once(&self, _task: usize) {
        let mut connection = self.pool.acquire().await.expect("a connection");
        sqlx::query(SELECT).fetch_all(&mut *connection).await.expect("a row");
    }
}
