//! The handle of a connection: what a caller holds while the thread works.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;

use tokio::sync::oneshot;

use crate::connector::Condition;
use crate::error::Fault;
use crate::outcome::{MarkerTicket, Ticket};
use crate::sql::{Access, Guard, Row, SqlConnection, TransactionOptions, Value};
use crate::sqlite::command::{Answer, Command, Operation, Reply, Want, Work};
use crate::sqlite::fault::{refused, refused_in_failed_transaction, rolled_back_instead, thread_ended};
use crate::sqlite::gate::{Gate, Permit};
use crate::sqlite::status::Status;
use crate::verdict::Step;

/// An open SQLite connection. Dropping it interrupts what still runs, rolls back, and ends its thread.
///
/// # Cancel safety
/// A call whose future is dropped goes on until the next call, or
/// [`clean`](crate::connector::Connector::clean), interrupts it. Inside a transaction that fails the
/// transaction. A `commit` whose future is dropped is not interrupted: it may have been applied.
pub struct SqliteConnection {
    commands: mpsc::Sender<Command>,
    status: Arc<Status>,
    gate: Gate,
    scope: Scope,
    /// The row that COMMIT is to be accompanied by, when that is how the transaction is guarded.
    marker: Option<MarkerTicket>,
    /// The answer to the last command, while it is outstanding. It is kept here rather than in the future that
    /// waits for it, so that it is not lost with that future.
    pending: Option<Answer>,
    last_number: u64,
}

/// Where the connection stands with the transaction of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// In none.
    Outside,
    /// In one that begins with the next statement.
    Noted(Access),
    /// In one that has begun.
    Inside,
    /// In one of which a call was dropped, or whose beginning failed: it can only be rolled back.
    Spoiled,
    /// COMMIT is on its way.
    Committing,
}

impl SqliteConnection {
    pub(super) fn new(
        commands: mpsc::Sender<Command>,
        status: Arc<Status>,
        gate: Gate,
        opened: Answer,
    ) -> Self {
        Self {
            commands,
            status,
            gate,
            scope: Scope::Outside,
            marker: None,
            pending: Some(opened),
            last_number: 0,
        }
    }

    /// Waits until the thread has opened the database.
    pub(super) async fn opened(&mut self) -> Result<(), Fault> {
        self.answer(Step::Startup).await.map(drop)
    }

    pub(super) fn condition(&self) -> Condition {
        if self.status.is_ended() {
            Condition::Lost(thread_ended(Step::Statement))
        } else if self.pending.is_some() || self.scope != Scope::Outside || self.is_marked() {
            Condition::Dirty
        } else {
            Condition::Ready
        }
    }

    pub(super) async fn ping(&mut self) -> Result<(), Fault> {
        self.settle().await;
        self.call(Step::Ping, Operation::Ping, None).await.map(drop)
    }

    pub(super) async fn clean(&mut self) -> Result<(), Fault> {
        self.settle().await;
        if matches!(self.scope, Scope::Inside | Scope::Spoiled) || self.is_marked() || self.status.is_ended()
        {
            self.call(Step::Clean, Operation::Clean, None).await?;
        }
        self.scope = Scope::Outside;
        Ok(())
    }

    pub(super) async fn close(mut self) {
        self.settle().await;
        drop(self.call(Step::Close, Operation::Close, None).await);
    }

    /// Adds to the fault of a COMMIT that was given up that its outcome is unknown, and with what it can be found.
    pub(crate) fn in_doubt(&self, fault: Fault) -> Fault {
        match self.marker {
            _ if self.scope != Scope::Committing => fault,
            Some(marker) => fault.with_ticket(Ticket::Marker(marker)),
            None => fault.with_unknown_outcome(),
        }
    }

    fn is_marked(&self) -> bool {
        self.status.is_open() || self.status.is_changed()
    }

    /// Runs a statement, after BEGIN when a transaction was noted.
    async fn work(&mut self, sql: &str, params: &[Value], want: Want) -> Result<Reply, Fault> {
        self.settle().await;
        let mut work = Work { sql: sql.to_owned(), params: params.to_vec(), want };
        let (mut begin, mut permit) = match self.scope {
            Scope::Spoiled => return Err(refused_in_failed_transaction()),
            Scope::Noted(Access::ReadWrite) => (Some(Access::ReadWrite), Some(self.enter().await?)),
            Scope::Noted(Access::ReadOnly) => (Some(Access::ReadOnly), None),
            Scope::Outside | Scope::Inside | Scope::Committing => (None, None),
        };
        if begin.is_some() {
            self.scope = Scope::Inside;
        }
        loop {
            match self
                .call(Step::Statement, Operation::Run { begin: begin.take(), work }, permit.take())
                .await?
            {
                Reply::NeedsPermit(again) => {
                    permit = Some(self.enter().await?);
                    work = again;
                }
                reply @ (Reply::Done | Reply::Count(_) | Reply::Rows(_)) => return Ok(reply),
            }
        }
    }

