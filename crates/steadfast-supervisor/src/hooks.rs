//! What a program may have done at certain moments of a worker's life.

use std::fmt;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Which process it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// Its place, from 1.
    pub number: usize,
    /// Which process of its master it is; never given twice.
    pub incarnation: u64,
    /// Its name among all workers of all masters, short enough for PostgreSQL's `application_name`.
    pub tag: String,
    /// Its process id.
    pub pid: u32,
}

/// The end of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Death {
    /// Who it was.
    pub who: Identity,
    /// Its exit code, if it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Whether it had been told to end, or said that it would.
    pub expected: bool,
}

impl Death {
    /// Whether it ended by itself and well: then it has taken leave of its servers too.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.code == Some(0)
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => match signal_hook::low_level::signal_name(signal) {
                Some(name) => write!(f, "{name}"),
                None => write!(f, "signal {signal}"),
            },
            (None, None) => f.write_str("an end that the system does not explain"),
        }
    }
}

/// What a hook says when it fails.
pub type HookError = Box<dyn std::error::Error + Send + Sync>;

/// Callbacks. Whatever one does wrong cannot end the master.
///
/// | hook | process, thread | moment | limits |
/// |---|---|---|---|
/// | `post_spawn` | the worker, its main thread | before anything else, before there is a runtime | counts towards [`Options::timeout`](crate::Options::timeout): one that hangs is ended like a stuck worker. An error or a panic ends this worker with exit code 70, and the master starts another one after a pause |
/// | `worker_abort` | the worker, its signal thread | after SIGABRT, when the rest of the process may be stuck | what it writes becomes part of the dump in the master's log, at most 128 KiB of it. SIGKILL follows after [`Options::abort_grace`](crate::Options::abort_grace). It must not wait for a lock that a stuck thread may hold: use `try_lock` |
/// | `worker_exit` | the worker, a thread of its own | after the work has ended, before the process ends | five seconds, then the process ends all the same. A panic is logged. Not run when the process is killed |
/// | `child_exit` | the master, a thread of its own | after a worker has ended, whatever ended it | called for one death after the other. While a call hangs, up to 64 further deaths wait for it and more are not told; the master goes on meanwhile, and at its own end waits two seconds for it. A panic is logged (a program built with `panic = "abort"` has no such net). It must not end the process: that is its own master |
#[derive(Clone, Default)]
pub struct Hooks {
    post_spawn: Option<Arc<PostSpawn>>,
    worker_abort: Option<Arc<WorkerAbort>>,
    worker_exit: Option<Arc<WorkerExit>>,
    child_exit: Option<Arc<ChildExit>>,
}

type PostSpawn = dyn Fn(&Identity) -> Result<(), HookError> + Send + Sync;
type WorkerAbort = dyn Fn(&Identity, &mut dyn Write) + Send + Sync;
type WorkerExit = dyn Fn(&Identity) + Send + Sync;
type ChildExit = dyn Fn(&Death) + Send + Sync;

impl Hooks {
    /// Runs in a worker before anything else.
    #[must_use]
    pub fn post_spawn(
        mut self,
        hook: impl Fn(&Identity) -> Result<(), HookError> + Send + Sync + 'static,
    ) -> Self {
        self.post_spawn = Some(Arc::new(hook));
        self
    }

    /// Runs in a worker that is stuck, and adds to its dump.
    #[must_use]
    pub fn worker_abort(mut self, hook: impl Fn(&Identity, &mut dyn Write) + Send + Sync + 'static) -> Self {
        self.worker_abort = Some(Arc::new(hook));
        self
    }

    /// Runs in a worker when its work has ended.
    #[must_use]
    pub fn worker_exit(mut self, hook: impl Fn(&Identity) + Send + Sync + 'static) -> Self {
        self.worker_exit = Some(Arc::new(hook));
        self
    }

    /// Runs in the master when a worker has ended.
    #[must_use]
    pub fn child_exit(mut self, hook: impl Fn(&Death) + Send + Sync + 'static) -> Self {
        self.child_exit = Some(Arc::new(hook));
        self
    }

    pub(crate) fn run_post_spawn(&self, who: &Identity) -> Result<(), String> {
        let Some(hook) = &self.post_spawn else { return Ok(()) };
        match guarded(|| hook(who)) {
            Ok(result) => result.map_err(|error| format!("the hook post_spawn failed: {error}")),
            Err(panic) => Err(format!("the hook post_spawn panicked: {panic}")),
        }
    }

    pub(crate) fn run_worker_abort(&self, who: &Identity, dump: &mut Vec<u8>) {
        let Some(hook) = &self.worker_abort else { return };
        let mut text = Vec::new();
        if let Err(panic) = guarded(|| hook(who, &mut text)) {
            text.extend_from_slice(format!("\nthe hook worker_abort panicked: {panic}\n").as_bytes());
        }
        dump.append(&mut text);
    }

    pub(crate) fn run_worker_exit(&self, who: &Identity) {
        let Some(hook) = &self.worker_exit else { return };
        if let Err(panic) = guarded(|| hook(who)) {
            tracing::error!(panic, "the hook worker_exit panicked");
        }
    }

    pub(crate) const fn has_worker_exit(&self) -> bool {
        self.worker_exit.is_some()
    }

    pub(crate) const fn has_child_exit(&self) -> bool {
        self.child_exit.is_some()
    }

    pub(crate) fn run_child_exit(&self, death: &Death) {
        let Some(hook) = &self.child_exit else { return };
        if let Err(panic) = guarded(|| hook(death)) {
            tracing::error!(panic, "the hook child_exit panicked");
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("post_spawn", &self.post_spawn.is_some())
            .field("worker_abort", &self.worker_abort.is_some())
            .field("worker_exit", &self.worker_exit.is_some())
            .field("child_exit", &self.child_exit.is_some())
            .finish()
    }
}

/// Runs what is not ours; a panic is what it said.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Identity {
        Identity { number: 1, incarnation: 1, tag: "t".to_owned(), pid: 1 }
    }

    #[test]
    fn hooks_that_fail_or_panic_are_told_and_go_no_further() {
        let failing = Hooks::default().post_spawn(|_| Err("no licence".into()));
        assert!(failing.run_post_spawn(&who()).unwrap_err().contains("no licence"));
        let panicking = Hooks::default()
            .post_spawn(|_| panic!("one"))
            .worker_abort(|_, out| {
                out.write_all(b"half").unwrap();
                panic!("two")
            })
            .worker_exit(|_| panic!("three"))
            .child_exit(|_| panic!("four"));
        assert!(panicking.run_post_spawn(&who()).unwrap_err().contains("one"));
        let mut dump = Vec::new();
        panicking.run_worker_abort(&who(), &mut dump);
        let text = String::from_utf8(dump).unwrap();
        assert!(text.starts_with("half") && text.contains("two"), "{text}");
        panicking.run_worker_exit(&who());
        panicking.run_child_exit(&Death { who: who(), code: None, signal: Some(9), expected: false });
    }

    #[test]
    fn a_death_says_how() {
        let death = |code, signal| Death { who: who(), code, signal, expected: false }.to_string();
        assert_eq!(death(Some(3), None), "exit code 3");
        assert_eq!(death(None, Some(9)), "SIGKILL");
    }
}
