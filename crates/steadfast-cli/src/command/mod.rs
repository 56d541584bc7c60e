//! The commands.

pub(crate) mod config;
pub(crate) mod init_db;
pub(crate) mod serve;
