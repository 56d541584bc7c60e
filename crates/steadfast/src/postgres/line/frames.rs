//! Where a message begins and ends: a tag, the length of what follows with its own four bytes, the body.

/// Takes out the frames that are there as a whole.
pub(super) fn each_frame(bytes: &mut Vec<u8>, take: impl FnMut(u8, &[u8])) {
    let taken = bytes.len() - behind_frames(bytes, take).len();
    bytes.drain(..taken);
}

/// True when the rest of one is still to come.
pub(super) fn ends_within_a_frame(bytes: &[u8]) -> bool {
    !behind_frames(bytes, |_, _| {}).is_empty()
}

/// Looks at the frames that are there as a whole, and gives what comes behind them. Lengths were judged by the tap.
fn behind_frames(bytes: &[u8], mut take: impl FnMut(u8, &[u8])) -> &[u8] {
    let mut rest = bytes;
    while let Some(([tag, length @ ..], behind)) = rest.split_first_chunk::<5>() {
        let length = (u32::from_be_bytes(*length) as usize).saturating_sub(4);
        let Some((body, behind)) = behind.split_at_checked(length) else { break };
        take(*tag, body);
        rest = behind;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_frames_are_taken_and_the_rest_stays() {
        let mut bytes = b"Z\0\0\0\x05IC\0\0\0\x0aBEGIN\0D\0\0".to_vec();
        let mut taken = Vec::new();
        each_frame(&mut bytes, |tag, body| taken.push((tag, body.to_vec())));
        assert_eq!(taken, [(b'Z', b"I".to_vec()), (b'C', b"BEGIN\0".to_vec())]);
        assert!(bytes == b"D\0\0" && ends_within_a_frame(&bytes));
        bytes.extend(b"\0\x06\0");
        each_frame(&mut bytes, |_, _| unreachable!("a byte is missing"));
        bytes.push(0);
        assert!(!ends_within_a_frame(&bytes));
        each_frame(&mut bytes, |tag, body| assert_eq!((tag, body), (b'D', &[0, 0][..])));
        assert!(bytes.is_empty());
    }
}
