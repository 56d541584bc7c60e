//! The thread that hears the master.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

use rustix::process::{Signal, getpid, kill_process};

use crate::clock::{Duration, now};
use crate::frame::Decoder;
use crate::message::Down;
use crate::worker::Order;
use crate::worker::shared::{Known, Shared};

/// For the log of an orphan that ends itself.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What an orphan gets beyond its time to drain.
const MARGIN: Duration = Duration::from_secs(2);

pub(super) fn start(shared: Arc<Shared>, stream: UnixStream, decoder: Decoder) -> io::Result<()> {
    let thread = thread::Builder::new().name("supervisor-in".to_owned());
    thread.spawn(move || run(&shared, stream, decoder)).map(drop)
}

fn run(shared: &Shared, mut stream: UnixStream, mut decoder: Decoder) {
    let mut buffer = [0; 16 * 1024];
    loop {
        loop {
            match decoder.next::<Down>() {
                Ok(Some(message)) => obey(shared, message),
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "the master cannot be understood");
                    return be_orphaned(shared);
                }
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) => return be_orphaned(shared),
            Ok(count) => decoder.push(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return be_orphaned(shared),
        }
    }
}

fn obey(shared: &Shared, message: Down) {
    match message {
        Down::Retire => shared.order(Order::Retire),
        Down::Drain => shared.order(Order::Drain),
        Down::Hurry => shared.order(Order::Hurry),
        Down::Roster(roster) => {
            let mut known = shared.known.lock();
            let Known { roster: kept, blobs } = &mut *known;
            *kept = roster;
            blobs.retain(|(incarnation, _), _| kept.workers.iter().any(|w| w.incarnation == *incarnation));
            drop(known);
            shared.order(Order::Changed);
        }
        Down::Blob { incarnation, name, value } => {
            shared.known.lock().blobs.insert((incarnation, name), value);
        }
        // Neither is ever said to a worker that has been greeted.
        Down::Welcome(_) | Down::Signal { .. } => {}
    }
}

/// The master has gone, and with it the only one who would end a worker that hangs: this thread takes its place.
fn be_orphaned(shared: &Shared) {
    tracing::warn!("the master has gone; draining");
    shared.order(Order::Drain);
    let end = now() + shared.drain + MARGIN;
    loop {
        let left = end.saturating_duration_since(now());
        if left.is_zero() {
            break;
        }
        thread::park_timeout(left);
    }
    tracing::error!("an orphan that has not drained in time ends itself");
    // Whatever writes the log may do so on a thread of its own.
    thread::park_timeout(LAST_WORDS);
    let _impossible = kill_process(getpid(), Signal::KILL);
}
