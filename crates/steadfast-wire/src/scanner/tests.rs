use proptest::prelude::*;

use super::*;

#[derive(Default, Debug, PartialEq)]
struct Log(Vec<(u8, usize, Option<Vec<u8>>)>, usize);

impl Visitor for Log {
    fn start(&mut self, tag: u8, length: usize) -> usize {
        self.0.push((tag, length, None));
        self.1
    }

    fn end(&mut self, tag: u8, length: usize, body: &[u8]) {
        self.0.push((tag, length, Some(body.to_vec())));
    }
}

fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn scan(scanner: &mut Scanner, pieces: &[&[u8]], wanted: usize) -> (Log, Result<(), WireError>) {
    let mut log = Log(Vec::new(), wanted);
    let outcome = pieces.iter().try_for_each(|piece| scanner.feed(piece, &mut log));
    (log, outcome)
}

#[test]
fn a_body_is_given_only_as_far_as_it_was_wanted() {
    let (log, outcome) = scan(&mut Scanner::tagged(), &[&frame(b'D', b"abcdef")], 2);
    assert_eq!(outcome, Ok(()));
    assert_eq!(log.0, [(b'D', 6, None), (b'D', 6, Some(b"ab".to_vec()))]);
}

#[test]
fn an_impossible_length_is_a_typed_error_and_stays_one() {
    for announced in [0_u32, 3, LENGTH_LIMIT + 1, u32::MAX] {
        let mut bytes = vec![b'Z'];
        bytes.extend_from_slice(&announced.to_be_bytes());
        let mut scanner = Scanner::tagged();
        let error = WireError::Length { tag: b'Z', announced };
        assert_eq!(scan(&mut scanner, &[&bytes], 0).1, Err(error));
        assert_eq!(scan(&mut scanner, &[&frame(b'Z', b"I")], 0).1, Err(error));
    }
    assert!(scan(&mut Scanner::startup(), &[b"HTTP/1.1 400"], 0).1.is_err(), "an HTTP answer has no length");
    assert!(
        scan(&mut Scanner::startup(), &[&[0, 0, 0, 7]], 0).1.is_err(),
        "shorter than any start-up packet"
    );
}

#[test]
fn a_lower_limit_holds_until_it_is_raised() {
    let mut scanner = Scanner::tagged();
    scanner.limit(10);
    assert_eq!(scan(&mut scanner, &[&frame(b'E', b"123456")], 0).1, Ok(()));
    scanner.limit(u32::MAX);
    assert_eq!(scan(&mut scanner, &[&frame(b'E', b"1234567")], 0).1, Ok(()));
    scanner.limit(10);
    assert!(scan(&mut scanner, &[&frame(b'E', b"1234567")], 0).1.is_err());
}

#[test]
fn a_hostile_length_allocates_nothing() {
    let mut bytes = vec![b'E'];
    bytes.extend_from_slice(&LENGTH_LIMIT.to_be_bytes());
    let mut scanner = Scanner::tagged();
    assert_eq!(scan(&mut scanner, &[&bytes, b"x"], usize::MAX).1, Ok(()));
    assert!(scanner.captured.capacity() < 64, "room for what has come, not for what was announced");
    let flood = vec![0; 1024 * 1024];
    assert_eq!(scan(&mut scanner, &[&flood, &flood], usize::MAX).1, Ok(()));
    assert_eq!(scanner.captured.len(), CAPTURE_LIMIT);
}

#[test]
fn the_start_up_packet_has_no_tag_and_the_rest_has() {
    let mut bytes = 12_u32.to_be_bytes().to_vec();
    bytes.extend_from_slice(&[0, 3, 0, 0, b'u', 0, 0, 0]);
    bytes.extend_from_slice(&frame(b'S', b""));
    let mut scanner = Scanner::startup();
    let (log, outcome) = scan(&mut scanner, &[&bytes], 4);
    assert_eq!(outcome, Ok(()));
    assert_eq!(log.0.len(), 4);
    assert_eq!(log.0[1], (0, 8, Some(vec![0, 3, 0, 0])));
    assert_eq!(log.0[3], (b'S', 0, Some(Vec::new())));
    assert_eq!(scanner.frames(), 2);
    assert!(scanner.is_between_frames());
}

fn split<'a>(mut bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = bytes.split_at((*cut).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

proptest! {
    #[test]
    fn any_split_of_the_same_bytes_gives_the_same_frames(
        frames in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 0..8),
        cuts in prop::collection::vec(0_usize..30, 0..20),
        wanted in 0_usize..50,
    ) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(tag, body)| frame(*tag, body)).collect();
        let whole = scan(&mut Scanner::tagged(), &[&bytes], wanted);
        let pieces = scan(&mut Scanner::tagged(), &split(&bytes, &cuts), wanted);
        prop_assert_eq!(&whole.0, &pieces.0);
        prop_assert_eq!(whole.0.0.len(), frames.len() * 2);
        let last = frames.last().map(|(tag, body)| (*tag, body.len(), Some(body[..wanted.min(body.len())].to_vec())));
        prop_assert_eq!(whole.0.0.last(), last.as_ref());
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_splits_agree(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        cuts in prop::collection::vec(0_usize..30, 0..20),
        startup in any::<bool>(),
    ) {
        let make = || if startup { Scanner::startup() } else { Scanner::tagged() };
        let whole = scan(&mut make(), &[&bytes], usize::MAX);
        let pieces = scan(&mut make(), &split(&bytes, &cuts), usize::MAX);
        prop_assert_eq!(whole, pieces);
    }
}

#[test]
fn a_long_body_in_pieces_leaves_no_long_buffer_behind() {
    let mut scanner = Scanner::tagged();
    let body = vec![b'x'; CAPTURE_LIMIT];
    let bytes = frame(b'Q', &body);
    let (log, outcome) = scan(&mut scanner, &bytes.chunks(1000).collect::<Vec<_>>(), CAPTURE_LIMIT);
    assert_eq!(outcome, Ok(()));
    assert_eq!(log.0[1], (b'Q', CAPTURE_LIMIT, Some(body)));
    assert!(scanner.captured.capacity() <= KEPT, "{} bytes are kept", scanner.captured.capacity());
}
