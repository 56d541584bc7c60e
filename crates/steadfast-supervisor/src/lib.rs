//! Worker processes that share a listener, and a master that watches over them. For any Rust service.
//!
//! # Design
//!
//! **The master is plain.** It has no async runtime, no pool, no TLS, and no thread but one for the hook
//! `child_exit` if there is one. It waits in one place, `poll`, for signals, for what its workers say, and for
//! the next deadline. What it decides is decided by a pure machine (`plan`) that takes the time and gives
//! actions; the shell around it (`master`) obeys.
//!
//! **Workers are executed, not forked.** A worker is the same program with the same arguments, begun anew. So it
//! inherits neither locks nor threads nor anybody's connections. What makes it a worker is a variable in its
//! environment that names its parent, and its standard input: a socket to the master. Over that socket come the
//! listeners (`SCM_RIGHTS`), so that no descriptor is ever left open across an exec by number, nothing races with
//! a hook that starts a process of its own, and no `unsafe` is needed to believe in a number. The worker then puts
//! `/dev/null` in the place of its standard input.
//!
//! **One socket for each worker** carries everything. Up: that it is ready, that it drains, heartbeats, named
//! blobs of JSON, the dump of a stuck worker. Down: orders, and what is known of all the others (the
//! [`Roster`]), so that any worker can answer for all of them. The kernel closes it however a process ends: a
//! worker that reads the end of it drains and ends, whatever became of its master. On Linux the kernel wakes a stopped
//! one for that (`PR_SET_PDEATHSIG` with SIGCONT).
//!
//! **Heartbeats prove progress.** A task inside the runtime beats, and a plain thread beside it sends what it
//! finds: the beat, and for each thread of the runtime whether it is parked and how much it has done. A thread that
//! is neither parked nor getting on is blocked; a runtime whose beat stands still is stuck; a process from which
//! nothing comes is stopped. A request that merely waits blocks nothing and counts as nothing. At half of
//! [`Options::timeout`] there is a warning; at the timeout SIGABRT, and SIGCONT, because a stopped process gets
//! no other signal. The worker's signal thread, which waits on nothing but that signal, then says what the worker was
//! doing, and [`GRACE`](Options::abort_grace) later comes SIGKILL. A stopped worker that is woken for that runs on with
//! all of its threads, so its licence to take clients ([`WorkerHandle::may_accept`]) is revoked before.
//!
//! **The dead leave connections behind.** A server goes on with the query of a client that was killed. Each worker
//! has a tag that no other ever has ([`Worker::tag`]), to be shown to servers (`application_name`), and after a
//! death the master starts a short-lived process that ends what bears the tag
//! ([`Supervisor::clean_up_with`]). The master itself talks to nobody.
//!
//! **Replacing the program** (SIGUSR2) starts a second master from the file on disk. It gets the listeners the same
//! way and becomes ready with workers of its own before the first one drains. The first process stays
//! behind as a porter: it keeps the process id that systemd, a container or a shell knows, passes signals on, and
//! ends as its successor ends.
//!
//! # Processes, hooks and signals
//!
//! See [`Hooks`] for where and when each hook runs and what it may do. The master's signals: TERM, INT and QUIT
//! drain, a second one hurries; HUP replaces the workers one by one; TTIN and TTOU change their number; USR2 replaces
//! the program. A worker takes TERM and INT for "drain", and only its master can hurry it: a signal to the whole group
//! (Ctrl-C, systemd) reaches workers twice.
//!
//! # Example
//!
//! ```no_run
//! use std::process::ExitCode;
//! use steadfast_supervisor::{Hooks, Options, Role, Supervisor, role};
//!
//! fn main() -> ExitCode {
//!     match role() {
//!         Ok(Role::Master(mut start)) => {
//!             let address = ([127, 0, 0, 1], 8000).into();
//!             if let Err(error) = start.listen(address, 1024) {
//!                 eprintln!("{error}");
//!                 return ExitCode::FAILURE;
//!             }
//!             Supervisor::new(start, Options::default()).run()
//!         }
//!         Ok(Role::Worker(worker)) => worker.run(&Hooks::default(), |worker| {
//!             let listener = worker.listeners().remove(0);
//!             worker.handle().ready();
//!             for stream in listener.incoming() {
//!                 drop(stream); // serve it
//!             }
//!             ExitCode::SUCCESS
//!         }),
//!         Err(error) => {
//!             eprintln!("{error}");
//!             ExitCode::FAILURE
//!         }
//!     }
//! }
//! ```
//!
//! The modules are listed in layer order: a module names only what stands above it.

#![cfg(unix)]

mod clock;
mod environment;
mod error;
mod options;
mod systemd;
mod tag;
mod roster;
mod message;
mod frame;
mod link;
mod licence;
mod hooks;
mod plan;
mod worker;
mod master;
mod role;

pub use error::SupervisorError;
pub use hooks::{Death, HookError, Hooks, Identity};
pub use master::{Start, Supervisor, this_program};
pub use options::Options;
pub use role::{Role, role};
pub use roster::{Roster, Stage, WorkerView};
pub use systemd::Systemd;
pub use worker::{Order, Worker, WorkerHandle};

/// The exit code by which a worker says that its configuration cannot work (`EX_CONFIG` of `sysexits.h`). Before any
/// worker was ever ready it ends the master with the same code: another try would not help.
pub const EXIT_CONFIGURATION: u8 = 78;
