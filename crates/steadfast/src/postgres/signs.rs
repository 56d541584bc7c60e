//! The words in which the tap speaks of what it has seen.

use std::io;

use steadfast_wire::WireError;

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The peer closed it.
    Eof,
    /// Reading or writing failed.
    Io(io::ErrorKind, String),
    /// The bytes made no sense.
    Nonsense(WireError),
}

/// The last command that completed, as far as anybody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Commit,
    Rollback,
    Other,
}

/// Why a request is not finished although nothing is counted as in flight.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(crate) enum Unfinished {
    Pipeline = 1,
    CopyIn = 2,
    Blocked = 4,
}
