//! Messages on a stream: four bytes of length, then JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;

/// Larger than any message is; what claims to be larger is not one of ours.
const MAX_BYTES: usize = 1024 * 1024;

const HEAD: usize = 4;

/// The bytes of one message.
pub(crate) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEAD];
    serde_json::to_writer(&mut bytes, message)?;
    let length = bytes.len() - HEAD;
    if length > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a message is too long"));
    }
    let head = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    bytes.iter_mut().zip(head).for_each(|(byte, of_head)| *byte = of_head);
    Ok(bytes)
}

/// Puts messages together from the pieces in which they arrive.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    /// Adds what has arrived.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, if there is one.
    pub(crate) fn next<M: DeserializeOwned>(&mut self) -> io::Result<Option<M>> {
        let Some(head) = self.bytes.first_chunk::<HEAD>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        if length > MAX_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message claims to be too long"));
        }
        let Some(body) = self.bytes.get(HEAD..HEAD + length) else { return Ok(None) };
        let message = serde_json::from_slice(body)?;
        self.bytes.drain(..HEAD + length);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_any_cut() {
        let bytes = [encode(&"one").unwrap(), encode(&"two").unwrap()].concat();
        for size in 1..bytes.len() {
            let mut decoder = Decoder::default();
            let mut found: Vec<String> = Vec::new();
            for piece in bytes.chunks(size) {
                decoder.push(piece);
                while let Some(message) = decoder.next().unwrap() {
                    found.push(message);
                }
            }
            assert_eq!(found, ["one", "two"], "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let mut decoder = Decoder::default();
        decoder.push(b"GET / HTTP/1.1\r\n");
        assert!(decoder.next::<String>().is_err());
        decoder = Decoder::default();
        decoder.push(&[0, 0, 0, 1, b'{']);
        assert!(decoder.next::<String>().is_err());
    }
}
