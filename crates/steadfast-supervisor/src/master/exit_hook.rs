//! The hook `child_exit`, on a thread of its own.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use crate::clock::{Duration, now};
use crate::hooks::{Death, Hooks};

/// Deaths that wait while the hook hangs.
const MOST: usize = 64;

/// How long the master's end waits for the hook.
const LAST: Duration = Duration::from_secs(2);

/// The thread, if there is such a hook.
#[derive(Debug, Default)]
pub(super) struct ExitHook(Option<(SyncSender<Death>, JoinHandle<()>)>);

impl ExitHook {
    pub(super) fn start(hooks: &Hooks) -> std::io::Result<Self> {
        if !hooks.has_child_exit() {
            return Ok(Self(None));
        }
        let (sender, deaths): (_, Receiver<Death>) = sync_channel(MOST);
        let hooks = hooks.clone();
        let run = move || deaths.iter().for_each(|death| hooks.run_child_exit(&death));
        let thread = thread::Builder::new().name("child_exit".to_owned()).spawn(run)?;
        Ok(Self(Some((sender, thread))))
    }

    pub(super) fn tell(&self, death: Death) {
        let Some((sender, _)) = &self.0 else { return };
        match sender.try_send(death) {
            Ok(()) => {}
            Err(TrySendError::Full(death)) => {
                tracing::error!(
                    tag = death.who.tag,
                    "the hook child_exit hangs; it is not told of this death"
                );
            }
            Err(TrySendError::Disconnected(_)) => tracing::error!("bug: the thread of child_exit has ended"),
        }
    }

    /// Lets it come to its end, within a bound.
    pub(super) fn finish(self) {
        let Some((sender, thread)) = self.0 else { return };
        drop(sender);
        let end = now() + LAST;
        while !thread.is_finished() {
            if now() >= end {
                return tracing::error!("the hook child_exit hangs; ending without it");
            }
            thread::park_timeout(Duration::from_millis(5));
        }
    }
}
