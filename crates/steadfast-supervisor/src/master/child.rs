//! One running worker.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::clock::unix_seconds;
use crate::environment::Mark;
use crate::hooks::{Death, Identity};
use crate::licence::{Licensor, licence};
use crate::link::Link;
use crate::master::program::Program;
use crate::master::start::Start;
use crate::message::{Down, MAX_BLOBS, Welcome};

/// One running worker.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) who: Identity,
    pub(super) link: Link,
    pub(super) started: u64,
    /// It understands us, and is told of the others.
    pub(super) greeted: bool,
    /// What it said of its end.
    pub(super) reason: Option<String>,
    pub(super) blobs: BTreeMap<String, Value>,
    /// It reads too slowly, and must be told all blobs again.
    pub(super) stale: bool,
    licensor: Licensor,
    child: Child,
}

/// So many messages wait for a worker before it is told no more blobs.
const MAX_WAITING: usize = 256;

impl Running {
    pub(super) fn start(program: &Program, start: &Start, welcome: &Welcome) -> io::Result<Self> {
        let (licensor, licence) = licence()?;
        let descriptors: Vec<_> = [licence.as_fd()].into_iter().chain(start.descriptors()).collect();
        let (child, link) = execute(program, Mark::Worker, &descriptors, welcome)?;
        let who = Identity {
            number: welcome.number,
            incarnation: welcome.incarnation,
            tag: welcome.tag.clone(),
            pid: child.id(),
        };
        Ok(Self {
            who,
            link,
            started: unix_seconds(),
            greeted: false,
            reason: None,
            blobs: BTreeMap::new(),
            stale: false,
            licensor,
            child,
        })
    }

    pub(super) fn tell(&mut self, message: &Down) {
        self.link.send(message);
    }

    /// Tells a blob, unless too much waits to be read already.
    pub(super) fn tell_blob(&mut self, message: &Down) {
        if self.link.waiting() < MAX_WAITING {
            self.link.send(message);
        } else {
            self.stale = true;
        }
    }

    pub(super) fn keep_blob(&mut self, name: &str, value: &Value) -> bool {
        let kept = self.blobs.len() < MAX_BLOBS || self.blobs.contains_key(name);
        if kept {
            self.blobs.insert(name.to_owned(), value.clone());
        }
        kept
    }

    /// It takes no clients any more, not even when it is woken.
    pub(super) fn revoke_licence(&self) {
        if let Err(error) = self.licensor.revoke() {
            tracing::debug!(%error, tag = self.who.tag, "the licence could not be revoked; the worker has gone");
        }
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(&self.child, signal);
    }

    /// How it ended, if it has.
    pub(super) fn poll(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap_or_default()
    }

    pub(super) fn death(&self, status: ExitStatus, expected: bool) -> Death {
        Death { who: self.who.clone(), code: status.code(), signal: status.signal(), expected }
    }
}

/// Sends a signal to a child that was not waited for yet, so that its number is still its own.
pub(super) fn kill(child: &Child, signal: Signal) {
    if let Err(error) = kill_process(Pid::from_child(child), signal) {
        tracing::debug!(%error, pid = child.id(), ?signal, "the signal could not be sent");
    }
}

/// Executes the program as a worker or as the next master, and greets it.
pub(super) fn execute(
    program: &Program,
    mark: Mark,
    descriptors: &[BorrowedFd<'_>],
    welcome: &Welcome,
) -> io::Result<(Child, Link)> {
    let (ours, theirs) = UnixStream::pair()?;
    let link = Link::new(ours)?;
    // It waits in the socket until the child reads it.
    link.greet(&Down::Welcome(welcome.clone()), descriptors)?;
    let child = program.execute(mark, &theirs)?;
    Ok((child, link))
}
