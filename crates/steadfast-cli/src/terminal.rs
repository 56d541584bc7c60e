//! Output for people, apart from the log.

use std::io::{self, Write as _};

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

/// Prints what went wrong, or how it goes.
pub(crate) fn complain(text: &str) {
    let mut err = io::stderr().lock();
    drop(writeln!(err, "{text}"));
}
