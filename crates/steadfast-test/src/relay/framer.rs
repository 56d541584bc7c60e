//! Where PostgreSQL messages begin and end in a stream of bytes.
//!
//! Written apart from the product's own scanner on purpose: a judge that shares its code with the judged
//! shares its mistakes.

use std::sync::{Mutex, PoisonError};

use super::fault::Direction;

/// The tag under which messages without one are counted: those before and including start-up.
pub(super) const NO_TAG: u8 = 0;

/// Longest message that is held back to look at its text. Longer ones are judged by their beginning.
const HELD_AT_MOST: usize = 1 << 20;
/// The server refuses longer start-up messages; what announces more is another protocol.
const STARTUP_AT_MOST: usize = 10_000;

const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;

/// What the two directions of one connection know of each other.
#[derive(Debug, Default)]
pub(super) struct Dialogue(Mutex<Stage>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    /// The next message of the client has no tag.
    #[default]
    Startup,
    /// The client has asked for encryption; the server answers by a single byte.
    Asked,
    /// Tagged messages both ways.
    Talking,
    /// Encrypted, or another protocol.
    Opaque,
}

impl Dialogue {
    fn stage(&self) -> Stage {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, stage: Stage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }
}

/// Follows one direction.
#[derive(Debug)]
pub(super) struct Framer {
    direction: Direction,
    /// Read, but not yet passed on.
    held: Vec<u8>,
    /// How many bytes of a message that was passed on in part are still to come.
    remaining: usize,
}

/// What may be passed on, and the messages in it.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) marks: Vec<Mark>,
}

/// A place in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A message begins at `at`; its text, as far as it is here, is between `text` and `until`.
    Start { tag: u8, at: usize, text: usize, until: usize },
    /// A message ends before this place.
    End { at: usize },
}

/// What the next bytes are.
enum Next {
    /// Too few to say.
    Unknown,
    /// A message of this tag, with so many bytes of header, and so many in all.
    Message { tag: u8, header: usize, length: usize },
    /// Not ours to understand.
    Opaque,
}

impl Framer {
    pub(super) fn new(direction: Direction) -> Self {
        Self { direction, held: Vec::new(), remaining: 0 }
    }

    /// Takes what was read. With `whole`, messages are given out whole only, so that one can be kept back.
    pub(super) fn feed(&mut self, dialogue: &Dialogue, read: &[u8], whole: bool) -> Batch {
        self.held.extend_from_slice(read);
        let mut batch = Batch::default();
        let mut at = self.rest_of_message(&mut batch);
        while at < self.held.len() {
            let rest = self.held.get(at..).unwrap_or_default();
            match next(self.direction, dialogue, rest) {
                Next::Unknown => break,
                Next::Opaque => at = self.held.len(),
                Next::Message { tag, header, length } => {
                    if whole && rest.len() < length && length <= HELD_AT_MOST {
                        break;
                    }
                    let until = at + length.min(rest.len());
                    self.advance(dialogue, rest);
                    batch.marks.push(Mark::Start { tag, at, text: (at + header).min(until), until });
                    self.remaining = at + length - until;
                    at = until;
                    if self.remaining == 0 {
                        batch.marks.push(Mark::End { at });
                    }
                }
            }
        }
        batch.bytes = self.held.drain(..at).collect();
        batch
    }

    /// What was kept back when the stream ended.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    fn rest_of_message(&mut self, batch: &mut Batch) -> usize {
        let here = self.remaining.min(self.held.len());
        self.remaining -= here;
        if here > 0 && self.remaining == 0 {
            batch.marks.push(Mark::End { at: here });
        }
        here
    }

    /// A message without a tag changes what comes next.
    fn advance(&self, dialogue: &Dialogue, message: &[u8]) {
        match (dialogue.stage(), self.direction) {
            (Stage::Startup, Direction::ToServer) => match number(message, 4) {
                Some(SSL_REQUEST | GSS_REQUEST) => dialogue.enter(Stage::Asked),
                Some(_) | None => dialogue.enter(Stage::Talking),
            },
            (Stage::Asked, Direction::ToClient) => match message.first() {
                Some(b'S' | b'G') => dialogue.enter(Stage::Opaque),
                Some(b'N') => dialogue.enter(Stage::Startup),
                Some(_) | None => dialogue.enter(Stage::Talking),
            },
            (Stage::Startup | Stage::Asked | Stage::Talking | Stage::Opaque, _) => {}
        }
    }
}

fn next(direction: Direction, dialogue: &Dialogue, bytes: &[u8]) -> Next {
    match (dialogue.stage(), direction) {
        (Stage::Startup, Direction::ToServer) => startup(dialogue, bytes),
        // Direct TLS, or a client that does not wait for the answer: nothing more to be seen.
        (Stage::Asked, Direction::ToServer) | (Stage::Opaque, _) => Next::Opaque,
        // A server that speaks first does so in another protocol, or reports that it is overloaded.
        (Stage::Startup, Direction::ToClient) => Next::Opaque,
        (Stage::Asked, Direction::ToClient) if matches!(bytes.first(), Some(b'S' | b'G' | b'N')) => {
            Next::Message { tag: NO_TAG, header: 0, length: 1 }
        }
        (Stage::Asked, Direction::ToClient) | (Stage::Talking, _) => {
            let (Some(tag), Some(length)) = (bytes.first(), number(bytes, 1)) else {
                return Next::Unknown;
            };
            Next::Message { tag: *tag, header: 5, length: 1 + (length as usize).max(4) }
        }
    }
}

