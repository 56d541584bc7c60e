//! bb8 keeps no prepared statements, so one lives beside each connection.

use bb8::{ManageConnection, Pool};
use bb8_postgres::PostgresConnectionManager;
use tokio_postgres::{Client, Error as DriverError, NoTls, Statement};

use super::SELECT;
use crate::error::Result;
use crate::measure::Work;
use crate::pools::CONNECTIONS;

struct Prepared(PostgresConnectionManager<NoTls>);

impl ManageConnection for Prepared {
    type Connection = (Client, Statement);
    type Error = DriverError;

    async fn connect(&self) -> std::result::Result<Self::Connection, DriverError> {
        let client = self.0.connect().await?;
        let statement = client.prepare(SELECT).await?;
        Ok((client, statement))
    }

    async fn is_valid(&self, (client, _): &mut Self::Connection) -> std::result::Result<(), DriverError> {
        self.0.is_valid(client).await
    }

    fn has_broken(&self, (client, _): &mut Self::Connection) -> bool {
        self.0.has_broken(client)
    }
}

pub struct Bb8 {
    pool: Pool<Prepared>,
}

impl Bb8 {
    pub async fn new(url: &str, checked: bool) -> Result<Self> {
        let manager = Prepared(PostgresConnectionManager::new_from_stringlike(url, NoTls)?);
        let size = u32::try_from(CONNECTIONS)?;
        let pool =
            Pool::builder().max_size(size).min_idle(size).test_on_check_out(checked).build(manager).await?;
        Ok(Self { pool })
    }
}

impl Work for Bb8 {
    async fn once(&self, _task: usize) {
        let lease = self.pool.get().await.expect("a connection");
        lease.0.query(&lease.1, &[]).await.expect("a row");
    }
}
