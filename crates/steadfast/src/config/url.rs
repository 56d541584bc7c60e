//! Reads a database's URL as people write it: mends what can be mended without a guess and says so, refuses
//! the rest and says which part is wrong. Nothing here ever shows a password, nor what might be a piece of
//! one.

mod authority;
mod foreign;
mod percent;
mod postgres;
mod query;
mod scheme;
mod sqlite;
mod tidy;

use secrecy::SecretString;

use crate::config::origin::Origin;
use crate::config::table;
use crate::error::ConfigError;

pub(crate) use foreign::{FOREIGN, Foreign};
pub(crate) use percent::encode;

/// Which database a URL names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Backend {
    Postgres,
    #[default]
    Sqlite,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct ParsedUrl {
    pub(crate) backend: Backend,
    /// In the order of the table.
    pub(crate) settings: Vec<Part>,
    pub(crate) repairs: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) problems: Vec<ConfigError>,
}

/// One value found in a URL.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) option: &'static str,
    pub(crate) value: SecretString,
    pub(crate) origin: Origin,
    /// What to call it in an error: `DATABASE_URL: parameter sslmode`.
    pub(crate) label: String,
}

/// Reads a URL. `label` names it in messages: `DATABASE_URL`.
pub(crate) fn parse(label: &str, text: &str) -> ParsedUrl {
    let mut reader = Reader {
        label,
        // What is wrong with the URL decides anyway; until then nothing is to count as ignored.
        url: ParsedUrl {
            backend: Backend::Postgres,
            settings: Vec::new(),
            repairs: Vec::new(),
            warnings: Vec::new(),
            problems: Vec::new(),
        },
    };
    if let Err(refusal) = reader.read(text) {
        reader.refuse(&refusal);
    }
    let place = |part: &Part| table::rows().position(|row| row.name == part.option);
    reader.url.settings.sort_by_key(place);
    reader.url
}

/// A part that cannot be read.
struct Refusal {
    /// `scheme`, `port`, `parameter sslmode`; empty: the whole.
    part: String,
    problem: String,
    accepted: String,
}

impl Refusal {
    fn new(part: impl Into<String>, problem: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { part: part.into(), problem: problem.into(), accepted: accepted.into() }
    }
}

/// Collects what is found in a URL.
struct Reader<'a> {
    label: &'a str,
    url: ParsedUrl,
}

impl Reader<'_> {
    fn read(&mut self, text: &str) -> Result<(), Refusal> {
        let tidy = tidy::tidy(text)?;
        for repair in tidy.repairs {
            self.repair(repair);
        }
        let scheme = scheme::read(tidy.text)?;
        if let Some(repair) = &scheme.repair {
            self.repair(repair);
        }
        self.url.backend = scheme.backend;
        match scheme.backend {
            Backend::Postgres => postgres::read(self, scheme.rest),
            Backend::Sqlite => sqlite::read(self, &scheme),
        }
    }

    fn repair(&mut self, what: &str) {
        self.url.repairs.push(format!("{}: {what}", self.label));
    }

    fn warn(&mut self, what: &str) {
        self.url.warnings.push(format!("{}: {what}", self.label));
    }

    fn refuse(&mut self, refusal: &Refusal) {
        let Refusal { part, problem, accepted } = refusal;
        let field = if part.is_empty() { self.label.to_owned() } else { format!("{}: {part}", self.label) };
        self.url.problems.push(ConfigError::new(field, problem, accepted));
    }

    /// Notes a value that stood in a part of the URL.
    fn part(&mut self, option: &'static str, part: &'static str, value: String) {
        let label = format!("{}: {part}", self.label);
        self.url.settings.push(Part { option, value: value.into(), origin: Origin::UrlPart(part), label });
    }

    /// Notes a value that stood in a parameter.
    fn parameter(&mut self, option: &'static str, name: &str, value: String) {
        let label = format!("{}: parameter {name}", self.label);
        let origin = Origin::UrlParameter(name.to_owned());
        self.url.settings.push(Part { option, value: value.into(), origin, label });
    }
}

#[cfg(test)]
mod tests;
