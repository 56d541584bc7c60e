//! Why a call came to nothing.

use steadfast_wire::Report;

use crate::error::Fault;

/// Why there is no answer.
#[derive(Debug)]
pub(in crate::postgres) enum Failure {
    /// The server says why.
    Reported(Box<Report>),
    /// The connection is over.
    Over,
    /// It is our own doing, and the server knows nothing of it.
    Ours(Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Ours(fault)
    }
}
