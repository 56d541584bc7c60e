//! Words that several checks need.

use steadfast::Fault;
use steadfast::config::SslMode;

use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::shown::{Shown, shown};
use crate::story;

/// libpq's word for it.
pub(crate) const fn sslmode(mode: SslMode) -> &'static str {
    match mode {
        SslMode::Disable => "disable",
        SslMode::Allow => "allow",
        SslMode::Prefer => "prefer",
        SslMode::Require => "require",
        SslMode::VerifyCa => "verify-ca",
        SslMode::VerifyFull => "verify-full",
        _ => "unknown",
    }
}

/// A fault as a problem, with the library's own words.
pub(crate) fn problem_of(fault: &Fault, context: &Context) -> Problem {
    let mut cause = context.shown(fault.summary());
    if let Some(code) = fault.code() {
        cause = shown!(cause, " (", context.shown(code), ")");
    }
    if let Some(words) = fault.last_words()
        && !words.contains(fault.summary())
    {
        cause = shown!(cause, "; the server's last words: ", context.shown(words));
    }
    let remedy =
        context.shown(fault.remedy().unwrap_or("look at the server's log for its side of the story"));
    Problem::failure(cause, remedy).explained(story::of_fault(fault))
}

/// A check that could not ask the server.
pub(crate) fn unanswered(fault: &Fault, context: &Context) -> Outcome {
    Outcome::of(problem_of(fault, context))
}

/// `1 table`, `3 tables`.
pub(crate) fn many(count: usize, one: &'static str, several: &'static str) -> Shown {
    shown!(count, " ", if count == 1 { one } else { several })
}