fn startup(dialogue: &Dialogue, bytes: &[u8]) -> Next {
    // Such a length begins with two zero bytes; no other protocol does.
    let plausible = bytes.iter().take(2).all(|byte| *byte == 0)
        && number(bytes, 0).is_none_or(|length| (8..=STARTUP_AT_MOST).contains(&(length as usize)));
    if !plausible {
        dialogue.enter(Stage::Opaque);
        return Next::Opaque;
    }
    match (number(bytes, 0), number(bytes, 4)) {
        (Some(length), Some(_code)) => Next::Message { tag: NO_TAG, header: 8, length: length as usize },
        _ => Next::Unknown,
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, text: &[u8]) -> Vec<u8> {
        let length = u32::try_from(text.len() + 4).unwrap().to_be_bytes();
        [&[tag], &length[..], text].concat()
    }

    fn startup_message() -> Vec<u8> {
        let body = b"\0\x03\0\0user\0x\0\0";
        [&u32::try_from(body.len() + 4).unwrap().to_be_bytes(), &body[..]].concat()
    }

    fn tags(batch: &Batch) -> Vec<u8> {
        let starts = batch.marks.iter().filter_map(|mark| match mark {
            Mark::Start { tag, .. } => Some(*tag),
            Mark::End { .. } => None,
        });
        starts.collect()
    }

    #[test]
    fn the_same_messages_are_found_however_the_bytes_are_cut() {
        let stream = [startup_message(), message(b'Q', b"COMMIT\0"), message(b'X', b"")].concat();
        for whole in [false, true] {
            for size in 1..=stream.len() {
                let (dialogue, mut framer) = (Dialogue::default(), Framer::new(Direction::ToServer));
                let (mut found, mut passed, mut ends) = (Vec::new(), Vec::new(), 0);
                for chunk in stream.chunks(size) {
                    let batch = framer.feed(&dialogue, chunk, whole);
                    found.extend(tags(&batch));
                    ends += batch.marks.iter().filter(|mark| matches!(mark, Mark::End { .. })).count();
                    passed.extend(batch.bytes);
                }
                assert_eq!((found, ends), (vec![NO_TAG, b'Q', b'X'], 3), "chunks of {size}, whole: {whole}");
                assert_eq!(passed, stream);
            }
        }
    }

    #[test]
    fn a_message_is_kept_until_it_is_whole_when_wanted() {
        let (dialogue, mut framer) = (Dialogue::default(), Framer::new(Direction::ToServer));
        framer.feed(&dialogue, &startup_message(), true);
        let query = message(b'Q', b"COMMIT\0");
        assert!(framer.feed(&dialogue, &query[..7], true).bytes.is_empty());
        let batch = framer.feed(&dialogue, &query[7..], true);
        assert_eq!(batch.bytes, query);
        assert_eq!(batch.marks, [Mark::Start { tag: b'Q', at: 0, text: 5, until: 12 }, Mark::End { at: 12 }]);
    }

    #[test]
    fn a_refused_tls_request_is_followed_by_start_up_and_a_granted_one_hides_the_rest() {
        let request = [8_u32.to_be_bytes(), SSL_REQUEST.to_be_bytes()].concat();
        for (answer, seen) in [(b"N", true), (b"S", false)] {
            let dialogue = Dialogue::default();
            let (mut up, mut down) = (Framer::new(Direction::ToServer), Framer::new(Direction::ToClient));
            assert_eq!(tags(&up.feed(&dialogue, &request, false)), [NO_TAG]);
            assert_eq!(tags(&down.feed(&dialogue, answer, false)), [NO_TAG]);
            let batch = up.feed(&dialogue, &startup_message(), false);
            assert_eq!(!batch.marks.is_empty(), seen);
            assert_eq!(batch.bytes, startup_message());
        }
    }

    #[test]
    fn other_protocols_pass_byte_by_byte() {
        let (dialogue, mut up) = (Dialogue::default(), Framer::new(Direction::ToServer));
        assert_eq!(up.feed(&dialogue, b"G", true).bytes, b"G");
        assert_eq!(up.feed(&dialogue, b"ET / HTTP/1.1", true).bytes, b"ET / HTTP/1.1");
        let mut down = Framer::new(Direction::ToClient);
        assert_eq!(down.feed(&dialogue, b"HT", true).bytes, b"HT");
    }

    #[test]
    fn a_message_too_long_to_hold_is_passed_on_in_pieces() {
        let (dialogue, mut framer) = (Dialogue::default(), Framer::new(Direction::ToServer));
        framer.feed(&dialogue, &startup_message(), true);
        let long = message(b'd', &vec![7; 2 * HELD_AT_MOST]);
        let first = framer.feed(&dialogue, &long[..100], true);
        assert_eq!((first.bytes.len(), tags(&first)), (100, vec![b'd']));
        let second = framer.feed(&dialogue, &long[100..], true);
        assert_eq!(second.marks, [Mark::End { at: long.len() - 100 }]);
    }
}
