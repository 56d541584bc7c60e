//! The commands.

pub(crate) mod config;
pub(crate) mod end_backends;
pub(crate) mod init_db;
pub(crate) mod serve;
pub(crate) mod supervise;
pub(crate) mod work;
