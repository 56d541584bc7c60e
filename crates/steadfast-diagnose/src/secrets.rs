//! The secrets of a configuration, so that they can be kept out of everything else.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

use crate::shown::Shown;

/// What must never be shown, and the one way from a text of somebody else's to one that may be.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    secrets: Vec<SecretString>,
}

/// Stands in the place of a secret.
const HIDDEN: &str = "(hidden)";
/// A shorter secret is hidden where it stands as a word of its own; anywhere else it would punch holes into
/// ordinary words.
const LONG: usize = 6;
/// A server's texts are a line or two; what is longer is cut.
const LONGEST: usize = 400;

impl Secrets {
    /// Adds a secret in all the forms in which it may turn up.
    ///
    /// One that is part of a name which is shown anyway (`public`: the role, the database, the host) is left out: hiding
    /// the role because the password is the same would tell everybody that it is.
    pub(crate) fn add(&mut self, secret: &str, public: &[&str]) {
        if secret.is_empty() || public.iter().any(|name| name.contains(secret)) {
            return;
        }
        let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let decoded = percent_decode_str(secret).decode_utf8_lossy().into_owned();
        for form in [secret.to_owned(), encoded, decoded] {
            if !form.is_empty() && !self.secrets.iter().any(|known| known.expose_secret() == form) {
                self.secrets.push(form.into());
            }
        }
        // The longest first, so that no piece of one is left by hiding a shorter one in it.
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
    }

    /// Adds whatever may be a password in a text that is meant to be a URL, readable or not.
    pub(crate) fn add_from_url(&mut self, url: &str, public: &[&str]) {
        let after = url.split_once("://").map_or(url, |(_, rest)| rest);
        if let Some((user_info, _)) = after.rsplit_once('@')
            && let Some((_, password)) = user_info.split_once(':')
        {
            self.add(password, public);
        }
        for parameter in url.split(['?', '&']).skip(1) {
            if let Some((name, value)) = parameter.split_once('=')
                && matches!(name, "password" | "sslpassword")
            {
                self.add(value.trim(), public);
            }
        }
    }

    /// A text of somebody else's (a server, a file, a configuration) without secrets and without control
    /// characters, which a terminal would obey.
    pub(crate) fn shown(&self, text: &str) -> Shown {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = hide(&text, secret.expose_secret());
        }
        let clean = |c: char| if c.is_control() || is_invisible(c) { ' ' } else { c };
        let mut short: String = text.chars().map(clean).take(LONGEST).collect();
        if text.chars().count() > LONGEST {
            short.push_str(" ..");
        }
        Shown::looked_through(short)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.secrets.len())
    }
}

/// Characters that change the direction or the look of what stands around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn hide(text: &str, secret: &str) -> String {
    if secret.chars().count() >= LONG {
        return text.replace(secret, HIDDEN);
    }
    let mut hidden = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(secret) {
        let (before, from) = rest.split_at(at);
        let after = from.strip_prefix(secret).unwrap_or_default();
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let left = before.chars().next_back().or_else(|| hidden.chars().next_back());
        hidden.push_str(before);
        hidden.push_str(if is_edge(left) && is_edge(after.chars().next()) { HIDDEN } else { secret });
        rest = after;
    }
    hidden.push_str(rest);
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(secret: &str) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.add(secret, &["alice", "app"]);
        secrets
    }

    #[test]
    fn a_secret_is_hidden_in_every_form() {
        let secrets = of("pä ss/word");
        assert_eq!(secrets.shown("no pä ss/word here").as_str(), "no (hidden) here");
        assert_eq!(secrets.shown("host p%C3%A4%20ss%2Fword@x").as_str(), "host (hidden)@x");
    }

    #[test]
    fn a_short_secret_is_hidden_as_a_word() {
        let secrets = of("app1");
        assert_eq!(secrets.shown("role \"app1\" and app12").as_str(), "role \"(hidden)\" and app12");
    }

    #[test]
    fn a_password_that_is_the_roles_name_is_not_pointed_at() {
        assert_eq!(of("alice").shown("role alice").as_str(), "role alice");
    }

    #[test]
    fn what_a_terminal_would_obey_is_taken_out() {
        assert_eq!(of("secret").shown("a\x1b[2Jb\u{202e}c\n").as_str(), "a [2Jb c ");
        assert!(of("secret").shown(&"x".repeat(9000)).as_str().len() < 500);
    }

    #[test]
    fn the_password_of_an_unreadable_url_is_known_as_well() {
        let mut secrets = Secrets::default();
        secrets.add_from_url("htp//u:pa:ss@word@h:1/d?password=other-one&x=1", &[]);
        for leak in ["pa:ss@word", "other-one"] {
            assert_eq!(secrets.shown(leak).as_str(), "(hidden)");
        }
    }
}
