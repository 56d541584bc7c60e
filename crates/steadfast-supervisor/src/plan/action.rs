//! What the plan wants done, and what it can be asked.

use crate::clock::Duration;
use crate::plan::pulse::Stuck;

/// What the shell shall do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start a worker. When that fails, it is [`gone`](super::Plan::gone).
    Spawn { number: usize, incarnation: u64 },
    /// Tell it to leave the listener to others and to end.
    Retire(u64),
    /// Tell it to drain: the whole service ends.
    Drain(u64),
    /// Tell it to drop what is in flight.
    Hurry(u64),
    /// Warn that it makes no progress.
    Warn { incarnation: u64, stuck: Stuck, age: Duration },
    /// Let it take no more clients; then send it SIGABRT, and SIGCONT.
    Abort { incarnation: u64, stuck: Stuck, age: Duration },
    /// Send it SIGKILL.
    Kill { incarnation: u64, why: &'static str },
    /// Say something.
    Note(Note),
    /// Everything has ended; end with this code.
    Done(u8),
}

/// What is worth a line in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    Ready {
        incarnation: u64,
        took: Duration,
    },
    LeavesByItself {
        incarnation: u64,
    },
    /// It gets on again after a warning.
    GetsOn {
        incarnation: u64,
    },
    Degraded(String),
    Recovered,
    Rolling,
    Rolled,
    RollFailed {
        number: usize,
        why: String,
    },
    Wanted(usize),
    Ending,
    Hurrying,
}

/// What somebody asks of a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// TERM, INT, QUIT.
    End,
    /// Another master has taken over: as `End`, but the listener stays open, with the other one.
    HandOver,
    /// HUP.
    Reload,
    /// TTIN.
    More,
    /// TTOU.
    Fewer,
}
