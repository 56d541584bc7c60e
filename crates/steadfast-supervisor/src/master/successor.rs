//! The master that takes over (SIGUSR2).

use std::io;
use std::process::{Child, ExitStatus};

use rustix::process::Signal;

use crate::clock::{Instant, now};
use crate::environment::Mark;
use crate::link::Link;
use crate::master::child::{execute, kill};
use crate::master::program::Program;
use crate::master::start::Start;
use crate::message::{Down, Up, Welcome};

/// The master that takes over.
#[derive(Debug)]
pub(super) struct Successor {
    child: Child,
    pub(super) link: Link,
    /// It is given up at this moment, unless it is ready.
    until: Instant,
    pub(super) is_ready: bool,
    reason: Option<String>,
}

/// What has become of it.
#[derive(Debug)]
pub(super) enum Progress {
    /// Nothing new.
    Same,
    /// It serves from now on.
    TakesOver,
    /// It has not managed, and everything stays as it is.
    Failed(String),
}

impl Successor {
    pub(super) fn start(
        program: &Program,
        start: &Start,
        welcome: &Welcome,
        until: Instant,
    ) -> io::Result<Self> {
        let (child, link) = execute(program, Mark::Successor, &start.descriptors(), welcome)?;
        Ok(Self { child, link, until, is_ready: false, reason: None })
    }

    /// Hears it, and looks whether it still lives.
    pub(super) fn look(&mut self) -> Progress {
        let heard = self.link.receive::<Up>();
        for message in heard.unwrap_or_default() {
            match message {
                Up::Ready if !self.is_ready => {
                    self.is_ready = true;
                    return Progress::TakesOver;
                }
                Up::Failed { reason } => self.reason = Some(reason),
                Up::Hello { .. }
                | Up::Ready
                | Up::Draining
                | Up::Beat(_)
                | Up::Blob { .. }
                | Up::Dump { .. } => {}
            }
        }
        if self.is_ready {
            return Progress::Same;
        }
        let failed = if let Some(status) = self.poll() {
            Some(format!("it ended with {status}"))
        } else if now() >= self.until {
            Some("it was not ready in time".to_owned())
        } else {
            self.link.is_closed().then(|| "it does not speak to its predecessor".to_owned())
        };
        let Some(how) = failed else { return Progress::Same };
        // Its workers see that it has gone, and drain.
        kill(&self.child, Signal::KILL);
        let _reaped = self.child.wait();
        Progress::Failed(self.reason.take().map_or(how.clone(), |reason| format!("{how}: {reason}")))
    }

    pub(super) fn pass_on(&mut self, signal: i32) {
        self.link.send(&Down::Signal { number: signal });
    }

    pub(super) fn poll(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap_or_default()
    }

    pub(super) fn due(&self) -> Option<Instant> {
        (!self.is_ready).then_some(self.until)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}
