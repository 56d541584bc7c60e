use deadpool::managed::{Manager, Metrics, Pool, RecycleResult};

use super::Use;
use crate::error::Result;
use crate::measure::Work;
use crate::pools::CONNECTIONS;

#[derive(Debug)]
pub struct Numbers;

impl Manager for Numbers {
    type Type = u64;
    type Error = std::convert::Infallible;

    async fn create(&self) -> std::result::Result<u64, Self::Error> {
        Ok(1)
    }

    async fn recycle(&self, connection: &mut u64, _metrics: &Metrics) -> RecycleResult<Self::Error> {
        std::hint::black_box(connection);
        Ok(())
    }
}

pub struct Deadpool {
    pub pool: Pool<Numbers>,
    usage: Use,
}

impl Deadpool {
    pub async fn new(usage: Use) -> Result<Self> {
        let pool: Pool<Numbers> = Pool::builder(Numbers).max_size(CONNECTIONS).build()?;
        let mut leases = Vec::new();
        for _ in 0..CONNECTIONS {
            leases.push(pool.get().await?);
        }
        Ok(Self { pool, usage })
    }
}

impl Work for Deadpool {
    async fn once(&self, _task: usize) {
        let lease = self.pool.get().await.expect("a connection");
        self.usage.act().await;
        drop(lease);
    }
}
