//! What can be wrong with a byte stream.

use std::fmt;

/// The bytes are not what the PostgreSQL protocol allows; the stream can no longer be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// A frame announced a length that no frame has.
    Length {
        /// The message's tag; 0 for the start-up packet, which has none.
        tag: u8,
        /// What it announced.
        announced: u32,
    },
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Length { tag: 0, announced } => {
                write!(f, "a start-up packet announced a length of {announced} bytes, which cannot be")
            }
            Self::Length { tag, announced } => write!(
                f,
                "a message {:?} announced a length of {announced} bytes, which cannot be",
                char::from(tag)
            ),
        }
    }
}

impl std::error::Error for WireError {}
