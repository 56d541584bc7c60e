//! For people: one line for each layer in which all is well, and everything about what is not.

use std::fmt::Write as _;

use super::wrap::wrap;
use crate::finding::{Figure, Finding, Problem, Severity};
use crate::layer::Layer;
use crate::report::Report;
use crate::shown::{Shown, in_words};
use crate::verdict::Verdict;

/// How it is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
    /// Symbols beyond ASCII.
    pub symbols: bool,
    /// Columns.
    pub width: usize,
    /// Every check with its figures, also where all is well.
    pub verbose: bool,
}

impl Default for Style {
    /// For a file or a log.
    fn default() -> Self {
        Self { colour: false, symbols: false, width: 100, verbose: false }
    }
}

impl Style {
    /// For a terminal of this many columns.
    #[must_use]
    pub fn terminal(width: usize) -> Self {
        Self { colour: true, symbols: true, width: width.clamp(40, 120), verbose: false }
    }

    /// With or without colours.
    #[must_use]
    pub const fn colour(mut self, colour: bool) -> Self {
        self.colour = colour;
        self
    }

    /// With or without the figures of what is well.
    #[must_use]
    pub const fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    fn paint(self, verdict: Verdict, text: &str) -> String {
        let code = match verdict {
            Verdict::Ok => "32",
            Verdict::Skipped => "2",
            Verdict::Warning => "33",
            Verdict::Failure => "31",
        };
        self.ansi(code, text)
    }

    fn bold(self, text: &str) -> String {
        self.ansi("1", text)
    }

    fn ansi(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn mark(self, verdict: Verdict) -> String {
        let mark = match (verdict, self.symbols) {
            (Verdict::Ok, true) => "✓",
            (Verdict::Ok, false) => "ok  ",
            (Verdict::Skipped, true) => "-",
            (Verdict::Skipped, false) => "-   ",
            (Verdict::Warning, true) => "!",
            (Verdict::Warning, false) => "WARN",
            (Verdict::Failure, true) => "✗",
            (Verdict::Failure, false) => "FAIL",
        };
        self.paint(verdict, mark)
    }

    /// The columns that a mark takes.
    const fn mark_width(self) -> usize {
        if self.symbols { 1 } else { 4 }
    }
}

/// The report for people. Ends with a line break.
#[must_use]
pub fn render_terminal(report: &Report, style: Style) -> String {
    let mut page = Page { style, text: String::new() };
    page.head(report);
    for layer in layers(report) {
        let findings: Vec<&Finding> = report.findings.iter().filter(|found| found.layer == layer).collect();
        page.layer(layer, &findings);
    }
    page.foot(report);
    page.text
}

fn layers(report: &Report) -> Vec<Layer> {
    let mut layers: Vec<Layer> = report.findings.iter().map(|finding| finding.layer).collect();
    layers.sort_unstable();
    layers.dedup();
    layers
}

struct Page {
    style: Style,
    text: String,
}

/// The longest name of a layer, and a blank.
const LAYER_COLUMN: usize = 14;
/// The longest identifier of a check, and a blank.
const CHECK_COLUMN: usize = 16;

impl Page {
    fn line(&mut self, indent: usize, text: &str) {
        // Writing to a String cannot fail.
        let _infallible = writeln!(self.text, "{:indent$}{text}", "");
    }

    fn head(&mut self, report: &Report) {
        let target =
            report.target.as_ref().map_or("a database that cannot be named", |target| target.as_str());
        let head = self.style.bold(target);
        self.line(0, &head);
        self.line(0, "");
    }

