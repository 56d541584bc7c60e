//! Options of TLS.

use std::fmt::Write as _;

use crate::config::draft::Draft;
use crate::config::options::{ChannelBinding, SslMode};
use crate::config::table::{Applies, BLANK, Row};
use crate::config::value::{self, Parsed};

const PG: Row = Row { applies: Applies::Postgres, ..BLANK };

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "postgres.sslmode",
        environment: "STEADFAST_POSTGRES_SSLMODE",
        libpq: Some("PGSSLMODE"),
        parameter: Some("sslmode"),
        accepted: "disable, allow, prefer, require, verify-ca, verify-full",
        reason: "as in libpq (manual, libpq-ssl): it connects everywhere; over a network that is not your \
                 own set verify-full. `sslrootcert=system` raises it to verify-full, `sslpin` and \
                 `sslnegotiation=direct` to require",
        set: |draft, text| value::choice(text, MODES).map(|mode| draft.postgres.tls.mode = mode),
        text: |draft| Some(value::show_choice(&draft.postgres.tls.mode, MODES)),
        ..PG
    },
    Row {
        name: "postgres.sslrootcert",
        environment: "STEADFAST_POSTGRES_SSLROOTCERT",
        libpq: Some("PGSSLROOTCERT"),
        parameter: Some("sslrootcert"),
        accepted: "the path of a PEM file with trusted roots, or system",
        reason: "libpq's own default, a file in the home directory, is seldom there in a container",
        set: |draft, text| file(text).map(|path| draft.postgres.tls.root_cert = path),
        text: |draft| draft.postgres.tls.root_cert.clone(),
        ..PG
    },
    Row {
        name: "postgres.sslcert",
        environment: "STEADFAST_POSTGRES_SSLCERT",
        libpq: Some("PGSSLCERT"),
        parameter: Some("sslcert"),
        accepted: "the path of a PEM file with our certificate chain; needs sslkey",
        reason: "few servers ask for one",
        set: |draft, text| file(text).map(|path| draft.postgres.tls.client_cert = path),
        text: |draft| draft.postgres.tls.client_cert.clone(),
        ..PG
    },
    Row {
        name: "postgres.sslkey",
        environment: "STEADFAST_POSTGRES_SSLKEY",
        libpq: Some("PGSSLKEY"),
        parameter: Some("sslkey"),
        accepted: "the path of a PEM file with the key of sslcert",
        reason: "few servers ask for one",
        set: |draft, text| file(text).map(|path| draft.postgres.tls.client_key = path),
        text: |draft| draft.postgres.tls.client_key.clone(),
        ..PG
    },
    Row {
        name: "postgres.sslpin",
        environment: "STEADFAST_POSTGRES_SSLPIN",
        parameter: Some("sslpin"),
        accepted: "the SHA-256 of the server's public key (SubjectPublicKeyInfo) in 64 hexadecimal digits",
        reason: "for servers whose certificate no root vouches for, such as Railway's, which is marked as an \
                 authority and therefore refused by strict verifiers",
        set: |draft, text| pin(text).map(|pin| draft.postgres.tls.pin = pin),
        text: show_pin,
        ..PG
    },
    Row {
        name: "postgres.sslnegotiation",
        environment: "STEADFAST_POSTGRES_SSLNEGOTIATION",
        libpq: Some("PGSSLNEGOTIATION"),
        parameter: Some("sslnegotiation"),
        accepted: "postgres, direct (from PostgreSQL 17 on)",
        reason: "as in libpq (manual, libpq-connect): understood by servers of all versions",
        set: |draft, text| value::choice(text, NEGOTIATIONS).map(|direct| draft.postgres.tls.direct = direct),
        text: |draft| Some(value::show_choice(&draft.postgres.tls.direct, NEGOTIATIONS)),
        ..PG
    },
    Row {
        name: "postgres.channel_binding",
        environment: "STEADFAST_POSTGRES_CHANNEL_BINDING",
        libpq: Some("PGCHANNELBINDING"),
        parameter: Some("channel_binding"),
        accepted: "disable, prefer, require",
        reason: "as in libpq (manual, libpq-connect): used where server and TLS offer it; require it against \
                 a man in the middle where certificates cannot be checked",
        set: |draft, text| {
            value::choice(text, BINDINGS).map(|binding| draft.postgres.channel_binding = binding)
        },
        text: |draft| Some(value::show_choice(&draft.postgres.channel_binding, BINDINGS)),
        ..PG
    },
];

const MODES: &[(&str, SslMode)] = &[
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

const NEGOTIATIONS: &[(&str, bool)] = &[("postgres", false), ("direct", true)];

const BINDINGS: &[(&str, ChannelBinding)] = &[
    ("disable", ChannelBinding::Disable),
    ("prefer", ChannelBinding::Prefer),
    ("require", ChannelBinding::Require),
];

/// A path; empty: none.
fn file(text: &str) -> Parsed<Option<String>> {
    if text.trim().is_empty() { Ok(None) } else { value::line(text).map(Some) }
}

/// 64 hexadecimal digits, also in pairs with colons between, as `openssl` prints them.
fn pin(text: &str) -> Parsed<Option<[u8; 32]>> {
    let digits: Vec<char> = text.trim().chars().filter(|c| *c != ':').collect();
    if digits.is_empty() {
        return Ok(None);
    }
    let refused = || format!("it has {} digits, or some that are not hexadecimal", digits.len());
    let byte = |pair: &[char]| match pair {
        [high, low] => Some((high.to_digit(16)? << 4 | low.to_digit(16)?) as u8),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    let bytes = bytes.ok_or_else(refused)?;
    <[u8; 32]>::try_from(bytes).map(Some).map_err(|_wrong_length| refused())
}

fn show_pin(draft: &Draft) -> Option<String> {
    draft.postgres.tls.pin.map(|pin| {
        pin.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _infallible = write!(text, "{byte:02x}");
            text
        })
    })
}
