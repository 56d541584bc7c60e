//! The commands.

pub(crate) mod config;
pub(crate) mod diagnose;
pub(crate) mod end_backends;
pub(crate) mod explain;
pub(crate) mod init_db;
pub(crate) mod resolve;
pub(crate) mod serve;
pub(crate) mod supervise;
pub(crate) mod top;
pub(crate) mod wait;
pub(crate) mod work;
