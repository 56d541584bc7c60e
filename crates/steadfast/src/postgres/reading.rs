//! One reading statement, in a transaction of its own that the server keeps read-only.

use std::sync::Arc;

use futures_util::future::{join, join3};
use steadfast_wire::TransactionStatus;

use crate::error::Fault;
use crate::sql::{TransactionOptions, Value};
use crate::verdict::Step;

use super::connection::PostgresConnection;
use super::execution::{Answer, Rows, misused};
use super::prepared::Prepared;
use super::script::Script;
use super::statements::both;
use super::transaction::Progress;

impl PostgresConnection {
    /// Reads in a transaction of its own, which the server keeps read-only.
    pub(super) async fn run_read(&mut self, sql: &str, params: &[Value]) -> Result<Answer, Fault> {
        self.settle(Step::Statement).await?;
        self.enter()?;
        if self.transaction != Progress::None || self.observed.status() != TransactionStatus::Idle {
            self.in_call = false;
            return Err(misused(
                "read() was called inside a transaction",
                "use query(), or end the transaction first",
            ));
        }
        self.transaction = Progress::Open { read_only: true };
        let known = self.cache.get(sql);
        let mut outcome = self.read_once(sql, params, known).await;
        if self.is_stale(&outcome) {
            self.cache.remove(sql);
            outcome = self.read_once(sql, params, None).await;
        }
        self.leave().await;
        self.transaction = Progress::None;
        outcome
    }

    /// Begin, statement and commit in one packet (two, when the statement must be prepared first).
    async fn read_once(
        &mut self,
        sql: &str,
        params: &[Value],
        known: Option<Arc<Prepared>>,
    ) -> Result<Answer, Fault> {
        let options = TransactionOptions::read_only();
        let known = self.still_known(known);
        let begin = self.begin_with(Some(options));
        let commit = self.send("COMMIT", Step::Statement);
        let (begun, answer, ended) = if self.cache.is_off() {
            join3(begin, self.unprepared(sql, params, Rows::Kept), commit).await
        } else if let Some(prepared) = known {
            join3(begin, self.prepared(&prepared, params, Rows::Kept), commit).await
        } else {
            let (begun, statement) = join(begin, Box::pin(self.client.prepare(sql))).await;
            match both(begun, statement.map_err(|error| self.fault(error, Step::Statement))) {
                Ok(statement) => {
                    let prepared = Prepared::new(statement, Script::of(sql));
                    let (answer, ended) = join(self.prepared(&prepared, params, Rows::Kept), commit).await;
                    self.cache.insert(sql, prepared);
                    (Ok(()), answer, ended)
                }
                Err(fault) => (Ok(()), Err(fault), self.send("ROLLBACK", Step::Statement).await),
            }
        };
        // The statement's own failure says more than what it did to the transaction around it.
        let answer = both(begun, answer)?;
        ended.map(|()| answer)
    }
}
