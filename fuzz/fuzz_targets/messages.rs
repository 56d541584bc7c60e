//! The readers of single messages accept any body: nothing panics, and nothing is longer than what was there.
//!
//! Input: the tag, then the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use steadfast_wire::{Backend, Parse, cancel_request, query_text, statement_of_bind};

fuzz_target!(|data: &[u8]| {
    let Some((&tag, body)) = data.split_first() else { return };
    let read = Backend::read(tag, body);
    // What is asked for is enough: the rest of the body changes nothing that is read.
    let wanted = &body[..body.len().min(Backend::wanted(tag))];
    match (read, Backend::read(tag, wanted)) {
        (Some(Backend::Error(whole) | Backend::Notice(whole)), Some(Backend::Error(part) | Backend::Notice(part))) => {
            assert!(whole.code.starts_with(&part.code) || part.code.is_empty());
            assert_eq!(whole.is_fatal(), whole.severity == "FATAL" || whole.severity == "PANIC");
        }
        (Some(Backend::Authentication(whole)), Some(Backend::Authentication(part))) => assert_eq!(whole, part),
        (Some(Backend::ReadyForQuery(whole)), Some(Backend::ReadyForQuery(part))) => {
            assert_eq!((whole, Some(part.byte())), (part, body.first().copied()));
        }
        (Some(Backend::Key { process, secret }), Some(_)) => {
            let packet = cancel_request(process, &secret);
            assert_eq!(packet.len(), 12 + secret.len());
            assert_eq!(u32::from_be_bytes(packet[..4].try_into().unwrap()) as usize, packet.len());
        }
        (None, None) | (Some(_), Some(_)) => {}
        (whole, part) => panic!("{whole:?} of the whole, {part:?} of what is asked for"),
    }
    assert!(Backend::command_tag(body).len() <= body.len());
    assert!(!query_text(body).contains(&0));
    let parse = Parse::read(body);
    assert!(parse.name.len() + parse.text.len() <= body.len());
    assert!(!statement_of_bind(body).contains(&0));
});
