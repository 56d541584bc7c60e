//! Reading options one by one, with a row for each that says what became of it.

use std::fmt::Debug;

use steadfast::config::ConfigError;

use crate::settings::Lookup;
use crate::settings::parse::Show;

/// One option, for `steadfast config`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingRow {
    /// Its name in the environment or on the command line.
    pub name: &'static str,
    /// The value in effect.
    pub value: String,
    /// The default.
    pub default: String,
    /// Where the value came from.
    pub origin: Origin,
    /// Why the default is what it is.
    pub reason: &'static str,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The environment.
    Environment,
    /// The command line.
    CommandLine,
}

impl Origin {
    /// The origin in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::CommandLine => "command line",
        }
    }
}

/// What a parser answers: the value, or what is wrong and what would be accepted.
pub(super) type Parsed<T> = Result<T, (String, &'static str)>;

/// Reads options and collects rows and errors.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Lookup,
    rows: Vec<SettingRow>,
    errors: Vec<ConfigError>,
}

impl Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Lookup) -> Self {
        Self { lookup, rows: Vec::new(), errors: Vec::new() }
    }

    /// Reads an option from the environment into `value`, which holds its default. A variable that is set to
    /// nothing counts as not set: that is how platforms and compose files clear one.
    pub(super) fn read<T: Show>(
        &mut self,
        name: &'static str,
        value: &mut T,
        parse: fn(&str) -> Parsed<T>,
        reason: &'static str,
    ) {
        let default = value.show();
        let text = (self.lookup)(name).unwrap_or_else(|error| {
            self.errors.push(error);
            None
        });
        let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let origin = if text.is_some() { Origin::Environment } else { Origin::Default };
        if let Some(text) = text {
            self.take(name, &text, value, parse);
        }
        self.rows.push(SettingRow { name, value: value.show(), default, origin, reason });
    }

    /// Takes a value from the command line, where it was given.
    pub(super) fn given<T: Show>(
        &mut self,
        name: &'static str,
        text: Option<&str>,
        value: &mut T,
        parse: fn(&str) -> Parsed<T>,
        reason: &'static str,
    ) {
        let default = value.show();
        let Some(text) = text else { return };
        self.take(name, text.trim(), value, parse);
        self.rows.push(SettingRow {
            name,
            value: value.show(),
            default,
            origin: Origin::CommandLine,
            reason,
        });
    }

    /// All rows, or everything that is wrong.
    pub(super) fn finish(self) -> Result<Vec<SettingRow>, Vec<ConfigError>> {
        if self.errors.is_empty() { Ok(self.rows) } else { Err(self.errors) }
    }

    fn take<T>(&mut self, name: &'static str, text: &str, value: &mut T, parse: fn(&str) -> Parsed<T>) {
        match parse(text) {
            Ok(parsed) => *value = parsed,
            Err((problem, accepted)) => self.errors.push(ConfigError::new(name, problem, accepted)),
        }
    }
}
