//! What a check found.

use std::time::Duration;

use crate::layer::Layer;
use crate::shown::Shown;
use crate::verdict::Verdict;

/// What one check found: a headline, figures, and what is wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Finding {
    /// The check's identifier; it does not change from version to version.
    pub check: &'static str,
    /// The layer that the check belongs to.
    pub layer: Layer,
    /// How long the check took.
    pub took: Duration,
    /// The rest.
    pub outcome: Outcome,
}

impl Finding {
    /// How it ended: as the worst of its problems.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.outcome.verdict()
    }

    /// The problem to begin with.
    #[must_use]
    pub fn worst(&self) -> Option<&Problem> {
        let worst = self.verdict();
        self.outcome.problems.iter().find(|problem| problem.verdict() == worst)
    }
}

/// What a check gives.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// What was found, in a few words.
    pub summary: Shown,
    /// The figures behind it.
    pub evidence: Vec<Evidence>,
    /// What is wrong; empty when all is well.
    pub problems: Vec<Problem>,
    /// Why it was not looked at; `None` when it was.
    pub skipped: Option<Skipped>,
}

/// Why a check was not run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// In words.
    pub reason: Shown,
    /// The check that is broken and that this one depends on.
    pub needs: Option<&'static str>,
}

impl Outcome {
    pub(crate) fn new(summary: impl Into<Shown>) -> Self {
        Self { summary: summary.into(), evidence: Vec::new(), problems: Vec::new(), skipped: None }
    }

    /// There is nothing to look at, or it was not asked for.
    pub(crate) fn skipped(reason: impl Into<Shown>) -> Self {
        let reason = reason.into();
        Self { skipped: Some(Skipped { reason: reason.clone(), needs: None }), ..Self::new(reason) }
    }

    /// Nothing more than a problem.
    pub(crate) fn of(problem: Problem) -> Self {
        Self::new(problem.cause.clone()).problem(problem)
    }

    pub(crate) fn with(mut self, label: impl Into<Shown>, value: impl Into<Figure>) -> Self {
        self.add(label, value);
        self
    }

    pub(crate) fn add(&mut self, label: impl Into<Shown>, value: impl Into<Figure>) {
        self.evidence.push(Evidence { label: label.into(), value: value.into() });
    }

    pub(crate) fn problem(mut self, problem: Problem) -> Self {
        self.problems.push(problem);
        self
    }

    /// How it ended.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.skipped.is_some() {
            return Verdict::Skipped;
        }
        self.problems.iter().map(Problem::verdict).max().unwrap_or(Verdict::Ok)
    }
}

/// A figure with its name.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Evidence {
    /// What it is.
    pub label: Shown,
    /// Its value.
    pub value: Figure,
}

/// A value that was measured or read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Figure {
    /// How many.
    Count(u64),
    /// How long.
    Took(Duration),
    /// How much.
    Bytes(u64),
    /// Whether.
    Flag(bool),
    /// In words.
    Text(Shown),
}

macro_rules! figure {
    ($($type:ty => |$value:ident| $figure:expr),* $(,)?) => {
        $(impl From<$type> for Figure {
            fn from($value: $type) -> Self {
                $figure
            }
        })*
    };
}

figure! {
    u64 => |value| Self::Count(value),
    usize => |value| Self::Count(u64::try_from(value).unwrap_or(u64::MAX)),
    Duration => |value| Self::Took(value),
    bool => |value| Self::Flag(value),
    Shown => |value| Self::Text(value),
    &'static str => |value| Self::Text(value.into()),
}

/// Something that is wrong: why, what to do, and where the whole story is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Whether it is broken now, or will be.
    pub severity: Severity,
    /// What is the matter and why.
    pub cause: Shown,
    /// What to do about it.
    pub remedy: Shown,
    /// The entry of the catalogue that tells more: `steadfast explain ID`.
    pub explain: Option<&'static str>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a third would need an exit code of its own")]
pub enum Severity {
    /// Works, but not for ever, or not under load.
    Warning,
    /// Broken.
    Failure,
}

impl Problem {
    pub(crate) fn failure(cause: impl Into<Shown>, remedy: impl Into<Shown>) -> Self {
        Self { severity: Severity::Failure, cause: cause.into(), remedy: remedy.into(), explain: None }
    }

    pub(crate) fn warning(cause: impl Into<Shown>, remedy: impl Into<Shown>) -> Self {
        Self { severity: Severity::Warning, ..Self::failure(cause, remedy) }
    }

    pub(crate) fn explained(mut self, entry: impl Into<Option<&'static str>>) -> Self {
        self.explain = entry.into();
        self
    }

    /// The verdict of a finding that has nothing worse.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self.severity {
            Severity::Warning => Verdict::Warning,
            Severity::Failure => Verdict::Failure,
        }
    }
}
