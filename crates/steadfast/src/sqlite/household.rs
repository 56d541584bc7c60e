//! What all connections of a connector share, for as long as this process is the one that made it.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::process::Incarnation;
use crate::sqlite::gate::Gate;

/// Shared by the connections of one process. A fork of the process makes one of its own: the writer that the
/// parent's queue waits for does not exist there.
#[derive(Debug)]
pub(super) struct Household {
    pub(super) process: Incarnation,
    pub(super) gate: Gate,
    /// Taken by the threads of connections while they open the database, one after the other: switching a new
    /// file to WAL, by several connections at a time, ends in SQLITE_BUSY. Never taken in async code.
    pub(super) opening: Mutex<Opening>,
    /// The name under which SQLite knows the database in memory.
    pub(super) memory_name: String,
}

/// What the opening of the first connection leaves for the others.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// The file has been there. It is not created anew when it disappears: an empty database in the place of
    /// one that had data would only turn one clear error into many odd ones.
    pub(super) seen: bool,
    /// Keeps a database in memory alive while no other connection is open.
    pub(super) anchor: Option<Connection>,
}

impl Household {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            process: Incarnation::current(),
            gate: Gate::new(),
            opening: Mutex::default(),
            memory_name: uuid::Uuid::new_v4().to_string(),
        })
    }
}
