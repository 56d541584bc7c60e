//! The few messages of a server that somebody outside the driver reads.

use crate::report::{before_nul, text_before_nul};
use crate::{CAPTURE_LIMIT, Report};

/// A message from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// `R`: which step of authentication; 0 means that it succeeded.
    Authentication(u32),
    /// `Z`: the server waits for the next request.
    ReadyForQuery(TransactionStatus),
    /// `C`: a command is done; its tag (`INSERT 0 1`, `COMMIT`).
    CommandComplete(String),
    /// `E`: an error.
    Error(Report),
    /// `N`: a warning or notice.
    Notice(Report),
    /// `S`: a setting that the server reports unasked.
    Parameter {
        /// Its name.
        name: String,
        /// Its value now.
        value: String,
    },
    /// `K`: what a cancel request must present. The key has 4 bytes up to protocol 3.0, up to 256 after.
    Key {
        /// The backend's process id.
        process: u32,
        /// Its secret. Not to be shown to anybody.
        secret: Vec<u8>,
    },
    /// `G` or `W`: the server reads COPY data from now on.
    CopyIn,
}

impl Backend {
    /// How much of the body of a message with this tag [`read`](Self::read) needs; 0 for all that it does
    /// not read.
    #[must_use]
    pub const fn wanted(tag: u8) -> usize {
        match tag {
            b'R' | b'Z' => 4,
            // A tag is a few words, a parameter a few more, a key at most 256 bytes.
            b'C' | b'S' => 1024,
            b'K' => 4 + 256,
            b'E' | b'N' => CAPTURE_LIMIT,
            _ => 0,
        }
    }

    /// Reads a message from as much of its body as [`wanted`](Self::wanted) asked for. `None` for the
    /// messages that nobody here reads, and for bodies that are not as they should be.
    #[must_use]
    pub fn read(tag: u8, body: &[u8]) -> Option<Self> {
        Some(match tag {
            b'R' => Self::Authentication(u32::from_be_bytes(*body.first_chunk()?)),
            b'Z' => Self::ReadyForQuery(Self::status(body)?),
            b'C' => Self::CommandComplete(text_before_nul(body).0),
            b'E' => Self::Error(Report::read(body)),
            b'N' => Self::Notice(Report::read(body)),
            b'S' => {
                let (name, rest) = text_before_nul(body);
                Self::Parameter { name, value: text_before_nul(rest).0 }
            }
            b'K' => {
                let (process, secret) = body.split_first_chunk()?;
                Self::Key { process: u32::from_be_bytes(*process), secret: secret.to_vec() }
            }
            b'G' | b'W' => Self::CopyIn,
            _ => return None,
        })
    }

    /// What a ReadyForQuery body says, by itself.
    #[must_use]
    pub fn status(body: &[u8]) -> Option<TransactionStatus> {
        body.first().and_then(|byte| TransactionStatus::from_byte(*byte))
    }

    /// The tag of a CommandComplete body, without a copy.
    #[must_use]
    pub fn command_tag(body: &[u8]) -> &[u8] {
        before_nul(body).0
    }
}

/// Where a session stands between two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransactionStatus {
    /// No transaction is open.
    Idle,
    /// A transaction is open.
    Open,
    /// A transaction is open and has failed; it accepts nothing but its end.
    Failed,
}

impl TransactionStatus {
    /// From the byte in a ReadyForQuery.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'I' => Some(Self::Idle),
            b'T' => Some(Self::Open),
            b'E' => Some(Self::Failed),
            _ => None,
        }
    }

    /// The byte that stands for it in a ReadyForQuery.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Idle => b'I',
            Self::Open => b'T',
            Self::Failed => b'E',
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_message_that_is_read_is_read() {
        assert_eq!(Backend::read(b'R', &[0, 0, 0, 10]), Some(Backend::Authentication(10)));
        assert_eq!(Backend::read(b'Z', b"E"), Some(Backend::ReadyForQuery(TransactionStatus::Failed)));
        assert_eq!(Backend::read(b'C', b"INSERT 0 1\0"), Some(Backend::CommandComplete("INSERT 0 1".into())));
        assert_eq!(
            Backend::read(b'S', b"in_hot_standby\0off\0"),
            Some(Backend::Parameter { name: "in_hot_standby".into(), value: "off".into() })
        );
        assert_eq!(
            Backend::read(b'K', &[0, 0, 1, 0, 1, 2, 3, 4]),
            Some(Backend::Key { process: 256, secret: vec![1, 2, 3, 4] })
        );
        assert_eq!(Backend::read(b'G', b""), Some(Backend::CopyIn));
        assert_eq!(Backend::read(b'D', b"row"), None);
        assert_eq!(Backend::wanted(b'D'), 0);
    }

    #[test]
    fn a_body_that_is_too_short_is_no_message() {
        for tag in [b'R', b'Z', b'K'] {
            assert_eq!(Backend::read(tag, b""), None);
        }
        assert_eq!(Backend::read(b'Z', b"?"), None, "a status that no server has");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(tag in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(Backend::read(tag, &body));
        }
    }
}
