//! What a handle asks of its thread, and what the thread answers.

use tokio::sync::oneshot;

use crate::error::Fault;
use crate::outcome::MarkerTicket;
use crate::sql::{Access, Row, Value};
use crate::sqlite::gate::Permit;

/// The way back from the thread.
pub(super) type Answer = oneshot::Receiver<Result<Reply, Fault>>;

/// One request. The permit to write travels with it, so that it is held for as long as the thread writes,
/// also when nobody waits for the answer any more.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) number: u64,
    pub(super) operation: Operation,
    pub(super) permit: Option<Permit>,
    pub(super) reply: oneshot::Sender<Result<Reply, Fault>>,
}

/// What to do.
#[derive(Debug)]
pub(super) enum Operation {
    /// Begin a transaction first, when one is noted; then run the statement.
    Run {
        begin: Option<Access>,
        work: Work,
    },
    /// Together with the row by which it can be found, where there is to be one.
    Commit(Option<MarkerTicket>),
    Rollback,
    Ping,
    /// Bring everything back to how it was after connecting.
    Clean,
    /// Say goodbye, close, and end the thread.
    Close,
}

/// A statement with its parameters.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) sql: String,
    pub(super) params: Vec<Value>,
    pub(super) want: Want,
}

/// What is wanted of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// The number of rows that it affected.
    Count,
    /// Its rows.
    Rows,
    /// Its rows, and that it writes nothing.
    Reading,
    /// That all statements in the text are run.
    Batch,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Reply {
    Done,
    Count(u64),
    Rows(Vec<Row>),
    /// Nothing was done: the statement writes, so the permit to write is needed first.
    NeedsPermit(Work),
}
