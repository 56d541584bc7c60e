//! Writing the log where it may not be read: nobody who has something to say waits for it.
//!
//! A pipe that is not read fills up, and whoever writes to it stands still: a master that no longer watches over its
//! workers, a service that no longer answers. Lines are therefore appended to a buffer, under a lock that is never held while
//! anything is written, and a thread of their own writes what is in it. When more of them wait for it than it may keep, the newest
//! are dropped, and counted.
//!
//! A thread that is woken for each line costs more than the line: of a request, eight parts in a hundred. It therefore
//! stays away for a moment when it has written, and then writes what has come together; it is woken only where it waits for a
//! first line. Two buffers take turns, so that a line costs no allocation either.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::mem;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// So many bytes may wait to be written, and as many again be in the hands of the thread: more than 10,000 lines of requests, which
/// have some 290, and more than any burst has.
const FULL: usize = 3 << 20;

/// A buffer stays as large as this, which is what a busy service writes at once. What a burst took is given back.
const KEPT: usize = 64 << 10;

/// As much is written at once. Of so many bytes the kernel makes one piece, whoever else writes to the same pipe (POSIX,
/// `PIPE_BUF`); lines of several processes stay whole.
const AT_ONCE: usize = 4096;

/// How long lines gather behind those that were written.
const GATHERING: Duration = Duration::from_millis(5);

/// How long the end of the process waits for what was said last.
const LAST: Duration = Duration::from_secs(1);

/// Takes lines, and never waits for whoever reads them.
#[derive(Debug, Clone)]
pub(crate) struct LogWriter(Arc<Queue>);

/// Writes what is left when it is dropped, if anybody reads it. To be kept until the process ends.
#[derive(Debug)]
#[must_use = "what was logged last is lost when this is dropped too early"]
pub(crate) struct Flush {
    queue: Arc<Queue>,
    /// Its other side is the thread's, and gone when that has ended.
    thread: mpsc::Receiver<()>,
}

/// A writer that never waits for `out`.
pub(crate) fn log_writer(out: impl Write + Send + 'static) -> io::Result<(LogWriter, Flush)> {
    let queue = Arc::new(Queue::default());
    let (running, thread) = mpsc::channel();
    let work = {
        let queue = Arc::clone(&queue);
        move || {
            let _running = running;
            write_lines(&queue, out);
        }
    };
    thread::Builder::new().name("log".to_owned()).spawn(work)?;
    Ok((LogWriter(Arc::clone(&queue)), Flush { queue, thread }))
}

impl LogWriter {
    /// Takes one whole line.
    pub(crate) fn push(&self, line: &[u8]) {
        self.0.push(line);
    }
}

/// For the formatter of `tracing-subscriber`, which writes each line by one call.
impl Write for &LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.queue.end();
        let _written_or_too_late = self.thread.recv_timeout(LAST);
    }
}

/// What waits for the thread.
#[derive(Debug, Default)]
struct Queue {
    /// Nobody writes or logs while it is locked.
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Lines,
    /// The thread waits until it is woken.
    asleep: bool,
    /// No more will come that must be written.
    ended: bool,
}

/// Lines, one behind the other.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    lengths: Vec<usize>,
    /// So many more came when it was full.
    dropped: usize,
}

impl Queue {
    fn push(&self, line: &[u8]) {
        let mut waiting = self.waiting.lock();
        waiting.lines.push(line);
        let asleep = mem::take(&mut waiting.asleep);
        drop(waiting);
        if asleep {
            self.wake.notify_one();
        }
    }

    /// Exchanges these lines, which have been written, for those that wait, as soon as there are any. False when there are none and none
    /// will come.
    fn take(&self, written: &mut Lines) -> bool {
        written.clear();
        let mut waiting = self.waiting.lock();
        while waiting.lines.lengths.is_empty() {
            if waiting.ended {
                return false;
            }
            waiting.asleep = true;
            self.wake.wait(&mut waiting);
            waiting.asleep = false;
        }
        mem::swap(&mut waiting.lines, written);
        true
    }

    /// Lets lines come together. The end may cut it short.
    fn gather(&self) {
        let _over = self.wake.wait_for(&mut self.waiting.lock(), GATHERING);
    }

    fn end(&self) {
        self.waiting.lock().ended = true;
        self.wake.notify_one();
    }
}

impl Lines {
    fn push(&mut self, line: &[u8]) {
        if self.bytes.len() >= FULL {
            self.dropped += 1;
            return;
        }
        self.bytes.extend_from_slice(line);
        self.lengths.push(line.len());
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.lengths.clear();
        self.lengths.shrink_to(KEPT / 64);
        self.dropped = 0;
    }
}

/// The thread: writes until nothing more will come.
fn write_lines(queue: &Queue, out: impl Write) {
    // Joins lines that fit into one piece. What it could not write it keeps, and tries again.
    let mut out = BufWriter::with_capacity(AT_ONCE, out);
    let mut lines = Lines::default();
    let (mut failed, mut fails) = (0, false);
    while queue.take(&mut lines) {
        // These stand where the others would: behind the lines that were taken. But where nothing can be written, telling of it
        // would be one more line that is lost.
        tell(&mut lines.dropped, "nobody read it for a while");
        if !fails {
            tell(&mut failed, "they could not be written");
        }
        let mut rest = lines.bytes.as_slice();
        for &length in &lines.lengths {
            let (line, after) = rest.split_at(length);
            failed += usize::from(write_line(queue, &mut out, line).is_err());
            rest = after;
        }
        fails = patiently(queue, || out.flush()).is_err();
        queue.gather();
    }
}

fn tell(lines: &mut usize, why: &str) {
    let lines = mem::take(lines);
    if lines > 0 {
        tracing::warn!(lines, "lines of the log were lost here: {why}");
    }
}

fn write_line(queue: &Queue, out: &mut impl Write, mut line: &[u8]) -> io::Result<()> {
    while !line.is_empty() {
        match patiently(queue, || out.write(line))? {
            0 => return Err(ErrorKind::WriteZero.into()),
            written => line = line.get(written..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// Whoever shares the pipe may have made it one that refuses in place of waiting: then this waits.
fn patiently<T>(queue: &Queue, mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match work() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => queue.gather(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests;
