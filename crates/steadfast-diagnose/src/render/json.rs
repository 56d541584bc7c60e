//! For programs. The schema is described in `docs/diagnose.md`.

use std::time::Duration;

use serde::Serialize;

use crate::finding::{Evidence, Figure, Finding, Problem, Severity};
use crate::report::Report;
use crate::verdict::Verdict;

/// The name and version of the schema. The number grows when a field changes its meaning or goes; new fields do not
/// change it.
pub const SCHEMA: &str = "steadfast.diagnose/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    at: String,
    took_ms: f64,
    target: Option<&'a str>,
    verdict: &'static str,
    exit_code: u8,
    first_broken: Option<&'static str>,
    next_action: Option<&'a str>,
    findings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    check: &'static str,
    layer: &'static str,
    verdict: &'static str,
    summary: &'a str,
    took_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<&'static str>,
    evidence: Vec<Item<'a>>,
    problems: Vec<Trouble<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    label: &'a str,
    value: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
}

#[derive(Serialize)]
struct Trouble<'a> {
    severity: &'static str,
    cause: &'a str,
    remedy: &'a str,
    explain: Option<&'static str>,
}

/// The report as one line of JSON, without a line break at its end.
#[must_use]
pub fn render_json(report: &Report) -> String {
    let verdict: Verdict = report.verdict();
    let document = Document {
        schema: SCHEMA,
        at: report.at.to_string(),
        took_ms: millis(report.took),
        target: report.target.as_ref().map(|target| target.as_str()),
        verdict: verdict.word(),
        exit_code: verdict.exit_code(),
        first_broken: report.first_broken().map(|finding| finding.check),
        next_action: report.next_action().map(|problem| problem.remedy.as_str()),
        findings: report.findings.iter().map(entry).collect(),
    };
    // Texts and numbers only: there is nothing that could not be written.
    serde_json::to_string(&document).unwrap_or_default()
}

fn entry(finding: &Finding) -> Entry<'_> {
    Entry {
        check: finding.check,
        layer: finding.layer.word(),
        verdict: finding.verdict().word(),
        summary: finding.outcome.summary.as_str(),
        took_ms: millis(finding.took),
        needs: finding.outcome.skipped.as_ref().and_then(|skipped| skipped.needs),
        evidence: finding.outcome.evidence.iter().map(item).collect(),
        problems: finding.outcome.problems.iter().map(trouble).collect(),
    }
}

fn item(evidence: &Evidence) -> Item<'_> {
    let (value, unit) = match &evidence.value {
        Figure::Count(count) => ((*count).into(), None),
        Figure::Took(duration) => (millis(*duration).into(), Some("ms")),
        Figure::Bytes(bytes) => ((*bytes).into(), Some("bytes")),
        Figure::Flag(flag) => ((*flag).into(), None),
        Figure::Text(text) => (text.as_str().into(), None),
    };
    Item { label: evidence.label.as_str(), value, unit }
}

fn trouble(problem: &Problem) -> Trouble<'_> {
    Trouble {
        severity: match problem.severity {
            Severity::Warning => "warning",
            Severity::Failure => "failure",
        },
        cause: problem.cause.as_str(),
        remedy: problem.remedy.as_str(),
        explain: problem.explain,
    }
}

/// With microseconds, which is as exact as anything here is.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
