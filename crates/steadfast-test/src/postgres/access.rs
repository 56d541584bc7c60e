//! Who may log in, and how.

/// How clients on TCP prove who they are. The kit itself comes by Unix socket and is always let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Auth {
    /// Not at all.
    #[default]
    Trust,
    /// SCRAM-SHA-256, the server's usual way since version 14.
    Scram,
    /// MD5, as old installations still do.
    Md5,
    /// The password in the clear.
    Password,
}

impl Auth {
    /// The word for it in `pg_hba.conf`.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Scram => "scram-sha-256",
            Self::Md5 => "md5",
            Self::Password => "password",
        }
    }

    /// How the server must have stored a password for this to work.
    pub(crate) fn password_encryption(self) -> &'static str {
        match self {
            Self::Trust | Self::Scram | Self::Password => "scram-sha-256",
            Self::Md5 => "md5",
        }
    }
}

/// The whole `pg_hba.conf`; the first line that fits decides, so a test's own lines come before the usual.
pub(crate) fn hba(own_lines: &[String], auth: Auth) -> String {
    let mut lines = vec!["local all all trust", "local replication all trust"];
    lines.extend(own_lines.iter().map(String::as_str));
    let everybody = format!("host all all 127.0.0.1/32 {}", auth.method());
    lines.extend([everybody.as_str(), "host replication all 127.0.0.1/32 trust", ""]);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tests_own_lines_decide_before_the_usual_ones() {
        let text = hba(&["hostnossl all all all reject".to_owned()], Auth::Md5);
        let own = text.find("hostnossl").unwrap();
        assert!(own < text.find("host all all 127.0.0.1/32 md5").unwrap());
        assert!(own > text.find("local all all trust").unwrap());
    }
}
