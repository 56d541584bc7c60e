//! TLS settings, with libpq's meanings.

use crate::error::ConfigError;

/// TLS settings, with libpq's meanings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsOptions {
    /// What is required of the connection; default `prefer`.
    pub mode: SslMode,
    /// A PEM file of trusted roots, or the word `system`.
    pub root_cert: Option<String>,
    /// A PEM file with our certificate chain.
    pub client_cert: Option<String>,
    /// A PEM file with our key.
    pub client_key: Option<String>,
    /// SHA-256 of the server's public key (SubjectPublicKeyInfo); accepted instead of a trusted chain.
    pub pin: Option<[u8; 32]>,
    /// Start with the TLS handshake, without asking first (`sslnegotiation=direct`, PostgreSQL 17).
    pub direct: bool,
}

impl TlsOptions {
    /// Combinations that libpq refuses as well, or that promise a protection they do not give.
    pub(crate) fn problems(&self, channel_binding: ChannelBinding) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        let mut refuse = |field: &str, problem: &str, accepted: &str| {
            problems.push(ConfigError::new(field, problem, accepted));
        };
        if channel_binding == ChannelBinding::Require && self.mode == SslMode::Disable {
            let accepted = "accepted with sslmode=disable are disable and prefer";
            refuse("postgres.channel_binding", "require needs TLS, and sslmode is disable", accepted);
        }
        if self.root_cert.as_deref() == Some(SYSTEM_ROOTS) && self.mode != SslMode::VerifyFull {
            let problem =
                "with sslrootcert=system anybody can have a trusted certificate, so the name must be checked";
            refuse("postgres.sslmode", problem, "accepted with sslrootcert=system is verify-full");
        }
        if self.pin.is_some() && !self.mode.is_required() {
            let problem = "a pinned key protects nothing while the connection may go without TLS";
            refuse(
                "postgres.sslmode",
                problem,
                "accepted with sslpin are require, verify-ca and verify-full",
            );
        }
        if self.direct && !self.mode.is_required() {
            let problem = "sslnegotiation=direct cannot fall back to a connection without TLS";
            let accepted = "accepted with sslnegotiation=direct are require, verify-ca and verify-full";
            refuse("postgres.sslmode", problem, accepted);
        }
        if self.client_cert.is_some() && self.client_key.is_none() {
            refuse("postgres.sslkey", "sslcert is set without its key", "a PEM file with the key is needed");
        }
        if self.client_key.is_some() && self.client_cert.is_none() {
            refuse(
                "postgres.sslcert",
                "sslkey is set without its certificate",
                "a PEM file with the chain is needed",
            );
        }
        for (field, path) in [
            ("postgres.sslrootcert", &self.root_cert),
            ("postgres.sslcert", &self.client_cert),
            ("postgres.sslkey", &self.client_key),
        ] {
            if path.as_ref().is_some_and(|path| path.is_empty() || path.contains('\0')) {
                refuse(field, "it is empty or contains a NUL character", "accepted is the path of a file");
            }
        }
        problems
    }
}

/// libpq's word for the roots that the system trusts.
pub(crate) const SYSTEM_ROOTS: &str = "system";

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// Without TLS first, with it when the server insists.
    Allow,
    /// With TLS when the server offers it; the certificate is not checked.
    #[default]
    Prefer,
    /// Only with TLS; the certificate is checked only when a root is configured.
    Require,
    /// Only with TLS and a certificate from a trusted root.
    VerifyCa,
    /// The same, and the certificate names the host.
    VerifyFull,
}

impl SslMode {
    /// Whether a connection without TLS is refused.
    #[must_use]
    pub const fn is_required(self) -> bool {
        matches!(self, Self::Require | Self::VerifyCa | Self::VerifyFull)
    }
}

/// libpq's `channel_binding`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// When server and TLS offer it.
    #[default]
    Prefer,
    /// Only with it.
    Require,
}
