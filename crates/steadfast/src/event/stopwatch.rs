//! How long a unit of work takes, for those who measure.

use std::sync::Arc;

use super::{Ending, Measurement, Observer, Operation};
use crate::error::{AcquireError, AcquireFailure, Error, Fault};
use crate::time::Instant;
use crate::verdict::Class;

/// Runs from when it is made until it is dropped, and tells then. When nobody measures it reads no clock.
#[derive(Debug)]
pub(crate) struct Stopwatch<'a> {
    observers: &'a [Arc<dyn Observer>],
    operation: Operation,
    begun: Option<Instant>,
    ending: Ending,
}

impl<'a> Stopwatch<'a> {
    pub(crate) fn start(observers: &'a [Arc<dyn Observer>], operation: Operation) -> Self {
        let measured = observers.iter().any(|observer| observer.is_measuring());
        Self { observers, operation, begun: measured.then(Instant::now), ending: Ending::Abandoned }
    }

    /// It ended as wanted.
    pub(crate) fn done(&mut self) {
        self.ending = Ending::Done;
    }

    /// The caller's own code ended it.
    pub(crate) fn refused(&mut self) {
        self.ending = Ending::Refused;
    }

    /// It ended by this fault, unless it is tried again.
    pub(crate) fn failed(&mut self, fault: &Fault) {
        self.ending = Ending::of(fault.class(), fault.verdict());
    }

    /// There was no connection for it.
    pub(crate) fn starved(&mut self, error: &AcquireError) {
        let class = error.last_connect().map(Fault::class);
        self.ending = Ending::Failed(class.unwrap_or(match error.failure {
            AcquireFailure::TimedOut => Class::Timeout,
            AcquireFailure::QueueFull => Class::Capacity,
            AcquireFailure::Closed => Class::Unavailable,
            AcquireFailure::Permanent => Class::Permanent,
        }));
    }

    /// It ended like this.
    pub(crate) fn ended<T>(&mut self, result: &Result<T, Error>) {
        match result {
            Ok(_) => self.done(),
            Err(Error::Acquire(error)) => self.starved(error),
            Err(Error::Fault(fault)) => self.failed(fault),
            Err(Error::Config(_) | Error::Inert | Error::Column { .. } | Error::RowCount { .. }) => {
                self.refused();
            }
        }
    }
}

impl Drop for Stopwatch<'_> {
    fn drop(&mut self) {
        let Some(begun) = self.begun else { return };
        let (operation, took, ending) = (self.operation, begun.elapsed(), self.ending);
        for observer in self.observers.iter().filter(|observer| observer.is_measuring()) {
            observer.measure(&Measurement::Worked { operation, took, ending });
        }
    }
}
