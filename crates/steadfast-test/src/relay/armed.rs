//! The cuts that are armed, and the judgement of what comes by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cut::{Cut, Moment, Place, Wanted};
use super::fault::{Direction, Ending};
use super::framer::{Batch, Mark};

/// The cuts that are armed.
#[derive(Debug, Default)]
pub(super) struct Armed {
    cuts: Mutex<Vec<(u64, Cut)>>,
    next: AtomicU64,
    /// How many of them look at messages, by direction; read without the lock for each chunk.
    on_messages: [AtomicU64; 2],
}

/// Where in one direction of a connection we are.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// The number of the connection.
    pub(super) connection: u64,
    /// Bytes forwarded so far.
    passed: u64,
    /// A message that was recognised goes on in the next batch, and the cut comes at its end.
    at_end_of_message: Option<Verdict>,
    /// How many messages fitted a cut that waits for the nth.
    seen: Vec<(u64, u64)>,
}

/// What becomes of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It ends.
    End(Ending),
    /// It ends like this when something comes back.
    LoseAnswer(Ending),
}

/// A verdict, from which byte of the batch on it holds, and the cut that it comes from.
type Found = (usize, Verdict, Option<usize>);

impl Armed {
    pub(super) fn add(&self, cut: Cut) {
        let mut cuts = self.cuts();
        cuts.push((self.next.fetch_add(1, Ordering::Relaxed), cut));
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

    /// Shortens the batch to what may still pass; tells what becomes of the connection after that, and gives the
    /// message, if there is one that is only late.
    pub(super) fn judge(
        &self,
        direction: Direction,
        at: &mut Position,
        batch: &mut Batch,
    ) -> Option<(Verdict, Vec<u8>)> {
        let found = self.first_cut(direction, at, batch);
        let mut late = Vec::new();
        if let Some((length, verdict)) = &found
            && let Verdict::End(ending) = verdict
        {
            if let Ending::Late(_) = ending {
                late = batch.bytes.get(*length..end_of_message(batch, *length)).unwrap_or_default().to_vec();
            }
            batch.bytes.truncate(*length);
        }
        at.passed += batch.bytes.len() as u64;
        found.map(|(_, verdict)| (verdict, late))
    }

    fn first_cut(&self, direction: Direction, at: &mut Position, batch: &Batch) -> Option<(usize, Verdict)> {
        let mut cuts = self.cuts();
        let mut first: Option<Found> = None;
        if let Some(Mark::End { at: end }) = batch.marks.first()
            && let Some(verdict) = at.at_end_of_message.take()
        {
            first = Some((*end, verdict, None));
        }
        let here = at.connection;
        let for_this =
            |cut: &Cut| cut.direction == direction && cut.only_on.is_none_or(|connection| connection == here);
        for (index, (id, cut)) in cuts.iter_mut().enumerate() {
            if !for_this(cut) {
                continue;
            }
            let found = match &cut.moment {
                Moment::Byte(bytes) => bytes
                    .checked_sub(at.passed)
                    .and_then(|left| usize::try_from(left).ok())
                    .filter(|left| *left <= batch.bytes.len()),
                Moment::Message(wanted) => match in_batch(batch, wanted, at.count_of(*id)) {
                    Some(Spot::At(place)) => Some(place),
                    Some(Spot::EndsLater) => {
                        at.at_end_of_message = Some(Verdict::End(cut.ending));
                        cut.times = cut.times.saturating_sub(1);
                        None
                    }
                    None => None,
                },
            };
            if let Some(place) = found
                && first.as_ref().is_none_or(|(earlier, ..)| place < *earlier)
            {
                first = Some((place, cut.verdict(), Some(index)));
            }
        }
        if let Some((_, cut)) = first.as_ref().and_then(|(.., index)| cuts.get_mut((*index)?)) {
            cut.times = cut.times.saturating_sub(1);
        }
        cuts.retain(|(_, cut)| cut.times > 0);
        self.recount(&cuts);
        first.map(|(place, verdict, _)| (place, verdict))
    }

    fn recount(&self, cuts: &[(u64, Cut)]) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let looking = |(_, cut): &&(u64, Cut)| {
                cut.direction == direction && matches!(cut.moment, Moment::Message { .. })
            };
            if let Some(count) = self.on_messages.get(direction.index()) {
                count.store(cuts.iter().filter(looking).count() as u64, Ordering::Release);
            }
        }
    }

    fn cuts(&self) -> MutexGuard<'_, Vec<(u64, Cut)>> {
        self.cuts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Position {
    pub(super) fn of(connection: u64) -> Self {
        Self { connection, ..Self::default() }
    }

    /// The count of messages that fitted this cut.
    fn count_of(&mut self, cut: u64) -> &mut u64 {
        let index = match self.seen.iter().position(|(id, _)| *id == cut) {
            Some(index) => index,
            None => {
                self.seen.push((cut, 0));
                self.seen.len() - 1
            }
        };
        match self.seen.get_mut(index) {
            Some((_, count)) => count,
            None => crate::error::fail(&crate::Error::new("bug: a count that is not there")),
        }
    }
}

impl Cut {
    fn verdict(&self) -> Verdict {
        match &self.moment {
            Moment::Message(Wanted { place: Place::Answer, .. }) => Verdict::LoseAnswer(self.ending),
            Moment::Message(_) | Moment::Byte(_) => Verdict::End(self.ending),
        }
    }
}

enum Spot {
    At(usize),
    EndsLater,
}

/// The message of the batch that is wanted, and where to cut for it.
fn in_batch(batch: &Batch, wanted: &Wanted, count: &mut u64) -> Option<Spot> {
    let mut marks = batch.marks.iter().peekable();
    while let Some(mark) = marks.next() {
        let Mark::Start { tag: here, at, text: from, until } = *mark else {
            continue;
        };
        let content = batch.bytes.get(from..until).unwrap_or_default().to_ascii_lowercase();
        let fits = wanted.tag.is_none_or(|tag| here == tag)
            && wanted.text.as_ref().is_none_or(|text| contains(&content, text));
        if !fits {
            continue;
        }
        *count += 1;
        if *count < wanted.nth {
            continue;
        }
        return Some(match (wanted.place, marks.next()) {
            (Place::Before | Place::Answer, _) => Spot::At(at),
            (Place::After, Some(Mark::End { at: end })) => Spot::At(*end),
            (Place::After, Some(Mark::Start { .. }) | None) => Spot::EndsLater,
        });
    }
    None
}

/// Where the message ends that begins here; all that there is, when it goes on.
fn end_of_message(batch: &Batch, begin: usize) -> usize {
    let ends = batch.marks.iter().filter_map(|mark| match mark {
        Mark::End { at } => Some(*at),
        Mark::Start { .. } => None,
    });
    ends.filter(|end| *end > begin).min().unwrap_or(batch.bytes.len())
}

fn contains(content: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || content.windows(wanted.len()).any(|window| window == wanted)
}
