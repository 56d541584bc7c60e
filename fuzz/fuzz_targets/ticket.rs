//! No text makes the reader of tickets panic, and a ticket survives being written down.
//!
//! Input: a byte for the form; then text, or fields to which the check sum is added here.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};
use steadfast::Ticket;

fuzz_target!(|data: &[u8]| {
    let Some((form, rest)) = data.split_first() else { return };
    let text = match form % 4 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        1 => signed("sfm1", rest),
        _ => signed("sfx1", rest),
    };
    if let Ok(ticket) = text.parse::<Ticket>() {
        let written = ticket.to_string();
        assert_eq!(written.parse::<Ticket>().as_ref(), Ok(&ticket));
        assert_eq!(format!(" {written}\n").parse::<Ticket>(), Ok(ticket), "as it comes from a terminal");
        assert!(written[..written.len() - 1].parse::<Ticket>().is_err(), "what was cut off is noticed");
    }
});

fn signed(kind: &str, fields: &[u8]) -> String {
    let digest = Sha256::new().chain_update(kind).chain_update(fields).finalize();
    format!("{kind}{}", URL_SAFE_NO_PAD.encode([fields, &digest[..4]].concat()))
}
