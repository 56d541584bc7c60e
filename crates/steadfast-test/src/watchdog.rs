//! A small shell process that ends servers and removes directories when this process is gone.
//!
//! Destructors do not run when a test is killed; and the kernel's "signal me when my parent dies" is bound to
//! a thread, while runtimes come and go with their threads. A pipe is closed in every case.

use std::io::{PipeWriter, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use tokio::process::{Child, Command};

use crate::error::Error;

const SCRIPT: &str = include_str!("watchdog.sh");

/// Cleans up when dropped, and when this process ends in any way.
#[derive(Debug)]
pub(crate) struct Watchdog {
    orders: Mutex<PipeWriter>,
    shell: Child,
}

impl Watchdog {
    /// For a server in `directory`, whose data are in `data` below it.
    pub(crate) fn of_server(directory: &Path) -> Result<Self, Error> {
        Self::start("server", directory)
    }

    /// For a process group.
    pub(crate) fn of_group() -> Result<Self, Error> {
        Self::start("group", Path::new(""))
    }

    /// For a network namespace.
    pub(crate) fn of_namespace() -> Result<Self, Error> {
        Self::start("namespace", Path::new(""))
    }

    fn start(kind: &str, directory: &Path) -> Result<Self, Error> {
        let failed = |cause| Error::system("starting the shell that cleans up after the test", cause);
        // Both ends are closed on exec: no other child of this process keeps the pipe open.
        let (reader, writer) = std::io::pipe().map_err(failed)?;
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "watchdog", kind])
            .arg(directory)
            .stdin(Stdio::from(reader))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // A group of its own: a test runner ends a test that takes too long with its whole group.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        Ok(Self { orders: Mutex::new(writer), shell })
    }

    /// Names the process that has to be ended.
    pub(crate) fn watch(&self, pid: u32) -> Result<(), Error> {
        self.order(&format!("watch {pid}\n"))
    }

    /// Names the namespace that has to be removed.
    pub(crate) fn watch_name(&self, name: &str) -> Result<(), Error> {
        self.order(&format!("watch {name}\n"))
    }

    /// The process has ended by itself; its number may belong to somebody else soon.
    pub(crate) fn forget(&self) -> Result<(), Error> {
        self.order("forget\n")
    }

    /// Cleans up now, and returns when that is done.
    pub(crate) async fn finish(self) -> Result<(), Error> {
        let Self { orders, mut shell } = self;
        drop(orders);
        shell.wait().await.map(|_| ()).map_err(|cause| Error::system("waiting for the clean-up", cause))
    }

    fn order(&self, line: &str) -> Result<(), Error> {
        self.orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(line.as_bytes())
            .map_err(|cause| Error::system("telling the shell that cleans up after the test", cause))
    }
}
