//! The program itself, to be executed again.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::environment::{MARK, Mark};

/// The program and its arguments, as this process was started.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

/// A command that executes the file that this process was made of, whatever stands in its place by now: for helpers that
/// must be of the same version.
///
/// # Errors
/// When the system does not know the file.
pub fn this_program() -> io::Result<Command> {
    let path = Path::new(MYSELF);
    Ok(if path.exists() { Command::new(path) } else { Command::new(std::env::current_exe()?) })
}

/// The file that this process was made of, even when another one has taken its place.
const MYSELF: &str = "/proc/self/exe";

impl Program {
    /// The path as it was called, where it says one: a symbolic link that points elsewhere after a deployment leads to
    /// the new program.
    pub(super) fn of_this_process() -> io::Result<Self> {
        let mut arguments = std::env::args_os();
        let called = arguments.next().map(PathBuf::from).filter(|path| path.components().count() > 1);
        let called = called.and_then(|path| std::path::absolute(path).ok()).filter(|path| path.is_file());
        let path = match called {
            Some(path) => path,
            None => std::env::current_exe()?,
        };
        Ok(Self { path, arguments: arguments.collect() })
    }

    /// Executes it with this end of a socket for its standard input. A worker whose file is gone, or half written by a
    /// deployment, is made of the file that this process was made of.
    pub(super) fn execute(&self, mark: Mark, socket: &UnixStream) -> io::Result<Child> {
        let run = |path: &Path| {
            Command::new(path)
                .args(&self.arguments)
                .env(MARK, mark.value())
                .stdin(Stdio::from(OwnedFd::from(socket.try_clone()?)))
                .spawn()
        };
        match run(&self.path) {
            Err(error) if mark == Mark::Worker && Path::new(MYSELF).exists() => {
                tracing::warn!(path = %self.path.display(), %error, "the program cannot be executed; using the old one");
                run(Path::new(MYSELF))
            }
            result => result,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
