use super::*;
use std::collections::HashMap;
use steadfast::time::Instant;
use tracing_subscriber::layer::SubscriberExt as _;

/// Writes by what it is told, which tells how it went.
struct Scripted<F>(F);

impl<F: FnMut(&[u8]) -> io::Result<usize>> Write for Scripted<F> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        (self.0)(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Does what the thread does, here, until everything is written; what it has to tell itself is logged to the same place.
fn write_all_of(log: &LogWriter, write: impl FnMut(&[u8]) -> io::Result<usize>) {
    log.0.end();
    let format = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(log.clone());
    let logs = tracing_subscriber::registry().with(format);
    tracing::subscriber::with_default(logs, || write_lines(&log.0, Scripted(write)));
}

fn unwritten() -> LogWriter {
    LogWriter(Arc::new(Queue::default()))
}

const LINE: &[u8] = b"a line\n";

/// So many of these fill it.
const FILL: usize = FULL.div_ceil(LINE.len());

#[test]
fn what_nobody_reads_is_dropped_and_counted_and_keeps_nobody() {
    let (stands, stood_still) = mpsc::channel();
    let unread = Scripted(move |_: &[u8]| {
        let _nobody_waits = stands.send(());
        loop {
            thread::park();
        }
    });
    let (log, flush) = log_writer(unread).unwrap();
    log.push(LINE);
    stood_still.recv().unwrap();
    (0..FILL + 100).for_each(|_| log.push(LINE));
    assert_eq!(log.0.waiting.lock().lines.dropped, 100);
    assert!(log.0.waiting.lock().lines.bytes.len() < FULL + LINE.len());
    let begun = Instant::now();
    drop(flush);
    assert!(begun.elapsed() < LAST * 10, "the process ends although nobody reads");
}

#[test]
fn what_is_missing_is_told_once_and_where_it_is_missing() {
    let log = unwritten();
    (0..FILL + 7).for_each(|_| log.push(LINE));
    let (mut all, mut first) = (Vec::new(), true);
    write_all_of(&log, |piece| {
        if mem::take(&mut first) {
            log.push(b"there is room again\n");
        }
        all.extend_from_slice(piece);
        Ok(piece.len())
    });
    let all = String::from_utf8(all).unwrap();
    let mut lines = all.lines().skip_while(|line| *line == "a line");
    let told = lines.next().unwrap();
    assert!(told.ends_with("lines of the log were lost here: nobody read it for a while lines=7"), "{told}");
    assert_eq!(lines.collect::<Vec<_>>(), ["there is room again"]);
    assert_eq!(all.lines().count(), FILL + 2);
}

#[test]
fn lines_that_cannot_be_written_are_told_when_they_can() {
    let log = unwritten();
    let line = [b"x".repeat(99).as_slice(), b"\n"].concat();
    let (many, kept) = (1000, AT_ONCE / line.len());
    (0..many).for_each(|_| log.push(&line));
    let (mut all, mut refusals) = (Vec::new(), 0);
    write_all_of(&log, |piece| {
        // Each of the lines that do not fit in, and then all that did.
        if refusals < many - kept + 1 {
            refusals += 1;
            log.push(b"one more\n");
            return Err(ErrorKind::StorageFull.into());
        }
        if all.is_empty() {
            log.push(b"it works again\n");
        }
        all.extend_from_slice(piece);
        Ok(piece.len())
    });
    let all = String::from_utf8(all).unwrap();
    assert_eq!(all.matches("xxx\n").count(), kept, "those that were kept are written");
    assert_eq!(all.matches("one more").count(), refusals, "so are those that came meanwhile");
    assert_eq!(all.matches("lines of the log").count(), 1);
    let told = all.lines().last().unwrap();
    let lost = many - kept;
    assert!(told.ends_with(&format!("here: they could not be written lines={lost}")), "{told}");
}

#[test]
fn a_pipe_that_refuses_for_a_while_gets_everything() {
    let log = unwritten();
    let mut lines: Vec<String> = (0..2000).map(|number| format!("{number} of many\n")).collect();
    lines.insert(1000, format!("{}\n", "a long one".repeat(2000)));
    lines.iter().for_each(|line| log.push(line.as_bytes()));
    let (mut all, mut calls) = (Vec::new(), 0);
    write_all_of(&log, |piece| {
        calls += 1;
        match calls % 3 {
            0 => Err(ErrorKind::WouldBlock.into()),
            1 => Err(ErrorKind::Interrupted.into()),
            _ => {
                // Less than all of it, too.
                let part = piece.len().div_ceil(2);
                all.extend_from_slice(&piece[..part]);
                Ok(part)
            }
        }
    });
    assert!(String::from_utf8(all).unwrap() == lines.concat(), "each once and in order");
}

#[test]
fn pieces_are_of_whole_lines_and_a_longer_line_is_one_by_itself() {
    let log = unwritten();
    let lines: Vec<Vec<u8>> = [10, 4000, 90, 1, 4096, 4095, 1, 20_000, 5, 300, 3796, 1]
        .iter()
        .map(|length| [vec![b'x'; length - 1].as_slice(), b"\n"].concat())
        .collect();
    lines.iter().for_each(|line| log.push(line));
    let mut pieces = Vec::new();
    write_all_of(&log, |piece| {
        pieces.push(piece.to_vec());
        Ok(piece.len())
    });
    assert_eq!(pieces.concat(), lines.concat());
    let lengths: Vec<usize> = pieces.iter().map(Vec::len).collect();
    assert_eq!(lengths, [4010, 91, 4096, 4096, 20_000, 305, 3797]);
    assert!(pieces.iter().all(|piece| piece.ends_with(b"\n")), "whole lines");
}

#[test]
fn lines_that_come_together_are_written_together() {
    let (write, written) = mpsc::channel();
    let counted = Scripted(move |piece: &[u8]| {
        write.send(piece.to_vec()).map_err(io::Error::other)?;
        Ok(piece.len())
    });
    let (log, flush) = log_writer(counted).unwrap();
    let line = [b"x".repeat(99).as_slice(), b"\n"].concat();
    (0..1000).for_each(|_| log.push(&line));
    drop((log, flush));
    let pieces: Vec<_> = written.into_iter().collect();
    assert_eq!(pieces.iter().map(Vec::len).sum::<usize>(), 1000 * line.len());
    assert!(pieces.len() < 500, "{} pieces", pieces.len());
}

#[test]
fn a_thread_that_is_awake_is_not_woken() {
    let log = unwritten();
    let gathered = thread::scope(|scope| {
        let gathering = scope.spawn(|| {
            let begun = Instant::now();
            log.0.gather();
            begun.elapsed()
        });
        while !gathering.is_finished() {
            log.push(LINE);
        }
        gathering.join().unwrap()
    });
    assert!(gathered >= GATHERING, "{gathered:?}");
}

#[test]
fn of_many_that_log_at_a_time_each_line_is_written_once_and_in_order() {
    let (read, write) = io::pipe().unwrap();
    let (log, flush) = log_writer(write).unwrap();
    let reader = thread::spawn(move || io::read_to_string(read).unwrap());
    thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let log = log.clone();
            scope.spawn(move || {
                (0..20_000).for_each(|number| log.push(format!("{name} {number}\n").as_bytes()))
            });
        }
    });
    drop(flush);
    let mut next = HashMap::new();
    for line in reader.join().unwrap().lines() {
        let (name, number) = line.split_once(' ').unwrap();
        let next = next.entry(name.to_owned()).or_insert(0);
        assert_eq!(number.parse(), Ok(*next), "{line}");
        *next += 1;
    }
    assert!(next.len() == 4 && next.values().all(|lines| *lines == 20_000), "{next:?}");
}

#[test]
fn what_was_said_last_is_written_before_the_process_ends() {
    let (write, written) = mpsc::channel();
    let slow = Scripted(move |piece: &[u8]| {
        thread::park_timeout(GATHERING);
        write.send(piece.to_vec()).map_err(io::Error::other)?;
        Ok(piece.len())
    });
    let (log, flush) = log_writer(slow).unwrap();
    (0..3).for_each(|_| log.push(&[b'x'; AT_ONCE]));
    log.push(b"the last\n");
    drop(flush);
    let bytes: usize = written.try_iter().map(|piece| piece.len()).sum();
    assert_eq!(bytes, 3 * AT_ONCE + 9);
    assert_eq!(written.try_recv(), Err(mpsc::TryRecvError::Disconnected), "the thread has ended");
}

#[test]
fn what_a_burst_took_is_given_back() {
    let log = unwritten();
    (0..FILL).for_each(|_| log.push(LINE));
    let mut lines = Lines::default();
    assert!(log.0.take(&mut lines));
    lines.clear();
    assert!(lines.bytes.capacity() <= KEPT, "{}", lines.bytes.capacity());
}
