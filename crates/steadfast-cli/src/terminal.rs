//! Output for people, apart from the log.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Prints the result of a command. A reader that has gone away (`| head`) is nobody to complain to.
pub(crate) fn print(text: &str) {
    let _gone = !print_if_read(text);
}

/// The same; false when nobody reads any more.
pub(crate) fn print_if_read(text: &str) -> bool {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// Shows how it goes in the last line of a terminal, in the place of what stood there; an empty text takes it away.
pub(crate) fn show_progress(text: &str) {
    let mut err = io::stderr().lock();
    drop(write!(err, "\r\x1b[2K{text}").and_then(|()| err.flush()));
}

/// Prints what went wrong, or how it goes. Nobody is held up for longer than [`PATIENCE`] by a reader who has stopped to read: what a
/// command was asked to do by a deadline comes before what it says about it. What is not read by then may be lost.
pub(crate) fn complain(text: &str) {
    static NOBODY_READS: AtomicBool = AtomicBool::new(false);

    let line = format!("{text}\n");
    let (done, written) = mpsc::channel::<()>();
    let aside = line.clone();
    let writer = thread::Builder::new().name("complaint".to_owned()).spawn(move || {
        drop(io::stderr().lock().write_all(aside.as_bytes()));
        NOBODY_READS.store(false, Ordering::Relaxed);
        drop(done);
    });
    if writer.is_err() {
        // That there are no threads to be had may be what this is about.
        return drop(io::stderr().lock().write_all(line.as_bytes()));
    }
    let patience = if NOBODY_READS.load(Ordering::Relaxed) { Duration::ZERO } else { PATIENCE };
    if written.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
        NOBODY_READS.store(true, Ordering::Relaxed);
    }
}

/// Longer than anybody who reads takes for a line.
const PATIENCE: Duration = Duration::from_millis(500);
