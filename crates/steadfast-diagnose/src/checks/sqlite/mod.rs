//! SQLite: there is no path, but a file, a directory, a disk and other processes.

pub(super) mod connect;
pub(super) mod disk;
pub(super) mod file;
pub(super) mod library;
pub(super) mod locks;
pub(super) mod pool;
pub(super) mod queries;
pub(super) mod tables;
