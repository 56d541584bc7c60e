use mobc::{Manager, Pool, async_trait};

use super::Use;
use crate::error::Result;
use crate::measure::Work;
use crate::pools::CONNECTIONS;

pub struct Numbers;

#[async_trait]
impl Manager for Numbers {
    type Connection = u64;
    type Error = std::convert::Infallible;

    async fn connect(&self) -> std::result::Result<u64, Self::Error> {
        Ok(1)
    }

    async fn check(&self, connection: u64) -> std::result::Result<u64, Self::Error> {
        Ok(connection)
    }
}

pub struct Mobc {
    pub pool: Pool<Numbers>,
    usage: Use,
}

impl Mobc {
    pub async fn new(usage: Use) -> Result<Self> {
        let size = CONNECTIONS as u64;
        let pool = Pool::builder().max_open(size).max_idle(size).test_on_check_out(false).build(Numbers);
        let mut leases = Vec::new();
        for _ in 0..CONNECTIONS {
            leases.push(pool.get().await?);
        }
        Ok(Self { pool, usage })
    }
}

impl Work for Mobc {
    async fn once(&self, _task: usize) {
        let lease = self.pool.get().await.expect("a connection");
        self.usage.act().await;
        drop(lease);
    }
}
