use bb8::{ManageConnection, Pool};

use super::Use;
use crate::error::Result;
use crate::measure::Work;
use crate::pools::CONNECTIONS;

#[derive(Debug)]
pub struct Numbers;

impl ManageConnection for Numbers {
    type Connection = u64;
    type Error = std::convert::Infallible;

    async fn connect(&self) -> std::result::Result<u64, Self::Error> {
        Ok(1)
    }

    async fn is_valid(&self, _connection: &mut u64) -> std::result::Result<(), Self::Error> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut u64) -> bool {
        std::hint::black_box(*connection) == 0
    }
}

pub struct Bb8 {
    pub pool: Pool<Numbers>,
    usage: Use,
}

impl Bb8 {
    pub async fn new(usage: Use) -> Result<Self> {
        let size = u32::try_from(CONNECTIONS)?;
        let pool =
            Pool::builder().max_size(size).min_idle(size).test_on_check_out(false).build(Numbers).await?;
        Ok(Self { pool, usage })
    }
}

impl Work for Bb8 {
    async fn once(&self, _task: usize) {
        let lease = self.pool.get().await.expect("a connection");
        self.usage.act().await;
        drop(lease);
    }
}
