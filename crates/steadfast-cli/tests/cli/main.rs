//! The program as a process. One file a command; one program, so that it is linked once.

#[cfg(test)]
mod support;

mod arguments;
#[cfg(test)]
mod deploy;
mod diagnose;
mod explain;
mod init_db;
mod serve;
