//! TLS, negotiated by ourselves so that every answer can be told from every other.

mod binding;
mod handshake;
mod negotiate;
mod settings;
mod verifier;
mod words;

pub(super) use handshake::handshake;
pub(super) use negotiate::{Offer, negotiate};
pub(super) use settings::Settings;
