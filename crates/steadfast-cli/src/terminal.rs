//! Output for people, apart from the log.

use std::io::{self, Write as _};

/// Prints the result of a command. A reader that has gone away (`| head`) is nobody to complain to.
pub(crate) fn print(text: &str) {
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Prints what went wrong, or how it goes.
pub(crate) fn complain(text: &str) {
    let mut err = io::stderr().lock();
    drop(writeln!(err, "{text}"));
}
