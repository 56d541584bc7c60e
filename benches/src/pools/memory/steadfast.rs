use steadfast::config::PoolOptions;
use steadfast::connector::{Alarm, Condition, Connector};
use steadfast::error::Fault;
use steadfast::pool::Pool;

use super::Use;
use crate::error::Result;
use crate::measure::Work;
use crate::pools::CONNECTIONS;

/// Opens numbers.
#[derive(Debug)]
pub struct Numbers;

impl Connector for Numbers {
    type Connection = u64;

    async fn connect(&self, _alarm: Alarm) -> std::result::Result<u64, Fault> {
        Ok(1)
    }

    async fn ping(&self, _connection: &mut u64) -> std::result::Result<(), Fault> {
        Ok(())
    }

    fn inspect(&self, connection: &u64) -> Condition {
        if std::hint::black_box(*connection) == 0 { Condition::Dirty } else { Condition::Ready }
    }

    async fn clean(&self, _connection: &mut u64) -> std::result::Result<(), Fault> {
        Ok(())
    }

    async fn close(&self, _connection: u64) {}
}

pub struct Steadfast {
    pub pool: Pool<Numbers>,
    pub usage: Use,
}

impl Steadfast {
    pub async fn new(usage: Use) -> Result<Self> {
        let mut options = PoolOptions::default();
        (options.size, options.max_overflow) = (CONNECTIONS, 0);
        // More wait here than anybody should let wait.
        options.max_waiters = 1_000_000;
        let pool = Pool::new(Numbers, options)?;
        let mut leases = Vec::new();
        for _ in 0..CONNECTIONS {
            leases.push(pool.acquire().await?);
        }
        Ok(Self { pool, usage })
    }
}

impl Work for Steadfast {
    async fn once(&self, _task: usize) {
        let lease = self.pool.acquire().await.expect("a connection");
        self.usage.act().await;
        drop(lease);
    }
}
