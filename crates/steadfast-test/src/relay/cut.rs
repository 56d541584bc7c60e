//! Cuts that wait for their moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault::{Direction, Ending};
use super::framer::{Batch, Mark};

/// A cut that is made when a certain byte or message comes by. [`Relay::arm`](super::Relay::arm) arms it.
///
/// It fires once, on the first connection where its moment comes, unless [`times`](Self::times) says otherwise.
///
/// ```
/// use steadfast_test::{Cut, Direction, Ending};
///
/// // The server commits, and the client never learns it.
/// let lost_answer = Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Rst);
/// // The server never sees the COMMIT.
/// let lost_commit = Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT");
/// # let _ = (lost_answer, lost_commit);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a cut does nothing before it is armed"]
pub struct Cut {
    direction: Direction,
    moment: Moment,
    ending: Ending,
    times: u64,
}

#[derive(Debug, Clone)]
enum Moment {
    /// So many bytes of this direction of a connection were forwarded.
    Byte(u64),
    /// A message comes by.
    Message { tag: u8, text: Option<Vec<u8>>, after: bool },
}

impl Cut {
    /// When exactly `bytes` bytes of a connection were forwarded in this direction and the next one, or the
    /// last of them, arrives. Connections that are beyond it are left alone.
    pub fn at_byte(direction: Direction, bytes: u64) -> Self {
        Self { direction, moment: Moment::Byte(bytes), ending: Ending::Fin, times: 1 }
    }

    /// Before a PostgreSQL message with this tag is forwarded, such as `b'Q'` or `b'P'` from a client, `b'C'`
    /// or `b'Z'` from a server. Under TLS messages cannot be seen.
    pub fn on_message(direction: Direction, tag: u8) -> Self {
        let moment = Moment::Message { tag, text: None, after: false };
        Self { direction, moment, ending: Ending::Fin, times: 1 }
    }

    /// Only messages whose content holds this text, in capital letters or small ones.
    pub fn with_text(mut self, wanted: &str) -> Self {
        if let Moment::Message { text, .. } = &mut self.moment {
            *text = Some(wanted.to_ascii_lowercase().into_bytes());
        }
        self
    }

    /// Just after the message was forwarded, instead of before.
    pub fn after(mut self) -> Self {
        if let Moment::Message { after, .. } = &mut self.moment {
            *after = true;
        }
        self
    }

    /// How the connection ends. Default [`Ending::Fin`].
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// How often it fires before it is used up. Default 1; `u64::MAX` for always.
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }
}

/// The cuts that are armed, and how many have fired.
#[derive(Debug, Default)]
pub(super) struct Armed {
    cuts: Mutex<Vec<Cut>>,
    /// How many of them look at messages, by direction; read without the lock for each chunk.
    on_messages: [AtomicU64; 2],
}

/// Where in one direction of a connection we are.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// Bytes forwarded so far.
    passed: u64,
    /// A message that was recognised goes on in the next batch, and the cut comes at its end.
    at_end_of_message: Option<Ending>,
}

impl Armed {
    pub(super) fn add(&self, cut: Cut) {
        let mut cuts = self.cuts();
        cuts.push(cut);
        self.recount(&cuts);
    }

    pub(super) fn clear(&self) {
        let mut cuts = self.cuts();
        cuts.clear();
        self.recount(&cuts);
    }

    /// Whether messages of this direction have to be whole to be judged.
    pub(super) fn looks_at_messages(&self, direction: Direction) -> bool {
        self.on_messages.get(direction.index()).is_some_and(|count| count.load(Ordering::Acquire) > 0)
    }

    /// Shortens the batch to what may still pass, and tells how the connection ends after that.
    pub(super) fn judge(&self, direction: Direction, at: &mut Position, batch: &mut Batch) -> Option<Ending> {
        let found = self.first_cut(direction, at, batch);
        if let Some((length, _)) = found {
            batch.bytes.truncate(length);
        }
        at.passed += batch.bytes.len() as u64;
        found.map(|(_, ending)| ending)
    }

    fn first_cut(&self, direction: Direction, at: &mut Position, batch: &Batch) -> Option<(usize, Ending)> {
        let mut cuts = self.cuts();
        let mut first: Option<(usize, Ending, Option<usize>)> = None;
        if let Some(ending) = at.at_end_of_message
            && let Some(Mark::End { at: end }) = batch.marks.first()
        {
            at.at_end_of_message = None;
            first = Some((*end, ending, None));
        }
        for (index, cut) in cuts.iter_mut().enumerate().filter(|(_, cut)| cut.direction == direction) {
            let found = match &cut.moment {
                Moment::Byte(bytes) => bytes
                    .checked_sub(at.passed)
                    .and_then(|left| usize::try_from(left).ok())
                    .filter(|left| *left <= batch.bytes.len()),
                Moment::Message { tag, text, after } => {
                    match in_batch(batch, *tag, text.as_deref(), *after) {
                        Some(Found::At(place)) => Some(place),
                        Some(Found::EndsLater) => {
                            at.at_end_of_message = Some(cut.ending);
                            cut.times = cut.times.saturating_sub(1);
                            None
                        }
                        None => None,
                    }
                }
            };
            if let Some(place) = found
                && first.is_none_or(|(earlier, ..)| place < earlier)
            {
                first = Some((place, cut.ending, Some(index)));
            }
        }
        if let Some(cut) = first.and_then(|(.., index)| cuts.get_mut(index?)) {
            cut.times = cut.times.saturating_sub(1);
        }
        cuts.retain(|cut| cut.times > 0);
        self.recount(&cuts);
        first.map(|(place, ending, _)| (place, ending))
    }

    fn recount(&self, cuts: &[Cut]) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let looking =
                |cut: &&Cut| cut.direction == direction && matches!(cut.moment, Moment::Message { .. });
            if let Some(count) = self.on_messages.get(direction.index()) {
                count.store(cuts.iter().filter(looking).count() as u64, Ordering::Release);
            }
        }
    }

    fn cuts(&self) -> MutexGuard<'_, Vec<Cut>> {
        self.cuts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Found {
    At(usize),
    EndsLater,
}

/// The first message of the batch that fits, and where to cut for it.
fn in_batch(batch: &Batch, tag: u8, text: Option<&[u8]>, after: bool) -> Option<Found> {
    let mut marks = batch.marks.iter();
    while let Some(mark) = marks.next() {
        let Mark::Start { tag: here, at, text: from, until } = *mark else {
            continue;
        };
        let content = batch.bytes.get(from..until).unwrap_or_default().to_ascii_lowercase();
        let fits = here == tag && text.is_none_or(|wanted| contains(&content, wanted));
        if !fits {
            continue;
        }
        return Some(match (after, marks.next()) {
            (false, _) => Found::At(at),
            (true, Some(Mark::End { at: end })) => Found::At(*end),
            (true, Some(Mark::Start { .. }) | None) => Found::EndsLater,
        });
    }
    None
}

fn contains(content: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || content.windows(wanted.len()).any(|window| window == wanted)
}
