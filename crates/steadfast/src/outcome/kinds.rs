//! The three answers, and the reasons for the third.

use std::fmt;

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was committed, and others see what it did.
    Committed {
        /// Whether it is certain to survive a crash of the server and the loss of it: everything up to the commit is
        /// on disk, and with the synchronous standbys where the server is configured to have some. False when that
        /// could not be confirmed in time.
        durable: bool,
    },
    /// It was not committed and never will be: it may be run again.
    NotCommitted,
    /// It cannot be known. An honest answer; what was meant must be looked up by other means, or asked again.
    Unknown(Doubt),
}

impl Outcome {
    /// Whether the question is settled.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown(_))
    }

    /// One word, for metrics and machines: `committed`, `not-committed`, `unknown`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Committed { .. } => "committed",
            Self::NotCommitted => "not-committed",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Committed { durable: true } => f.write_str("committed"),
            Self::Committed { durable: false } => {
                f.write_str("committed, and not yet confirmed to survive a crash or a failover")
            }
            Self::NotCommitted => f.write_str("not committed, and it never will be"),
            Self::Unknown(doubt) => write!(f, "unknown: {doubt}"),
        }
    }
}

/// Why it cannot be known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// No primary could be reached and asked in time. May be known later.
    NotReached {
        /// What stood in the way.
        cause: String,
    },
    /// The transaction is still at it and nobody here may end it, or it was not to be ended. May be known later.
    StillRunning,
    /// It is committed on the primary, and not yet certain to survive: it waits for its synchronous standby, or for the
    /// disk. May be known later.
    AwaitsReplication,
    /// It is prepared for two-phase commit: whoever prepared it decides.
    Prepared {
        /// The name it was prepared under.
        gid: String,
    },
    /// The server has crashed or failed over since, and may have given the same transaction id to another
    /// transaction.
    Recovered,
    /// Another database cluster answers at this address.
    OtherCluster,
    /// A server answers that has fallen behind the one which ran the transaction: an old primary.
    OlderTimeline,
    /// Too old: the record of it has been removed.
    TooOld,
    /// Nothing was noted by which it could be found: the reason says why.
    NotNoted {
        /// Why.
        reason: String,
    },
}

impl Doubt {
    /// Whether asking again later can give a better answer.
    #[must_use]
    pub const fn may_clear_up(&self) -> bool {
        match self {
            Self::NotReached { .. }
            | Self::StillRunning
            | Self::AwaitsReplication
            | Self::Prepared { .. }
            | Self::OtherCluster
            | Self::OlderTimeline => true,
            Self::Recovered | Self::TooOld | Self::NotNoted { .. } => false,
        }
    }

    /// One word, for metrics and machines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotReached { .. } => "not-reached",
            Self::StillRunning => "still-running",
            Self::AwaitsReplication => "awaits-replication",
            Self::Prepared { .. } => "prepared",
            Self::Recovered => "recovered",
            Self::OtherCluster => "other-cluster",
            Self::OlderTimeline => "older-timeline",
            Self::TooOld => "too-old",
            Self::NotNoted { .. } => "not-noted",
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReached { cause } => write!(f, "no primary could be asked in time ({cause}); ask again later"),
            Self::StillRunning => f.write_str("the transaction has not ended yet; ask again later"),
            Self::AwaitsReplication => f.write_str(
                "it is committed on the primary, and a synchronous standby or the disk has not confirmed it yet; it must not be \
                 run again, ask again later",
            ),
            Self::Prepared { gid } => {
                write!(f, "it is prepared as {gid:?}: COMMIT PREPARED or ROLLBACK PREPARED decides")
            }
            Self::Recovered => f.write_str(
                "the server has recovered from a crash or a failover since, after which the same transaction id may \
                 belong to another transaction; look up what was to be stored",
            ),
            Self::OtherCluster => f.write_str("another database cluster answers; ask the one that ran it"),
            Self::OlderTimeline => {
                f.write_str("a server answers that is behind the one which ran it; ask the present primary")
            }
            Self::TooOld => f.write_str("the record of it has been removed; look up what was to be stored"),
            Self::NotNoted { reason } => {
                write!(f, "nothing was noted by which it could be found: {reason}; look up what was to be stored")
            }
        }
    }
}
