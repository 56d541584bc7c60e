//! The text form of a ticket: a word for its kind and version, then the fields and a check sum in base64.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::ticket::TicketError;

/// Enough to notice what a terminal or a mail program does to a long word. It protects against accidents only.
const CHECK: usize = 4;

/// Writes fields behind the word for their kind.
pub(super) fn write(kind: &str, fields: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = Vec::with_capacity(96);
    fields(&mut bytes);
    let check = check(kind, &bytes);
    bytes.extend(check);
    let mut text = kind.to_owned();
    URL_SAFE_NO_PAD.encode_string(&bytes, &mut text);
    text
}

pub(super) fn write_option(out: &mut Vec<u8>, value: Option<[u8; 8]>) {
    out.push(u8::from(value.is_some()));
    out.extend(value.unwrap_or_default());
}

/// Reads fields one after the other.
#[derive(Debug)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    at: usize,
}

impl Reader {
    /// Begins to read a text of this kind; `None` when it is of another.
    pub(super) fn open(kind: &str, text: &str) -> Result<Option<Self>, TicketError> {
        let Some(coded) = text.strip_prefix(kind) else { return Ok(None) };
        let mut bytes = URL_SAFE_NO_PAD.decode(coded).map_err(|_not_base64| TicketError::Damaged)?;
        let fields = bytes.len().checked_sub(CHECK).ok_or(TicketError::Damaged)?;
        if bytes.split_off(fields) != check(kind, &bytes) {
            return Err(TicketError::Damaged);
        }
        Ok(Some(Self { bytes, at: 0 }))
    }

    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.bytes.get(self.at..)?.first_chunk().copied()?;
        self.at += N;
        Some(taken)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.take()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    pub(super) fn option(&mut self) -> Option<Option<[u8; 8]>> {
        let there = self.flag()?;
        let value = self.take()?;
        Some(there.then_some(value))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }
}

fn check(kind: &str, bytes: &[u8]) -> [u8; CHECK] {
    let digest = Sha256::new().chain_update(kind).chain_update(bytes).finalize();
    let mut check = [0; CHECK];
    for (place, byte) in check.iter_mut().zip(digest) {
        *place = byte;
    }
    check
}
