//! The scanner finds the same frames however the stream is cut, and the same as a reader that has all of it at once.
//!
//! Input: a byte for the kind of stream, one for how it is cut, one for how much of each body is wanted; then the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use steadfast_wire::{CAPTURE_LIMIT, LENGTH_LIMIT, Scanner, Visitor, WireError};

/// A frame: its tag, the length of its body, and as much of that as was wanted; `None` while it is not complete.
type Frame = (u8, usize, Option<Vec<u8>>);

struct Collector {
    wanted: usize,
    frames: Vec<Frame>,
}

impl Visitor for Collector {
    fn start(&mut self, tag: u8, length: usize) -> usize {
        assert!(self.frames.last().is_none_or(|frame| frame.2.is_some()), "two frames at once");
        self.frames.push((tag, length, None));
        self.wanted
    }

    fn end(&mut self, tag: u8, length: usize, body: &[u8]) {
        let frame = self.frames.last_mut().expect("a frame ends that has not begun");
        assert_eq!((frame.0, frame.1, &frame.2), (tag, length, &None));
        frame.2 = Some(body.to_vec());
    }
}

fuzz_target!(|data: &[u8]| {
    let [kind, cut, wanted, stream @ ..] = data else { return };
    let (startup, wanted) = (kind & 1 == 1, usize::from(*wanted) * 300);
    let (expected, broken) = read_at_once(stream, startup, wanted);
    for size in [usize::MAX, usize::from(*cut).max(1), 1] {
        let mut scanner = if startup { Scanner::startup() } else { Scanner::tagged() };
        let mut collector = Collector { wanted, frames: Vec::new() };
        let mut result = Ok(());
        for piece in stream.chunks(size) {
            result = result.and(scanner.feed(piece, &mut collector));
        }
        assert_eq!(collector.frames, expected, "cut into pieces of {size}");
        assert_eq!(result.err(), broken);
        assert_eq!(scanner.frames(), expected.len() as u64);
        if broken.is_some() {
            assert_eq!(scanner.feed(b"more", &mut collector).err(), broken, "it stays broken");
        }
    }
});

/// The frames of a stream, found by somebody who has all of it.
fn read_at_once(mut rest: &[u8], startup: bool, wanted: usize) -> (Vec<Frame>, Option<WireError>) {
    let mut frames = Vec::new();
    let mut untagged = startup;
    loop {
        let header = if untagged { 4 } else { 5 };
        if rest.len() < header {
            return (frames, None);
        }
        let (head, body) = rest.split_at(header);
        let announced = u32::from_be_bytes(head[header - 4..].try_into().unwrap());
        let tag = if untagged { 0 } else { head[0] };
        let allowed = if untagged { 8..=10_000 } else { 4..=LENGTH_LIMIT };
        if !allowed.contains(&announced) {
            return (frames, Some(WireError::Length { tag, announced }));
        }
        let length = announced as usize - 4;
        if body.len() < length {
            frames.push((tag, length, None));
            return (frames, None);
        }
        let kept = length.min(wanted).min(CAPTURE_LIMIT);
        frames.push((tag, length, Some(body[..kept].to_vec())));
        rest = &body[length..];
        untagged = false;
    }
}
