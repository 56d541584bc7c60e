//! The one table of options. Parsing, display and documentation all read it, so that they cannot disagree.

mod pool;
mod postgres;
mod socket;
mod sqlite;
mod tls;

use crate::config::draft::Draft;
use crate::config::nearest::nearest;
use crate::config::value::Parsed;

/// One option.
#[derive(Debug)]
pub(crate) struct Row {
    /// The name in code and for overrides: `pool.size`.
    pub(crate) name: &'static str,
    /// The environment variable: `STEADFAST_POOL_SIZE`.
    pub(crate) environment: &'static str,
    /// libpq's variable for it; read for PostgreSQL only, and outranked by `environment`.
    pub(crate) libpq: Option<&'static str>,
    /// The URL parameter; libpq's name where libpq has the option.
    pub(crate) parameter: Option<&'static str>,
    /// The part of the URL that carries it.
    pub(crate) part: Option<&'static str>,
    /// The unit of a number that stands alone.
    pub(crate) unit: &'static str,
    /// What is accepted; follows "accepted: ".
    pub(crate) accepted: &'static str,
    /// The default in words where it is found only at run time.
    pub(crate) default: Option<&'static str>,
    /// Which backend it means something to.
    pub(crate) applies: Applies,
    /// Why the default is what it is, with its source.
    pub(crate) reason: &'static str,
    /// Whether its value is never shown.
    pub(crate) secret: bool,
    /// Reads a text into the draft.
    pub(crate) set: fn(&mut Draft, &str) -> Parsed<()>,
    /// The text that `set` reads as the present value; `None` when there is no value.
    pub(crate) text: fn(&Draft) -> Option<String>,
}

/// Which backend an option means something to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applies {
    Both,
    Postgres,
    Sqlite,
}

impl Applies {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }
}

/// What most rows leave as it is.
const BLANK: Row = Row {
    name: "",
    environment: "",
    libpq: None,
    parameter: None,
    part: None,
    unit: "",
    accepted: "",
    default: None,
    applies: Applies::Both,
    reason: "",
    secret: false,
    set: |_, _| Ok(()),
    text: |_| None,
};

impl Row {
    /// The value as it may be shown.
    pub(crate) fn shown(&self, draft: &Draft) -> String {
        match (self.text)(draft) {
            Some(_) if self.secret => HIDDEN.to_owned(),
            Some(text) => text,
            None => "(none)".to_owned(),
        }
    }

    /// What is accepted, as an error says it.
    pub(crate) fn accepted(&self) -> String {
        format!("accepted: {}", self.accepted)
    }
}

/// Stands for a secret.
pub(crate) const HIDDEN: &str = "(hidden)";

/// All options, in the order of the documentation.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    [pool::ROWS, postgres::ROWS, tls::ROWS, socket::ROWS, sqlite::ROWS].into_iter().flatten()
}

/// The option of this name.
pub(crate) fn by_name(name: &str) -> Option<&'static Row> {
    rows().find(|row| row.name == name)
}

/// The option of this URL parameter.
pub(crate) fn by_parameter(parameter: &str) -> Option<&'static Row> {
    rows().find(|row| row.parameter == Some(parameter))
}

/// `did you mean ...` for an error about an unknown name; without a near name, where to look.
pub(crate) fn suggestion(unknown: &str, known: impl Iterator<Item = &'static str>) -> String {
    let near = nearest(unknown, known);
    if near.is_empty() {
        "all names stand in docs/configuration.md and in `steadfast config --reference`".to_owned()
    } else {
        format!("did you mean {}?", near.join(" or "))
    }
}

#[cfg(test)]
mod tests;
