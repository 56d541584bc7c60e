//! What went wrong while talking to a database: what happened, what the server said, what to do, and what the
//! caller may do next.
//!
//! No error carries a password or a URL with one: [`Fault`] is built from texts that connectors have chosen,
//! never from a whole URL.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::outcome::{Doubt, Ticket};
use crate::verdict::{Class, Step, Verdict};

/// Something that went wrong while talking to a database. Cheap to clone: one fault may reach many waiters.
#[derive(Clone)]
pub struct Fault(Arc<Detail>);

#[derive(Clone)]
struct Detail {
    class: Class,
    step: Step,
    summary: String,
    code: Option<String>,
    remedy: Option<String>,
    last_words: Option<String>,
    constraint: Option<String>,
    in_doubt: Option<InDoubt>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The operation may or may not have been applied.
#[derive(Debug, Clone, Default)]
struct InDoubt {
    ticket: Option<Ticket>,
    doubt: Option<Doubt>,
}

impl Fault {
    /// A fault of this class in this step. The summary is one clause without a final full stop.
    #[must_use]
    pub fn new(class: Class, step: Step, summary: impl Into<String>) -> Self {
        Self(Arc::new(Detail {
            class,
            step,
            summary: summary.into(),
            code: None,
            remedy: None,
            last_words: None,
            constraint: None,
            in_doubt: None,
            source: None,
        }))
    }

    /// Adds the five characters of a SQLSTATE, or a backend's own short code.
    #[must_use]
    pub fn with_code(self, code: impl Into<String>) -> Self {
        self.change(|detail| detail.code = Some(code.into()))
    }

    /// Adds what the reader should do about it: one sentence.
    #[must_use]
    pub fn with_remedy(self, remedy: impl Into<String>) -> Self {
        self.change(|detail| detail.remedy = Some(remedy.into()))
    }

    /// Adds the last thing that the server said before the connection ended (its FATAL).
    #[must_use]
    pub fn with_last_words(self, words: impl Into<String>) -> Self {
        self.change(|detail| detail.last_words = Some(words.into()))
    }

    /// Adds the name of the violated constraint (`users_email_key`), or its columns where the backend knows
    /// only those (`users.email`).
    #[must_use]
    pub fn with_constraint(self, constraint: impl Into<String>) -> Self {
        self.change(|detail| detail.constraint = Some(constraint.into()))
    }

    /// Adds the underlying error, which must not contain a secret.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.change(|detail| detail.source = Some(Arc::new(source)))
    }

    /// Marks that the operation may or may not have been applied.
    #[must_use]
    pub fn with_unknown_outcome(self) -> Self {
        self.change(|detail| {
            detail.in_doubt.get_or_insert_default();
        })
    }

    /// Marks the same, and adds the ticket with which the outcome can be asked for.
    #[must_use]
    pub fn with_ticket(self, ticket: Ticket) -> Self {
        self.change(|detail| detail.in_doubt.get_or_insert_default().ticket = Some(ticket))
    }

    /// Marks the same, and adds why the outcome cannot be known.
    #[must_use]
    pub fn with_doubt(self, doubt: Doubt) -> Self {
        self.change(|detail| detail.in_doubt.get_or_insert_default().doubt = Some(doubt))
    }

    /// Marks that nothing was applied, whatever the connection thought: the work only read, or it was found out.
    #[must_use]
    pub fn with_known_outcome(self) -> Self {
        self.change(|detail| detail.in_doubt = None)
    }

    /// The same fault seen from another step.
    #[must_use]
    pub fn in_step(self, step: Step) -> Self {
        self.change(|detail| detail.step = step)
    }

    /// What kind of thing went wrong.
    #[must_use]
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// The step in which it went wrong.
    #[must_use]
    pub fn step(&self) -> Step {
        self.0.step
    }

    /// What the caller may do.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.0.in_doubt.is_some() { Verdict::OutcomeUnknown } else { self.0.class.verdict() }
    }

    /// Whether the operation may or may not have been applied.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.0.in_doubt.is_some()
    }

    /// With which the outcome of what failed can be asked for, when it is unknown and was noted well enough.
    #[must_use]
    pub fn ticket(&self) -> Option<&Ticket> {
        self.0.in_doubt.as_ref()?.ticket.as_ref()
    }

    /// Why the outcome could not be found out, when that was tried.
    #[must_use]
    pub fn doubt(&self) -> Option<&Doubt> {
        self.0.in_doubt.as_ref()?.doubt.as_ref()
    }

    /// What happened, in one clause.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.0.summary
    }

    /// The SQLSTATE, or a backend's own code.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }

    /// What the server said last, when it said something before it closed the connection.
    #[must_use]
    pub fn last_words(&self) -> Option<&str> {
        self.0.last_words.as_deref()
    }

    /// The violated constraint.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.0.constraint.as_deref()
    }

    fn change(mut self, change: impl FnOnce(&mut Detail)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.step, self.0.summary)?;
        if let Some(code) = &self.0.code {
            write!(f, " ({code})")?;
        }
        if let Some(words) = &self.0.last_words {
            write!(f, "; the server's last words: {words}")?;
        }
        if let Some(remedy) = &self.0.remedy {
            write!(f, "; {remedy}")?;
        }
        if let Some(in_doubt) = &self.0.in_doubt {
            f.write_str("; whether it was applied is unknown")?;
            if let Some(doubt) = &in_doubt.doubt {
                write!(f, ": {doubt}")?;
            }
            if let Some(ticket) = &in_doubt.ticket {
                write!(f, "; to ask again: steadfast resolve {ticket}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("class", &self.0.class)
            .field("step", &self.0.step)
            .field("summary", &self.0.summary)
            .field("code", &self.0.code)
            .field("verdict", &self.verdict())
            .finish_non_exhaustive()
    }
}

impl StdError for Fault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
