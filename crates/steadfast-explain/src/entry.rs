//! The terms of the catalogue.

use crate::client::Client;
use crate::layer::Layer;

/// One kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its name for people, programs and links; never changes: `connection-refused`.
    pub id: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Where it happens.
    pub layer: Layer,
    /// The SQLSTATEs that come with it; two characters stand for a whole class of them. Others may share them.
    pub codes: &'static [&'static str],
    /// How clients put it.
    pub wordings: &'static [Wording],
    /// What its words say about the cause.
    pub role: Role,
    /// What happened.
    pub happened: &'static str,
    /// What usually causes it, the likeliest first.
    pub causes: &'static [&'static str],
    /// What to do about it, in this order.
    pub remedies: &'static [&'static str],
    /// Whether trying again helps.
    pub retry: Retry,
    /// What steadfast does about it by itself.
    pub steadfast: &'static str,
    /// Other entries that are worth a look.
    pub related: &'static [&'static str],
}

/// How one client puts it. In the text, `*` stands for what varies: names, numbers, addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wording {
    /// Who says it.
    pub client: Client,
    /// What it says.
    pub text: &'static str,
}

/// What the words of an entry say about the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Role {
    /// They follow from an earlier failure, which is worth more.
    Aftermath,
    /// They tell that something ended, and not why.
    Symptom,
    /// They name the failure itself.
    Cause,
    /// They tell that nobody knows what became of a change, which matters more than why.
    Outcome,
}

/// Whether trying again helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// It will fail again until somebody changes something.
    Never,
    /// Later, with growing pauses.
    Backoff,
    /// Over a fresh connection, unless COMMIT had been sent: then its outcome must be looked up first.
    ResolveCommit,
    /// The whole transaction, from its start.
    Transaction,
    /// The question does not arise.
    NotApplicable,
}

impl Entry {
    /// What entries leave out when they have nothing to say.
    pub(crate) const fn in_layer(layer: Layer) -> Self {
        Self {
            id: "",
            title: "",
            layer,
            codes: &[],
            wordings: &[],
            role: Role::Cause,
            happened: "",
            causes: &[],
            remedies: &[],
            retry: Retry::Never,
            steadfast: "",
            related: &[],
        }
    }
}

impl Role {
    /// One lower-case word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aftermath => "aftermath",
            Self::Symptom => "symptom",
            Self::Cause => "cause",
            Self::Outcome => "outcome",
        }
    }
}

impl Retry {
    /// One lower-case word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Backoff => "backoff",
            Self::ResolveCommit => "resolve-commit",
            Self::Transaction => "transaction",
            Self::NotApplicable => "not-applicable",
        }
    }

    /// A sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Never => "No: it fails in the same way until something is changed.",
            Self::Backoff => "Yes, later: nothing was applied; try again with growing pauses.",
            Self::ResolveCommit => {
                "Yes, over a fresh connection, as long as COMMIT had not been sent. If it had, find out \
                 whether it was applied before anything is repeated."
            }
            Self::Transaction => {
                "Yes: roll back and run the whole transaction again, not its last statement alone."
            }
            Self::NotApplicable => "The question does not arise.",
        }
    }
}
