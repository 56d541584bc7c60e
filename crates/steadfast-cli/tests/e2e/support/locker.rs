//! Somebody who locks the table, so that every statement on it waits.

use std::sync::Arc;

use steadfast_test::{Postgres, eventually};
use tokio::task::JoinSet;

use super::SOON;

/// Holds the table `users` until it is released.
#[derive(Debug)]
pub struct Locker {
    postgres: Arc<Postgres>,
    holding: JoinSet<()>,
}

impl Locker {
    /// Returns once it has the lock.
    pub async fn take(postgres: &Arc<Postgres>) -> Self {
        let mut holding = JoinSet::new();
        let server = Arc::clone(postgres);
        holding.spawn(async move {
            let sql = "SET application_name = 'locker'; LOCK TABLE users; SELECT pg_sleep(600)";
            let _ended_by_release = server.try_psql(sql).await;
        });
        let held = "SELECT count(*) FROM pg_stat_activity \
            WHERE application_name = 'locker' AND wait_event = 'PgSleep'";
        eventually("the table is locked", SOON, async || postgres.psql(held).await == "1").await;
        Self { postgres: Arc::clone(postgres), holding }
    }

    pub async fn release(mut self) {
        self.postgres.terminate_backends("locker").await;
        self.holding.join_next().await;
    }
}

/// How many statements of the service wait for a lock now.
pub async fn waiting(postgres: &Postgres) -> usize {
    waiting_as(postgres, "steadfast").await
}

/// How many of the worker with this tag do.
pub async fn waiting_as(postgres: &Postgres, tag: &str) -> usize {
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{tag}' AND wait_event_type = 'Lock'"
    );
    postgres.psql(&waiting).await.parse().unwrap()
}