    /// Waits for the permit to write. Failing that fails the transaction that was to begin.
    async fn enter(&mut self) -> Result<Permit, Fault> {
        let entered = self.gate.enter().await;
        if entered.is_err() && self.scope != Scope::Outside {
            self.scope = Scope::Spoiled;
        }
        entered
    }

    async fn call(
        &mut self,
        step: Step,
        operation: Operation,
        permit: Option<Permit>,
    ) -> Result<Reply, Fault> {
        let (reply, answer) = oneshot::channel();
        self.last_number += 1;
        let command = Command { number: self.last_number, operation, permit, reply };
        if self.commands.send(command).is_err() {
            return Err(thread_ended(step));
        }
        self.pending = Some(answer);
        self.answer(step).await
    }

    async fn answer(&mut self, step: Step) -> Result<Reply, Fault> {
        let Some(answer) = &mut self.pending else {
            return Ok(Reply::Done);
        };
        let answered = answer.await;
        self.pending = None;
        answered.unwrap_or_else(|_gone| {
            let fault = thread_ended(step);
            Err(if step == Step::Commit { fault.with_unknown_outcome() } else { fault })
        })
    }

    /// Ends what a dropped future left behind. A transaction that this happened in can only be rolled back:
    /// whether its last statement was run, nobody knows.
    async fn settle(&mut self) {
        if self.pending.is_none() {
            return;
        }
        if self.scope == Scope::Inside {
            self.scope = Scope::Spoiled;
        }
        if self.scope != Scope::Committing {
            self.status.cancel.ask(self.last_number);
        }
        drop(self.answer(Step::Clean).await);
        if self.scope == Scope::Committing {
            self.scope = Scope::Outside;
        }
    }
}

impl SqlConnection for SqliteConnection {
    async fn begin(&mut self, options: TransactionOptions) -> Result<(), Fault> {
        self.settle().await;
        if self.scope != Scope::Outside || self.status.is_open() {
            return Err(refused(
                "a transaction was begun inside a transaction",
                "end the first with commit() or rollback(), or use SAVEPOINT",
            ));
        }
        self.scope = Scope::Noted(options.access);
        let guarded = options.access == Access::ReadWrite && options.guard == Guard::Marker;
        self.marker = guarded.then(|| MarkerTicket { token: uuid::Uuid::now_v7() });
        Ok(())
    }

    async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Fault> {
        match self.work(sql, params, Want::Count).await? {
            Reply::Count(count) => Ok(count),
            Reply::Done | Reply::Rows(_) | Reply::NeedsPermit(_) => Err(thread_confused()),
        }
    }

    async fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Fault> {
        match self.work(sql, params, Want::Rows).await? {
            Reply::Rows(rows) => Ok(rows),
            Reply::Done | Reply::Count(_) | Reply::NeedsPermit(_) => Err(thread_confused()),
        }
    }

    async fn read(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Fault> {
        self.settle().await;
        if self.scope != Scope::Outside {
            return Err(refused(
                "read() was called inside a transaction",
                "use query(), or end the transaction first",
            ));
        }
        match self.work(sql, params, Want::Reading).await? {
            Reply::Rows(rows) => Ok(rows),
            Reply::Done | Reply::Count(_) | Reply::NeedsPermit(_) => Err(thread_confused()),
        }
    }

    async fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        self.work(sql, &[], Want::Batch).await.map(drop)
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        self.settle().await;
        match self.scope {
            Scope::Noted(_) => self.scope = Scope::Outside,
            Scope::Outside | Scope::Committing if !self.status.is_open() => {}
            Scope::Spoiled => {
                self.rollback().await?;
                return Err(rolled_back_instead("a call in it was dropped, or it could not be begun"));
            }
            Scope::Outside | Scope::Inside | Scope::Committing => {
                self.scope = Scope::Committing;
                let result = self.call(Step::Commit, Operation::Commit(self.marker), None).await;
                let result = result.map_err(|fault| {
                    let in_doubt = fault.is_in_doubt() || self.status.is_ended();
                    if in_doubt { self.in_doubt(fault) } else { fault }
                });
                self.scope = Scope::Outside;
                result?;
            }
        }
        Ok(())
    }

    fn ticket(&self) -> Option<Ticket> {
        self.marker.filter(|_| matches!(self.scope, Scope::Inside | Scope::Committing)).map(Ticket::Marker)
    }

    async fn rollback(&mut self) -> Result<(), Fault> {
        self.settle().await;
        if matches!(self.scope, Scope::Inside | Scope::Spoiled) || self.status.is_open() {
            self.call(Step::Statement, Operation::Rollback, None).await?;
        }
        self.scope = Scope::Outside;
        Ok(())
    }
}

impl Drop for SqliteConnection {
    fn drop(&mut self) {
        self.status.cancel.ask_all();
    }
}

impl fmt::Debug for SqliteConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteConnection")
            .field("scope", &self.scope)
            .field("condition", &self.condition())
            .finish_non_exhaustive()
    }
}

fn thread_confused() -> Fault {
    refused(
        "bug: the thread of the connection gave another kind of answer",
        "report this defect of steadfast",
    )
}
