//! What a master and its workers say to each other.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::roster::Roster;

/// Raised with every change that an older program would not understand.
pub(crate) const PROTOCOL: u32 = 2;

/// The largest blob. The master keeps one of each name for each worker, and tells it to all.
pub(crate) const MAX_BLOB_BYTES: usize = 64 * 1024;
/// The most names of blobs that a worker may have.
pub(crate) const MAX_BLOBS: usize = 16;
/// The most of a dump that is told.
pub(crate) const MAX_DUMP_BYTES: usize = 128 * 1024;

/// From a worker, or a master that takes over, to the one that started it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Up {
    /// It understands the master.
    Hello { protocol: u32 },
    /// It serves.
    Ready,
    /// It ends, and needs a replacement.
    Draining,
    /// Its progress.
    Beat(Beat),
    /// Something about it that all shall know.
    Blob { name: String, value: Value },
    /// Why it is about to end.
    Failed { reason: String },
    /// What it was doing when it got SIGABRT.
    Dump { text: String },
}

/// From a master to a worker, or to the master that takes over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Down {
    /// The first message; the listeners come with it.
    Welcome(Welcome),
    /// Leave the listener to the others, at once, and finish what is in flight.
    Retire,
    /// The whole service ends: say so, and finish what is in flight.
    Drain,
    /// Drop what is in flight.
    Hurry,
    /// All workers, without their blobs.
    Roster(Roster),
    /// A blob of a worker.
    Blob { incarnation: u64, name: String, value: Value },
    /// A porter got this signal.
    Signal { number: i32 },
}

/// Who a child is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) protocol: u32,
    /// Its place; 0 for a master.
    pub(crate) number: usize,
    pub(crate) incarnation: u64,
    /// How many there shall be.
    pub(crate) workers: usize,
    pub(crate) tag: String,
    /// What the tags of all workers of this master contain.
    pub(crate) master: String,
    pub(crate) listeners: usize,
    /// How often to send a beat.
    pub(crate) beat_ms: u64,
    /// How long a worker may take to end once its master has gone.
    pub(crate) drain_ms: u64,
}

/// The progress of a worker, as a plain thread in it sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beat {
    /// How often the task inside the runtime has run; none while there is no runtime.
    pub(crate) beats: Option<u64>,
    /// For each thread of the runtime.
    pub(crate) threads: Vec<Progress>,
}

/// The progress of one thread of a runtime.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// It waits for something to do.
    pub(crate) parked: bool,
    /// A number that changes when it gets on.
    pub(crate) done: u64,
}
