//! What systemd is told of a service, and what it hands over.

use std::fmt;
use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;
use sd_notify::NotifyState;

use crate::clock::{Duration, Instant, now};
use crate::environment::variable;

/// Tells systemd how the service is, if it asks (`Type=notify`, `WatchdogSec=`); otherwise does nothing.
///
/// A master does this by itself. It is here for programs that are a master one day and a plain process the next, under
/// the same unit.
pub struct Systemd {
    /// Where somebody listens.
    asked: Option<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    /// Between two signs of life.
    every: Option<Duration>,
    next: Option<Instant>,
    is_ready: bool,
    status: String,
}

impl Systemd {
    /// Of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        let asked = variable("NOTIFY_SOCKET").map(|_| Asked {
            // Twice in the time, as systemd advises.
            every: sd_notify::watchdog_enabled().map(|limit| limit / 2),
            ..Asked::default()
        });
        Self { asked }
    }

    /// Of a process that systemd does not know, whatever its environment says.
    pub(crate) const fn unknown() -> Self {
        Self { asked: None }
    }

    /// The listeners that systemd has made for this process (`LISTEN_FDS`), in the order of its sockets. The variables
    /// are taken out of the environment: who asks again gets none. [`Start::listen`](crate::Start::listen) asks by itself.
    ///
    /// # Errors
    /// When one of them is no TCP socket.
    pub fn listeners() -> io::Result<Vec<TcpListener>> {
        // Without a process id they may be meant for anybody.
        if variable("LISTEN_PID").is_none() {
            return Ok(Vec::new());
        }
        let mut handed_over = ListenFd::from_env();
        (0..handed_over.len()).filter_map(|index| handed_over.take_tcp_listener(index).transpose()).collect()
    }

    /// The service is there. Said once, however often it is called.
    pub fn ready(&mut self) {
        if let Some(asked) = self.asked.as_mut().filter(|asked| !asked.is_ready) {
            asked.is_ready = true;
            say(&[NotifyState::Ready]);
        }
    }

    /// The service ends.
    pub fn stopping(&mut self) {
        if self.asked.is_some() {
            say(&[NotifyState::Stopping]);
        }
    }

    /// A line for `systemctl status`. Said when it has changed.
    pub fn status(&mut self, text: &str) {
        if let Some(asked) = self.asked.as_mut().filter(|asked| asked.status != text) {
            text.clone_into(&mut asked.status);
            say(&[NotifyState::Status(text)]);
        }
    }

    /// Gives a sign of life when it is time for one, and says when to come again, if at all.
    pub fn beat(&mut self) -> Option<Duration> {
        let asked = self.asked.as_mut()?;
        let (every, at) = (asked.every?, now());
        let next = match asked.next {
            Some(next) if at < next => next,
            Some(_) | None => {
                say(&[NotifyState::Watchdog]);
                at + every
            }
        };
        asked.next = Some(next);
        Some(next.saturating_duration_since(at))
    }
}

impl fmt::Debug for Systemd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Systemd").field("is_asked", &self.asked.is_some()).finish_non_exhaustive()
    }
}

fn say(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        tracing::debug!(%error, ?what, "systemd cannot be told");
    }
}
