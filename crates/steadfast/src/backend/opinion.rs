//! What is known of a connection while somebody else uses it.

#[cfg(feature = "postgres")]
use crate::postgres::Pulse;

/// A view of a lease's connection that outlasts a borrow of it.
#[derive(Debug)]
pub(crate) enum BackendPulse {
    #[cfg(feature = "postgres")]
    Postgres(Pulse),
    /// There is no path that could go silent.
    #[cfg(feature = "sqlite")]
    Local,
}

impl BackendPulse {
    /// Bytes heard so far; `None` when there is nothing to listen to.
    pub(crate) fn heard(&self) -> Option<u64> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(pulse) => Some(pulse.heard()),
            #[cfg(feature = "sqlite")]
            Self::Local => None,
        }
    }
}

/// What is heard over another connection of one that has gone quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only a path can go silent"))]
pub(crate) enum Opinion {
    /// The server does not know of any work for it.
    Deserted,
    /// It works, or cannot be asked about its work.
    AtWork,
    /// The other connection was of no use either, and is given up. Another may be.
    Silent,
    /// There was no other connection to be had, perhaps because all of them are held.
    NobodyToAsk { all_leased: bool },
}
