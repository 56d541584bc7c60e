//! The thread that waits for signals. It is idle until one comes, holds no lock, and so can still speak when every other
//! thread is stuck.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::thread;

use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGUSR2};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::clock::Duration;
use crate::hooks::Hooks;
use crate::message::{MAX_DUMP_BYTES, Up};
use crate::worker::Order;
use crate::worker::shared::Shared;

/// How long to wait for another thread that is in the middle of a message.
const PATIENCE: Duration = Duration::from_millis(500);

/// What only the master acts upon; it may come to the whole process group.
const NOT_OURS: [i32; 4] = [SIGHUP, SIGTTIN, SIGTTOU, SIGUSR2];

pub(super) fn start(shared: Arc<Shared>, hooks: Hooks) -> io::Result<()> {
    // Inside the handler: this thread may have to wait for its turn.
    signal_hook::flag::register(SIGABRT, Arc::clone(&shared.aborted))?;
    let mut signals = Signals::new([SIGABRT, SIGTERM, SIGINT, SIGQUIT].into_iter().chain(NOT_OURS))?;
    let run = move || {
        for signal in signals.forever() {
            match signal {
                SIGABRT => abort(&shared, &hooks),
                SIGTERM | SIGINT | SIGQUIT => {
                    shared.say(Up::Draining);
                    shared.order(Order::Retire);
                }
                _ => {}
            }
        }
    };
    thread::Builder::new().name("supervisor-sig".to_owned()).spawn(run).map(drop)
}

/// Says what this process was doing, and ends it as SIGABRT does. What is ours comes first: the hook may hang.
fn abort(shared: &Shared, hooks: &Hooks) {
    let mut text = format!("SIGABRT after no progress; progress now: {:?}\n", shared.sample().threads);
    describe_threads(&mut text);
    tell(shared, text);
    let mut dump = Vec::new();
    hooks.run_worker_abort(&shared.who, &mut dump);
    if !dump.is_empty() {
        tell(shared, String::from_utf8_lossy(&dump).into_owned());
    }
    let _impossible = emulate_default_handler(SIGABRT);
}

fn tell(shared: &Shared, mut text: String) {
    let mut end = text.len().min(MAX_DUMP_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    let _nobody_hears = shared.send_within(&Up::Dump { text }, PATIENCE);
}

/// What the kernel says of each thread: its name, whether it runs or sleeps, and in which call.
fn describe_threads(text: &mut String) {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return };
    for thread in threads.flatten() {
        let read = |name: &str| std::fs::read_to_string(thread.path().join(name)).unwrap_or_default();
        let status = read("status");
        let field = |name: &str| {
            status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or("unknown")
        };
        let wait = read("wchan");
        let wait = if wait.is_empty() || wait == "0" { "no call" } else { wait.as_str() };
        // Writing to a String cannot fail.
        let _infallible = writeln!(
            text,
            "thread {} {}: {}, in {wait}",
            thread.file_name().to_string_lossy(),
            field("Name:"),
            field("State:")
        );
    }
}
