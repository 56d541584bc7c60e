//! Writing the log where it may not be read: nobody who has something to say waits for it.
//!
//! A pipe that is not read fills up, and whoever writes to it stands still: a master that no longer watches over its
//! workers, a service that no longer answers. Lines are therefore written by a thread of their own. When more of them wait
//! for it than it may keep, the newest are dropped, and counted.
//!
//! A thread that is woken for each line costs more than the line: of a request, eight parts in a hundred. It therefore
//! stays away for a moment when it has written, and then writes what has come together.

use std::io::{self, BufWriter, Write};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Lines that wait to be read: some megabytes at most, and more than any burst has.
const LINES: usize = 8192;

/// As much is written at once. Of so many bytes the kernel makes one piece, whoever else writes to the same pipe (POSIX,
/// `PIPE_BUF`); lines of several processes stay whole.
const AT_ONCE: usize = 4096;

/// How long lines gather behind those that were written.
const GATHERING: Duration = Duration::from_millis(5);

/// How long the end of the process waits for what was said last. The thread that writes has a second for it.
const LAST: Duration = Duration::from_millis(1200);

/// Writes what is left when it is dropped, if anybody reads it. To be kept until the process ends.
#[derive(Debug)]
#[must_use = "what was logged last is lost when this is dropped too early"]
pub(crate) struct Flush(Option<WorkerGuard>);

/// A writer that never waits for `out`.
pub(crate) fn log_writer(out: impl Write + Send + 'static) -> (NonBlocking, Flush) {
    let dropped = Arc::new(OnceLock::new());
    let telling =
        Telling { out: BufWriter::with_capacity(AT_ONCE, out), dropped: Arc::clone(&dropped), told: 0 };
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(LINES).thread_name("log");
    let (writer, guard) = builder.finish(telling);
    let _first = dropped.set(writer.error_counter());
    (writer, Flush(Some(guard)))
}

impl Drop for Flush {
    /// On a thread that may be left behind: where the buffer is full the guard complains on standard output, which may be the
    /// same pipe.
    fn drop(&mut self) {
        let Some(guard) = self.0.take() else { return };
        let (done, flushed) = mpsc::channel();
        let flush = move || {
            drop(guard);
            let _nobody_waits = done.send(());
        };
        if thread::Builder::new().name("log-end".to_owned()).spawn(flush).is_ok() {
            let _too_late = flushed.recv_timeout(LAST);
        }
    }
}

/// Tells how many lines are missing, once those before them are written.
struct Telling<W: Write> {
    out: BufWriter<W>,
    dropped: Arc<OnceLock<ErrorCounter>>,
    told: usize,
}

impl<W: Write> Write for Telling<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.out.write(line)
    }

    /// Comes when nothing waits any more: there is room for another line.
    fn flush(&mut self) -> io::Result<()> {
        let dropped = self.dropped.get().map_or(0, ErrorCounter::dropped_lines);
        if dropped > self.told {
            let lines = dropped - self.told;
            tracing::warn!(lines, "lines of the log were lost here: nobody read it for a while");
            self.told = dropped;
        }
        self.out.flush()?;
        #[expect(clippy::disallowed_methods, reason = "the thread is the log's own")]
        thread::sleep(GATHERING);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use steadfast::time::Instant;

    /// A pipe that nobody reads.
    struct Unread;

    impl Write for Unread {
        fn write(&mut self, _line: &[u8]) -> io::Result<usize> {
            loop {
                thread::park();
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_nobody_reads_is_dropped_and_counted_and_keeps_nobody() {
        let (mut writer, flush) = log_writer(Unread);
        let (line, kept_by_the_thread) = (b"a line\n", AT_ONCE / 7 + 1);
        for _ in 0..LINES + kept_by_the_thread + 100 {
            writer.write_all(line).unwrap();
        }
        assert!((100..=100 + kept_by_the_thread).contains(&writer.error_counter().dropped_lines()));
        let begun = Instant::now();
        drop(flush);
        assert!(begun.elapsed() < LAST * 10, "the process ends although nobody reads");
    }

    #[test]
    fn what_is_missing_is_told_once() {
        let (mut writer, flush) = log_writer(Unread);
        while writer.error_counter().dropped_lines() < 7 {
            writer.write_all(b"a line\n").unwrap();
        }
        let dropped = Arc::new(OnceLock::from(writer.error_counter()));
        let mut telling = Telling { out: BufWriter::new(io::sink()), dropped, told: 0 };
        let (read, write) = io::pipe().unwrap();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(Mutex::new(write)).finish();
        tracing::subscriber::with_default(log, || {
            telling.flush().unwrap();
            telling.flush().unwrap();
        });
        drop(flush);
        let told = io::read_to_string(read).unwrap();
        assert_eq!(told.matches("lines=7").count(), 1, "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }

    #[test]
    fn lines_that_come_together_are_written_together_and_whole() {
        /// Counts how often it is written to.
        struct Counting(mpsc::Sender<Vec<u8>>);

        impl Write for Counting {
            fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
                self.0.send(lines.to_vec()).map_err(io::Error::other)?;
                Ok(lines.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let (write, written) = mpsc::channel();
        let (mut writer, flush) = log_writer(Counting(write));
        let line = [b"x".repeat(99).as_slice(), b"\n"].concat();
        (0..1000).for_each(|_| writer.write_all(&line).unwrap());
        drop((writer, flush));
        let pieces: Vec<_> = written.into_iter().collect();
        assert_eq!(pieces.iter().map(Vec::len).sum::<usize>(), 1000 * line.len());
        assert!(pieces.iter().all(|piece| piece.len() <= AT_ONCE && piece.ends_with(b"\n")), "whole lines");
        assert!(pieces.len() < 500, "{} pieces", pieces.len());
    }

    #[test]
    fn what_was_said_last_is_written() {
        let (read, write) = io::pipe().unwrap();
        let (mut writer, flush) = log_writer(write);
        writer.write_all(b"the last\n").unwrap();
        drop((writer, flush));
        assert_eq!(io::read_to_string(read).unwrap(), "the last\n");
    }
}
