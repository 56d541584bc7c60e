//! All findings of a run.

use std::time::Duration;

use crate::finding::{Finding, Problem};
use crate::shown::Shown;
use crate::verdict::Verdict;

/// All findings of a run, in the order of the chain.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// When it was finished.
    pub at: jiff::Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Which database it is about; `None` when the configuration does not say so in a way that can be read.
    pub target: Option<Shown>,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The worst of all findings.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().map(Finding::verdict).max().unwrap_or(Verdict::Skipped)
    }

    /// The first finding that is broken: where to begin.
    #[must_use]
    pub fn first_broken(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.verdict() == Verdict::Failure)
    }

    /// The one thing to do next: about the first broken finding, else about the first warning.
    #[must_use]
    pub fn next_action(&self) -> Option<&Problem> {
        let warned = || self.findings.iter().find(|finding| finding.verdict() == Verdict::Warning);
        self.first_broken().or_else(warned).and_then(Finding::worst)
    }
}
