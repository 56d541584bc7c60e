//! Finds frames in a byte stream.

use crate::WireError;

/// The most that is ever kept of one body.
pub const CAPTURE_LIMIT: usize = 64 * 1024;

/// As much room is kept for the next body that arrives in pieces.
const KEPT: usize = 256;

/// The longest frame that PostgreSQL itself sends or accepts (its `PQ_LARGE_MESSAGE_LIMIT`).
pub const LENGTH_LIMIT: u32 = 0x3fff_ffff;

/// The longest start-up packet that a server accepts (its `MAX_STARTUP_PACKET_LENGTH`).
const STARTUP_LIMIT: u32 = 10_000;

/// Whoever is told about the frames.
pub trait Visitor {
    /// A header has arrived. `length` is that of the body. Says how many bytes of the body are wanted in
    /// [`end`](Self::end), from its beginning; more than [`CAPTURE_LIMIT`] is never given.
    fn start(&mut self, tag: u8, length: usize) -> usize;

    /// The frame is complete. `body` is as much of it as was wanted.
    fn end(&mut self, tag: u8, length: usize, body: &[u8]);
}

/// Finds the frames of one direction of a connection. The untagged packets at the start of the frontend's
/// direction carry the tag 0.
#[derive(Debug)]
pub struct Scanner {
    place: Place,
    header: [u8; 5],
    filled: usize,
    /// Never longer than [`CAPTURE_LIMIT`].
    captured: Vec<u8>,
    broken: Option<WireError>,
    frames: u64,
    limit: u32,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Untagged,
    Header,
    Body { tag: u8, length: usize, remaining: usize, wanted: usize },
}

impl Scanner {
    /// For what the server sends, and for what a client sends after its start-up packet.
    #[must_use]
    pub fn tagged() -> Self {
        Self::at(Place::Header)
    }

    /// For what a client sends, beginning with its start-up packet. An SSLRequest, GSSENCRequest or
    /// CancelRequest is not expected here: whoever sends it knows that a single byte, or nothing, follows.
    #[must_use]
    pub fn startup() -> Self {
        Self::at(Place::Untagged)
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            header: [0; 5],
            filled: 0,
            captured: Vec::new(),
            broken: None,
            frames: 0,
            limit: LENGTH_LIMIT,
        }
    }

    /// Refuses frames longer than this from now on; never more than [`LENGTH_LIMIT`]. For the time before
    /// authentication, in which nobody has reason to send much.
    pub fn limit(&mut self, longest: u32) {
        self.limit = longest.min(LENGTH_LIMIT);
    }

    /// How many frames have begun so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// True between two frames, when nothing of a next one has arrived.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        self.filled == 0 && !matches!(self.place, Place::Body { .. })
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// When a length cannot be. From then on the stream cannot be followed, and every further call fails
    /// alike without looking at its bytes.
    pub fn feed(&mut self, mut bytes: &[u8], visitor: &mut impl Visitor) -> Result<(), WireError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        while !bytes.is_empty() {
            bytes = match self.place {
                Place::Header if self.filled == 0 => match self.whole(bytes, visitor) {
                    [] => return Ok(()),
                    rest => self.header(rest, visitor)?,
                },
                Place::Untagged | Place::Header => self.header(bytes, visitor)?,
                Place::Body { tag, length, remaining, wanted } => {
                    self.body(bytes, visitor, (tag, length, remaining, wanted))
                }
            };
        }
        Ok(())
    }

    /// Takes the frames that lie in these bytes as a whole, as nearly all do: nothing is copied, and nothing need be
    /// remembered. What is left begins with one that does not, or that cannot be.
    fn whole<'a>(&mut self, mut bytes: &'a [u8], visitor: &mut impl Visitor) -> &'a [u8] {
        while let Some(([tag, announced @ ..], rest)) = bytes.split_first_chunk::<5>() {
            let announced = u32::from_be_bytes(*announced);
            if !(4..=self.limit).contains(&announced) {
                break;
            }
            let length = (announced - 4) as usize;
            let Some((body, behind)) = rest.split_at_checked(length) else { break };
            self.frames += 1;
            let wanted = visitor.start(*tag, length).min(CAPTURE_LIMIT);
            visitor.end(*tag, length, body.get(..wanted).unwrap_or(body));
            bytes = behind;
        }
        bytes
    }

    fn header<'a>(&mut self, bytes: &'a [u8], visitor: &mut impl Visitor) -> Result<&'a [u8], WireError> {
        let untagged = matches!(self.place, Place::Untagged);
        let (size, least, most) = if untagged { (4, 8, STARTUP_LIMIT) } else { (5, 4, self.limit) };
        let (taken, rest) = bytes.split_at(bytes.len().min(size - self.filled));
        if let Some(gap) = self.header.get_mut(self.filled..self.filled + taken.len()) {
            gap.copy_from_slice(taken);
        }
        self.filled += taken.len();
        if self.filled < size {
            return Ok(rest);
        }
        self.filled = 0;
        let [first, second, third, fourth, fifth] = self.header;
        let (tag, announced) = if untagged {
            (0, u32::from_be_bytes([first, second, third, fourth]))
        } else {
            (first, u32::from_be_bytes([second, third, fourth, fifth]))
        };
        if announced < least || announced > most {
            let error = WireError::Length { tag, announced };
            self.broken = Some(error);
            return Err(error);
        }
        let length = (announced - 4) as usize;
        self.frames += 1;
        let wanted = visitor.start(tag, length).min(length).min(CAPTURE_LIMIT);
        if length == 0 {
            visitor.end(tag, 0, &[]);
            self.place = Place::Header;
        } else {
            self.place = Place::Body { tag, length, remaining: length, wanted };
        }
        Ok(rest)
    }

    fn body<'a>(
        &mut self,
        bytes: &'a [u8],
        visitor: &mut impl Visitor,
        (tag, length, remaining, wanted): (u8, usize, usize, usize),
    ) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(remaining));
        let complete = taken.len() == remaining;
        // The usual case copies nothing: the whole body lies in this one piece.
        if complete && remaining == length {
            visitor.end(tag, length, taken.get(..wanted).unwrap_or(taken));
        } else {
            let missing = wanted - self.captured.len();
            self.captured.extend_from_slice(taken.get(..missing).unwrap_or(taken));
            if complete {
                visitor.end(tag, length, &self.captured);
                self.captured.clear();
                self.captured.shrink_to(KEPT);
            }
        }
        self.place = if complete {
            Place::Header
        } else {
            Place::Body { tag, length, remaining: remaining - taken.len(), wanted }
        };
        rest
    }
}

#[cfg(test)]
mod tests;
