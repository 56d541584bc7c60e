//! What a client sends, as far as somebody outside the driver reads or writes it.

use crate::report::before_nul;

/// Asks the server whether it speaks TLS; it answers with the one byte `S` or `N`.
pub const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The code in place of a protocol version that makes a start-up packet a cancel request.
pub const CANCEL_REQUEST: u32 = 80_877_102;

/// A cancel request, to be sent as the only thing on a connection of its own.
#[must_use]
pub fn cancel_request(process: u32, secret: &[u8]) -> Vec<u8> {
    let length = u32::try_from(12 + secret.len()).unwrap_or(u32::MAX);
    let mut packet = Vec::with_capacity(12 + secret.len());
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&CANCEL_REQUEST.to_be_bytes());
    packet.extend_from_slice(&process.to_be_bytes());
    packet.extend_from_slice(secret);
    packet
}

/// The text of a Query message.
#[must_use]
pub fn query_text(body: &[u8]) -> &[u8] {
    before_nul(body).0
}

/// A Parse message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parse<'a> {
    /// The statement's name; empty for the unnamed one.
    pub name: &'a [u8],
    /// Its text.
    pub text: &'a [u8],
}

impl<'a> Parse<'a> {
    /// Reads a Parse body, or as much as there is of it.
    #[must_use]
    pub fn read(body: &'a [u8]) -> Self {
        let (name, rest) = before_nul(body);
        Self { name, text: before_nul(rest).0 }
    }
}

/// The name of the statement that a Bind message binds.
#[must_use]
pub fn statement_of_bind(body: &[u8]) -> &[u8] {
    let (_portal, rest) = before_nul(body);
    before_nul(rest).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_request_carries_process_and_secret() {
        let packet = cancel_request(7, &[1, 2, 3, 4]);
        assert_eq!(packet, [0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 7, 1, 2, 3, 4]);
    }

    #[test]
    fn texts_and_names_are_found_also_when_cut_off() {
        assert_eq!(query_text(b"SELECT 1\0"), b"SELECT 1");
        assert_eq!(Parse::read(b"s0\0SELECT $1\0\0\0"), Parse { name: b"s0", text: b"SELECT $1" });
        assert_eq!(Parse::read(b"s0"), Parse { name: b"s0", text: b"" });
        assert_eq!(statement_of_bind(b"\0s0\0\0\x01"), b"s0");
        assert_eq!(statement_of_bind(b""), b"");
    }
}
