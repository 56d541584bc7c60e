//! Tickets for clients: sealed, so that a stranger learns nothing of the server from one and can make none.
//!
//! A ticket of the library holds a transaction's id, a process's id and a position in the write-ahead log. Before it
//! leaves the service it is encrypted and authenticated (ChaCha20-Poly1305, RFC 8439) with a random nonce under a key of
//! the database's own. The key is a row of `steadfast_secret`, made with the schema: so any worker opens what another
//! one has sealed, also after a restart, and a ticket of one database is none at another. Whoever may read that
//! table may open tickets, and sees the same numbers in the database anyway.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use steadfast::time::Instant;
use steadfast::{Database, Error, Ticket, params};

/// Seals tickets and opens them again.
pub struct Seal {
    key: LessSafeKey,
    random: SystemRandom,
}

/// Why a text is no sealed ticket. Nothing more is told: whoever guesses shall not learn how far he got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no ticket of this database: copy all of it, and ask the database that it came from")]
#[non_exhaustive]
pub struct NoTicket;

impl Seal {
    /// Fetches the key from the database; `None` before the schema has made it.
    ///
    /// # Errors
    /// The database cannot be reached, or the role may not read the table.
    pub async fn load(database: &Database, deadline: Option<Instant>) -> Result<Option<Self>, Error> {
        let rows = database.query(SELECT, &params![NAME], deadline).await?;
        let key = rows.first().map(|row| row.at::<Vec<u8>>(0)).transpose()?;
        Ok(key.and_then(|key| Self::of(&key)))
    }

    /// Whether a text claims to be a sealed ticket.
    #[must_use]
    pub fn is_sealed(text: &str) -> bool {
        text.trim().starts_with(KIND)
    }

    /// Seals a ticket; `None` when the system has no random numbers.
    #[must_use]
    pub fn seal(&self, ticket: &Ticket) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut sealed = nonce.to_vec();
        let mut content = ticket.to_string().into_bytes();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::from(KIND), &mut content).ok()?;
        sealed.append(&mut content);
        let mut text = KIND.to_owned();
        URL_SAFE_NO_PAD.encode_string(&sealed, &mut text);
        Some(text)
    }

    /// Opens a sealed ticket.
    ///
    /// # Errors
    /// It was sealed by another database, or forged, or cut off.
    pub fn open(&self, text: &str) -> Result<Ticket, NoTicket> {
        let coded =
            text.trim().strip_prefix(KIND).filter(|coded| coded.len() <= MAX_LENGTH).ok_or(NoTicket)?;
        let mut sealed = URL_SAFE_NO_PAD.decode(coded).map_err(|_malformed| NoTicket)?;
        let (nonce, content) = sealed.split_first_chunk_mut::<NONCE_LEN>().ok_or(NoTicket)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened =
            self.key.open_in_place(nonce, Aad::from(KIND), content).map_err(|_unspecified| NoTicket)?;
        let ticket = std::str::from_utf8(opened).map_err(|_malformed| NoTicket)?;
        ticket.parse().map_err(|_malformed| NoTicket)
    }

    fn of(key: &[u8]) -> Option<Self> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key).ok()?;
        Some(Self { key: LessSafeKey::new(key), random: SystemRandom::new() })
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(hidden)")
    }
}

/// A new key, for the schema; `None` when the system has no random numbers.
pub(crate) fn new_key() -> Option<Vec<u8>> {
    let mut key = vec![0; CHACHA20_POLY1305.key_len()];
    SystemRandom::new().fill(&mut key).ok()?;
    Some(key)
}

/// The name of the key's row.
pub(crate) const NAME: &str = "ticket-seal";

const SELECT: &str = "SELECT secret FROM steadfast_secret WHERE name = $1";

/// Kind and version, also authenticated.
const KIND: &str = "sfs1";

/// Several times what the longest ticket needs.
const MAX_LENGTH: usize = 512;

#[cfg(test)]
mod tests {
    use steadfast::outcome::MarkerTicket;
    use uuid::Uuid;

    use super::*;

    fn ticket() -> Ticket {
        Ticket::Marker(MarkerTicket { token: Uuid::now_v7() })
    }

    fn seal() -> Seal {
        Seal::of(&new_key().unwrap()).unwrap()
    }

    #[test]
    fn a_sealed_ticket_is_one_word_that_shows_nothing_and_opens_again() {
        let (seal, ticket) = (seal(), ticket());
        let sealed = seal.seal(&ticket).unwrap();
        assert!(sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{sealed}");
        assert!(Seal::is_sealed(&sealed) && !Seal::is_sealed(&ticket.to_string()));
        assert!(!sealed.contains(&ticket.to_string()[4..12]));
        assert_eq!(seal.open(&format!(" {sealed}\n")), Ok(ticket.clone()));
        assert_ne!(seal.seal(&ticket).unwrap(), sealed, "two of the same cannot be told to be the same");
    }

    #[test]
    fn what_was_forged_cut_off_or_sealed_elsewhere_is_refused() {
        let seal = seal();
        let sealed = seal.seal(&ticket()).unwrap();
        for end in 0..sealed.len() {
            assert_eq!(seal.open(&sealed[..end]), Err(NoTicket));
        }
        for at in 0..sealed.len() - 1 {
            let mut forged = sealed.clone();
            let other = if &sealed[at..=at] == "A" { "B" } else { "A" };
            forged.replace_range(at..=at, other);
            assert_eq!(seal.open(&forged), Err(NoTicket), "letter {at}");
        }
        assert_eq!(self::seal().open(&sealed), Err(NoTicket));
        for text in ["", "sfs1", "sfs1!", "é", &ticket().to_string(), &format!("sfs1{}", "A".repeat(100_000))]
        {
            assert_eq!(seal.open(text), Err(NoTicket));
        }
    }

    #[test]
    fn a_key_of_another_length_is_none() {
        assert!(Seal::of(&[0; 16]).is_none() && Seal::of(&[]).is_none());
        assert_eq!(format!("{:?}", seal()), "Seal(hidden)");
    }
}
