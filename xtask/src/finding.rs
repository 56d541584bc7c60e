//! What a rule has to say.

use std::fmt;

/// How much it matters; the worst sorts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Must be changed.
    Error,
    /// Worth a thought.
    Warning,
}

/// One place that breaks one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) weight: Weight,
    pub(crate) path: String,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    /// What to do about it.
    pub(crate) remedy: String,
}

impl Finding {
    pub(crate) fn error(path: &str, line: usize, rule: &'static str, remedy: impl Into<String>) -> Self {
        Self { weight: Weight::Error, path: path.to_owned(), line, rule, remedy: remedy.into() }
    }

    pub(crate) fn warning(path: &str, line: usize, rule: &'static str, remedy: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, ..Self::error(path, line, rule, remedy) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Error => "",
            Weight::Warning => "warning: ",
        };
        write!(f, "{}:{}: {}: {weight}{}", self.path, self.line, self.rule, self.remedy)
    }
}
