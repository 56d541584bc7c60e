//! What a check is.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::context::Context;
use crate::finding::Outcome;
use crate::layer::Layer;

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
