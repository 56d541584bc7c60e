//! Short-lived processes that clean up after the dead, so that the master need not talk to anybody.

use std::fmt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::process::Signal;

use crate::clock::{Duration, Instant};
use crate::hooks::guarded;
use crate::master::child::kill;

/// Makes the command that ends what bears these tags.
pub(super) type CleanUp = Arc<dyn Fn(&[String]) -> Option<Command> + Send + Sync>;

/// At the same time. While the database is away they all wait; one waits for many tags as well as for one.
const MOST: usize = 4;
/// Tags that wait for a helper. More have died than anybody can still care about.
const MOST_TAGS: usize = 1000;
/// A helper that has not ended by then hangs; it has its own, shorter limit.
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// Before a helper that failed is started again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often that is done for the same tags.
const TRIES: u32 = 3;

#[derive(Default)]
pub(super) struct Helpers {
    clean_up: Option<CleanUp>,
    running: Vec<Helper>,
    waiting: Vec<String>,
    /// Those of failed helpers, with their tries and the moment of the next one.
    failed: Vec<(Vec<String>, u32, Instant)>,
}

struct Helper {
    child: Child,
    tags: Vec<String>,
    tries: u32,
    until: Instant,
}

impl Helpers {
    pub(super) fn new(clean_up: Option<CleanUp>) -> Self {
        Self { clean_up, ..Self::default() }
    }

    /// This one is dead.
    pub(super) fn clean_up_after(&mut self, tag: &str, now: Instant) {
        if self.clean_up.is_none() {
            return;
        }
        if self.waiting.len() < MOST_TAGS {
            self.waiting.push(tag.to_owned());
        } else {
            tracing::error!(tag, "too many workers have died to clean up after this one");
        }
        self.start_waiting(now);
    }

    /// Looks who has ended. Another turn for those who failed.
    pub(super) fn tick(&mut self, now: Instant) {
        let mut ended = Vec::new();
        self.running.retain_mut(|helper| {
            if now >= helper.until {
                tracing::error!(
                    pid = helper.child.id(),
                    "what cleans up after dead workers hangs; killing it"
                );
                kill(&helper.child, Signal::KILL);
            }
            let status = helper.child.try_wait().unwrap_or_default();
            if let Some(status) = status.filter(|status| !status.success()) {
                ended.push((std::mem::take(&mut helper.tags), helper.tries, status));
            }
            status.is_none()
        });
        for (tags, tries, status) in ended {
            let again = tries < TRIES;
            tracing::error!(?tags, %status, again, "what cleans up after dead workers failed");
            if again {
                self.failed.push((tags, tries, now + PAUSE * tries));
            }
        }
        while self.running.len() < MOST
            && let Some(index) = self.failed.iter().position(|(_, _, at)| now >= *at)
        {
            let (tags, tries, _) = self.failed.swap_remove(index);
            self.start(tags, tries + 1, now);
        }
        self.start_waiting(now);
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let failed = self.failed.iter().map(|(_, _, at)| *at).filter(|_| self.running.len() < MOST);
        self.running.iter().map(|helper| helper.until).chain(failed).min()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty() && self.failed.is_empty()
    }

    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.running.iter().map(|helper| helper.child.id())
    }

    fn start_waiting(&mut self, now: Instant) {
        if self.running.len() < MOST && !self.waiting.is_empty() {
            let tags = std::mem::take(&mut self.waiting);
            self.start(tags, 1, now);
        }
    }

    fn start(&mut self, tags: Vec<String>, tries: u32, now: Instant) {
        let Some(clean_up) = self.clean_up.clone() else { return };
        let command = match guarded(|| clean_up(&tags)) {
            Ok(Some(command)) => command,
            Ok(None) => return,
            Err(panic) => return tracing::error!(panic, "the command that cleans up could not be made"),
        };
        let mut command = command;
        match command.stdin(Stdio::null()).spawn() {
            Ok(child) => self.running.push(Helper { child, tags, tries, until: now + LIMIT }),
            Err(error) => {
                tracing::error!(%error, ?tags, "what cleans up after dead workers cannot be started");
                if tries < TRIES {
                    self.failed.push((tags, tries, now + PAUSE * tries));
                }
            }
        }
    }
}

impl fmt::Debug for Helpers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helpers").field("running", &self.running.len()).finish_non_exhaustive()
    }
}
