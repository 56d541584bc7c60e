//! What only SQLite can get wrong: files, locks of others, and the state that a connection keeps.
#![cfg(feature = "sqlite")]
#![expect(clippy::expect_used, clippy::panic, reason = "a broken rule ends its test")]

mod files;
mod locks;
mod scratch;
mod states;