    fn layer(&mut self, layer: Layer, findings: &[&Finding]) {
        let worst = findings.iter().map(|finding| finding.verdict()).max().unwrap_or(Verdict::Skipped);
        let mark = self.style.mark(worst);
        if worst <= Verdict::Ok && !self.style.verbose {
            let first = self.style.mark_width().saturating_add(LAYER_COLUMN).saturating_add(2);
            let summary = wrap(&summary(findings, worst), self.style.width, first, first);
            self.line(0, &format!("{mark} {:LAYER_COLUMN$} {summary}", layer.word()));
            return;
        }
        let name = self.style.bold(layer.word());
        self.line(0, &format!("{mark} {name}"));
        for finding in findings {
            self.finding(finding);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let verdict = finding.verdict();
        let mark = self.style.mark(verdict);
        let indent = self.style.mark_width().saturating_add(3).saturating_add(CHECK_COLUMN);
        let summary = wrap(finding.outcome.summary.as_str(), self.style.width, indent, indent);
        let summary = if verdict == Verdict::Skipped { self.style.paint(verdict, &summary) } else { summary };
        self.line(2, &format!("{mark} {:CHECK_COLUMN$}{summary}", finding.check));
        if verdict >= Verdict::Warning || self.style.verbose {
            self.evidence(finding);
        }
        for problem in &finding.outcome.problems {
            self.problem(problem, &finding.outcome.summary);
        }
    }

    fn evidence(&mut self, finding: &Finding) {
        let labels = finding.outcome.evidence.iter().map(|item| item.label.as_str().chars().count());
        let column = labels.max().unwrap_or(0).min(48);
        for item in &finding.outcome.evidence {
            let label = item.label.as_str();
            let first = label.chars().count().max(column).saturating_add(10);
            let value = wrap(&figure(&item.value), self.style.width, first, column.saturating_add(10));
            let line = format!("{label:column$}  {value}");
            self.line(8, &line);
        }
    }

    fn problem(&mut self, problem: &Problem, summary: &Shown) {
        let verdict = match problem.severity {
            Severity::Warning => Verdict::Warning,
            Severity::Failure => Verdict::Failure,
        };
        let told = summary == &problem.cause;
        let cause = Some(("cause", problem.cause.as_str())).filter(|_| !told);
        for (label, text) in cause.into_iter().chain([("remedy", problem.remedy.as_str())]) {
            let name = self.style.paint(verdict, label);
            let padding = " ".repeat(8_usize.saturating_sub(label.len()));
            let text = wrap(text, self.style.width, 16, 16);
            self.line(8, &format!("{name}{padding}{text}"));
        }
        if let Some(entry) = problem.explain {
            self.line(8, &format!("more    steadfast explain {entry}"));
        }
    }

    fn foot(&mut self, report: &Report) {
        let verdict = report.verdict();
        self.line(0, "");
        let took = in_words(report.took);
        let count = |wanted| report.findings.iter().filter(|finding| finding.verdict() == wanted).count();
        let words = match (verdict, report.first_broken()) {
            (Verdict::Failure, Some(first)) => format!(
                "Broken: {} ({}), found in {took}{}.",
                first.check,
                first.layer.word(),
                match report.findings.iter().filter(|found| depends(found)).count() {
                    0 => String::new(),
                    1 => "; 1 check depends on it".to_owned(),
                    depending => format!("; {depending} checks depend on it"),
                },
            ),
            (Verdict::Warning, _) => {
                format!("It works, with {} to look at, in {took}.", count(Verdict::Warning))
            }
            (Verdict::Skipped, _) => "Nothing was looked at.".to_owned(),
            (Verdict::Ok | Verdict::Failure, _) => format!("All is well, in {took}."),
        };
        let words = wrap(&words, self.style.width, 0, 0);
        let words = self.style.paint(verdict, &words);
        self.line(0, &words);
        if let Some(problem) = report.next_action() {
            let next = wrap(problem.remedy.as_str(), self.style.width, 6, 6);
            let name = self.style.bold("Next:");
            self.line(0, &format!("{name} {next}"));
        }
    }
}

fn depends(finding: &Finding) -> bool {
    finding.outcome.skipped.as_ref().is_some_and(|skipped| skipped.needs.is_some())
}

/// What there is to say about a layer in which all is well.
fn summary(findings: &[&Finding], worst: Verdict) -> String {
    let said = findings.iter().filter(|finding| finding.verdict() == worst);
    if worst == Verdict::Skipped {
        let names: Vec<&str> = findings.iter().map(|finding| finding.check).collect();
        let needs = findings.iter().find_map(|finding| finding.outcome.skipped.as_ref()?.needs);
        return match needs {
            Some(needs) => format!("skipped until {needs} works: {}", names.join(", ")),
            None => format!("not looked at: {}", names.join(", ")),
        };
    }
    let texts: Vec<&str> = said.map(|finding| finding.outcome.summary.as_str()).collect();
    texts.join("; ")
}

fn figure(figure: &Figure) -> String {
    match figure {
        Figure::Count(count) => count.to_string(),
        Figure::Took(duration) => in_words(*duration),
        Figure::Bytes(bytes) => bytes_in_words(*bytes),
        Figure::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Figure::Text(text) => text.as_str().to_owned(),
    }
}

fn bytes_in_words(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}
