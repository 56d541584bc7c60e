//! One attempt at a unit of work: the connection it runs on, and what has happened on it.

use std::pin::pin;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::statement::Statement;
use super::vigil::watched;
use crate::backend::{Backend, BackendLease};
use crate::error::{Error, Fault};
use crate::outcome::Ticket;
use crate::sql::SqlConnection;

/// Shared by the loop that runs attempts and the handles that were given to a closure.
#[derive(Debug)]
pub(super) struct Attempt {
    /// One statement at a time; those that come meanwhile are served in order.
    turn: Semaphore,
    /// Where to ask about a statement that takes long.
    vigil: Backend,
    /// Held for moments only, never across an await: a statement takes the lease out while it runs.
    seat: Mutex<Seat>,
}

#[derive(Debug)]
struct Seat {
    lease: Option<BackendLease>,
    fault: Option<Fault>,
    cancelled: bool,
    once: bool,
    over: bool,
}

/// What an attempt leaves behind.
#[derive(Debug)]
pub(super) struct Remains {
    /// The connection; `None` when a statement still has it, which will give it back to the pool.
    pub(super) lease: Option<BackendLease>,
    /// The last fault that a statement met.
    pub(super) fault: Option<Fault>,
    /// Whether a statement's future was dropped before its end.
    pub(super) cancelled: bool,
    /// Whether the closure has done something that must not happen twice.
    pub(super) once: bool,
}

impl Attempt {
    pub(super) fn new(lease: BackendLease, vigil: Backend) -> Arc<Self> {
        let seat = Seat { lease: Some(lease), fault: None, cancelled: false, once: false, over: false };
        Arc::new(Self { turn: Semaphore::new(1), vigil, seat: Mutex::new(seat) })
    }

    /// Runs one statement on the connection.
    pub(super) async fn with<S: Statement>(&self, statement: S) -> Result<S::Output, Error> {
        let Ok(_turn) = self.turn.acquire().await else {
            return Err(Error::Inert);
        };
        let lease = self.seat.lock().lease.take();
        let Some(lease) = lease else {
            return Err(Error::Inert);
        };
        let mut borrowed = Borrowed { attempt: self, lease: Some(lease), finished: false };
        let Some(lease) = borrowed.lease.as_mut() else {
            return Err(Error::Inert);
        };
        let pulse = lease.pulse();
        let result = watched(&self.vigil, &pulse, pin!(statement.run(lease))).await;
        if let Err(fault) = &result {
            lease.judge(fault);
            self.seat.lock().fault = Some(fault.clone());
        }
        borrowed.finished = true;
        drop(borrowed);
        result.map_err(Error::from)
    }

    /// With what the outcome of this attempt can be asked for.
    pub(super) fn ticket(&self) -> Option<Ticket> {
        self.seat.lock().lease.as_ref().and_then(SqlConnection::ticket)
    }

    /// The closure is about to do something that must not happen twice.
    pub(super) fn forbid_another(&self) {
        self.seat.lock().once = true;
    }

    /// Ends the attempt: handles are inert from here on.
    pub(super) fn end(&self) -> Remains {
        self.turn.close();
        let mut seat = self.seat.lock();
        seat.over = true;
        Remains {
            lease: seat.lease.take(),
            fault: seat.fault.clone(),
            cancelled: seat.cancelled,
            once: seat.once,
        }
    }
}

/// A lease out of its seat. It returns there even when the statement's future is dropped, and then the
/// transaction cannot be committed any more: nobody knows how far the statement got.
struct Borrowed<'a> {
    attempt: &'a Attempt,
    lease: Option<BackendLease>,
    finished: bool,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let lease = self.lease.take();
        let mut seat = self.attempt.seat.lock();
        seat.cancelled |= !self.finished;
        if seat.over {
            drop(seat);
            drop(lease);
        } else {
            seat.lease = lease;
        }
    }
}
