//! Where a check stands.

/// A layer between an application and its data, from the outside inwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// What was configured.
    Configuration,
    /// Names, addresses, ports. For SQLite: the file.
    Network,
    /// Encryption and who we are.
    Security,
    /// The server: state, limits, what stands in front of it.
    Server,
    /// How long the way is, and for how long it remembers.
    Path,
    /// Tables, rights, queries.
    Schema,
    /// How this library copes.
    Behaviour,
}

impl Layer {
    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Network => "network",
            Self::Security => "security",
            Self::Server => "server",
            Self::Path => "path",
            Self::Schema => "schema",
            Self::Behaviour => "behaviour",
        }
    }
}
