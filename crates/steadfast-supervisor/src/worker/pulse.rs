//! The thread that speaks to the master: heartbeats, and whatever else there is to say.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use crate::clock::now;
use crate::message::Up;
use crate::worker::shared::Shared;

pub(super) fn start(shared: Arc<Shared>) -> io::Result<()> {
    shared.send_now(&Up::Beat(shared.sample()));
    thread::Builder::new().name("supervisor-out".to_owned()).spawn(move || run(&shared)).map(drop)
}

fn run(shared: &Shared) {
    let mut next = now();
    loop {
        // One that was aborted and hangs in its hook makes no progress, whoever has sent the signal.
        if shared.aborted.load(Ordering::SeqCst) {
            return;
        }
        let messages = {
            let mut outbox = shared.outbox.lock();
            if outbox.urgent.is_empty() && outbox.blobs.is_empty() {
                shared.wake.wait_until(&mut outbox, next);
            }
            let mut messages = std::mem::take(&mut outbox.urgent);
            let blobs = std::mem::take(&mut outbox.blobs);
            messages.extend(blobs.into_iter().map(|(name, value)| Up::Blob { name, value }));
            messages
        };
        messages.iter().for_each(|message| shared.send_now(message));
        if now() >= next {
            shared.send_now(&Up::Beat(shared.sample()));
            next = now() + shared.beat;
        }
    }
}
