//! What a caller may ask of a connection. Each call drives the connection itself while it waits.

use std::pin::pin;

use steadfast_wire::TransactionStatus;

use crate::error::Fault;
use crate::outcome::Ticket;
use crate::sql::{Row, SqlConnection, TransactionOptions, Value};
use crate::verdict::Step;

use super::connection::PostgresConnection;
use super::execution::{Rows, misused};
use super::transaction::Progress;

impl SqlConnection for PostgresConnection {
    async fn begin(&mut self, options: TransactionOptions) -> Result<(), Fault> {
        self.settle(Step::Statement).await?;
        if let Some(lost) = self.refusal(Step::Statement) {
            return Err(lost);
        }
        if self.transaction != Progress::None || self.observed.status() != TransactionStatus::Idle {
            return Err(misused(
                "a transaction is open already",
                "commit or roll back before the next begins",
            ));
        }
        self.transaction = Progress::Announced(options);
        self.guarding.start(options);
        Ok(())
    }

    async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Fault> {
        let engine = self.driver.engine();
        engine.drive(pin!(self.run(sql, params, Rows::Dropped))).await.map(|answer| answer.affected)
    }

    async fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Fault> {
        let engine = self.driver.engine();
        engine.drive(pin!(self.run(sql, params, Rows::Kept))).await.map(|answer| answer.rows)
    }

    async fn read(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Fault> {
        let engine = self.driver.engine();
        engine.drive(pin!(self.run_read(sql, params))).await.map(|answer| answer.rows)
    }

    async fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        let engine = self.driver.engine();
        engine.drive(pin!(self.run_batch(sql))).await
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        let engine = self.driver.engine();
        engine.drive(pin!(self.run_commit())).await
    }

    fn ticket(&self) -> Option<Ticket> {
        let begun = matches!(self.transaction, Progress::Open { .. } | Progress::Committing);
        self.guarding.ticket().ok().flatten().filter(|_| begun)
    }

    async fn rollback(&mut self) -> Result<(), Fault> {
        let engine = self.driver.engine();
        engine.drive(pin!(self.run_rollback())).await
    }
}
