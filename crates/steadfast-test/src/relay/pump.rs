//! One direction of one connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::armed::{Position, Verdict};
use super::fault::{Direction, Ending};
use super::framer::Framer;
use super::link::Link;

/// Read at a time. Together with [`UNDER_WAY`] it bounds what a slow path holds: 1 MiB a direction.
const CHUNK: usize = 16 * 1024;
/// Chunks that may be under way at once.
const UNDER_WAY: usize = 64;
/// A narrow path passes bytes on so many times a second.
const SLICES_PER_SECOND: u64 = 50;

/// How a direction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PumpEnd {
    /// The end of the stream was passed on, or was lost on a silent path. The other direction goes on.
    Finished,
    /// One of the two sockets broke.
    Broken,
    /// An armed cut fired.
    Cut(Ending),
}

/// What is under way.
struct Packet {
    due: Instant,
    bytes: Vec<u8>,
    then: Option<PumpEnd>,
}

/// Moves bytes until one side ends.
pub(super) async fn pump(
    link: &Arc<Link>,
    direction: Direction,
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
) -> PumpEnd {
    let (sender, receiver) = mpsc::channel(UNDER_WAY);
    let ((), end) = tokio::join!(read(link, direction, from, sender), write(link, to, receiver));
    end
}

async fn read(
    link: &Arc<Link>,
    direction: Direction,
    mut from: ReadHalf<'_>,
    under_way: mpsc::Sender<Packet>,
) {
    let mut framer = Framer::new(direction);
    let mut position = Position::of(link.number());
    let mut last_due = Instant::now();
    let mut buffer = vec![0; CHUNK];
    loop {
        link.until_flowing().await;
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            () = link.until_stalled() => continue,
        };
        let mut packet = match read {
            Ok(0) => Packet { due: last_due, bytes: framer.finish(), then: Some(PumpEnd::Finished) },
            Ok(length) => {
                let chunk = buffer.get(..length).unwrap_or_default();
                let (bytes, cut) = inspect(link, direction, &mut framer, &mut position, chunk);
                Packet { due: last_due, bytes, then: cut.map(PumpEnd::Cut) }
            }
            Err(_broken) => Packet { due: last_due, bytes: Vec::new(), then: Some(PumpEnd::Broken) },
        };
        if link.is_silent() {
            link.lose();
            if matches!(packet.then, Some(PumpEnd::Finished | PumpEnd::Broken)) {
                return;
            }
            continue;
        }
        // What was sent later never arrives earlier.
        last_due = last_due.max(Instant::now() + link.weather().delay());
        packet.due = last_due;
        let is_last = packet.then.is_some();
        if under_way.send(packet).await.is_err() || is_last {
            return;
        }
    }
}

fn inspect(
    link: &Arc<Link>,
    direction: Direction,
    framer: &mut Framer,
    position: &mut Position,
    chunk: &[u8],
) -> (Vec<u8>, Option<Ending>) {
    let shared = link.shared();
    link.touch();
    shared.tally.add_bytes(direction, chunk.len());
    let whole = shared.armed.looks_at_messages(direction);
    let mut batch = framer.feed(link.dialogue(), chunk, whole);
    for mark in &batch.marks {
        if let super::framer::Mark::Start { tag, .. } = mark {
            shared.tally.add_message(direction, *tag);
        }
    }
    if link.is_silent() {
        return (batch.bytes, None);
    }
    if direction == Direction::ToClient
        && let Some(ending) = link.take_lost_answer()
    {
        return (Vec::new(), Some(ending));
    }
    let ending = shared.armed.judge(direction, position, &mut batch).and_then(|(verdict, late)| {
        shared.tally.cuts_fired.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match verdict {
            Verdict::End(ending) => {
                link.keep_late(late);
                Some(ending)
            }
            Verdict::LoseAnswer(ending) => {
                link.lose_answer(ending);
                None
            }
        }
    });
    (batch.bytes, ending)
}

async fn write(link: &Arc<Link>, mut to: WriteHalf<'_>, mut under_way: mpsc::Receiver<Packet>) -> PumpEnd {
    while let Some(packet) = under_way.recv().await {
        if packet.due > Instant::now() {
            sleep_until(packet.due).await;
        }
        link.until_flowing().await;
        if link.is_silent() {
            link.lose();
            continue;
        }
        if write_slowly(link, &mut to, &packet.bytes).await.is_err() {
            return PumpEnd::Broken;
        }
        match packet.then {
            None => {}
            Some(PumpEnd::Finished) => {
                // The other side may be gone already; then its own direction reports that.
                let _gone = to.shutdown().await;
                return PumpEnd::Finished;
            }
            Some(end @ (PumpEnd::Broken | PumpEnd::Cut(_))) => return end,
        }
    }
    PumpEnd::Finished
}

async fn write_slowly(link: &Arc<Link>, to: &mut WriteHalf<'_>, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let Some(rate) = link.weather().bandwidth else {
            return to.write_all(bytes).await;
        };
        let slice = usize::try_from((rate / SLICES_PER_SECOND).max(1)).unwrap_or(usize::MAX).min(bytes.len());
        let (now, later) = bytes.split_at(slice);
        to.write_all(now).await?;
        sleep(Duration::from_secs_f64(now.len() as f64 / rate.max(1) as f64)).await;
        bytes = later;
    }
    Ok(())
}
