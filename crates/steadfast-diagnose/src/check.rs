//! What a check is.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::context::Context;
use crate::finding::Outcome;

/// The future of a check.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// One thing to look at. It gives a finding and prints nothing.
pub(crate) trait Check: Sync {
    /// Its identifier, in kebab-case; the same for ever.
    fn id(&self) -> &'static str;

    /// Where it stands between application and data.
    fn layer(&self) -> Layer;

    /// What it looks at, in a few words, for `--list`.
    fn about(&self) -> &'static str;

    /// The checks without which it means nothing: when one of them is broken it is skipped.
    fn needs(&self) -> &'static [&'static str] {
        &[]
    }

    /// Which database it is about.
    fn applies(&self) -> Applies {
        Applies::Postgres
    }

    /// The longest that it may take. What it does has bounds of its own with words of their own; this is the net
    /// beneath.
    fn deadline(&self, _context: &Context) -> Duration {
        Duration::from_secs(10)
    }

    /// Looks.
    fn run<'a>(&'a self, context: &'a Context) -> Running<'a>;
}

/// Which database a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applies {
    Both,
    Postgres,
    Sqlite,
}

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
