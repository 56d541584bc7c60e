//! What is known of all workers, by each of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All workers of one master, as it saw them last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Roster {
    /// The master's process id.
    pub master: u32,
    /// How many workers there shall be.
    pub wanted: usize,
    /// Whether another master, which this one is to replace, still serves.
    pub succeeding: bool,
    /// Why the master cannot keep as many workers running as it should; none: it can.
    pub degraded: Option<String>,
    /// The workers, by number; two of one number while one replaces the other.
    pub workers: Vec<WorkerView>,
}

/// One worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkerView {
    /// Its place, from 1.
    pub number: usize,
    /// Which process of this master it is; never given twice. 0 while there is none.
    pub incarnation: u64,
    /// Its name among all workers of all masters; empty while there is none.
    pub tag: String,
    /// Its process id; 0 while there is none.
    pub pid: u32,
    /// What it is doing.
    pub stage: Stage,
    /// When its process was started, in seconds since 1970; 0 while there is none.
    pub started: u64,
    /// How many processes in this place have died, other than by being told to end.
    pub deaths: u64,
    /// How the last of them died.
    pub last_death: Option<String>,
    /// What it has told of itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub blobs: BTreeMap<String, Value>,
}

/// What a worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Stage {
    /// There is none in this place at present; it is started again after a pause.
    Waiting,
    /// It is not ready yet.
    Starting,
    /// It serves.
    Ready,
    /// It makes no progress.
    Stuck,
    /// It finishes what it has and ends.
    Draining,
}

impl Roster {
    /// The processes that serve.
    pub fn ready(&self) -> impl Iterator<Item = &WorkerView> {
        self.workers.iter().filter(|worker| worker.stage == Stage::Ready)
    }
}
