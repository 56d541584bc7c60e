//! Where the value of an option came from.

use std::fmt;

/// Where the value of an option came from. Later ones outrank earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// This environment variable.
    Environment(String),
    /// This part of the database's URL.
    UrlPart(&'static str),
    /// This parameter of the database's URL, as it was written there.
    UrlParameter(String),
    /// Given by the caller, such as a command line.
    Override,
    /// It follows from another option, named here.
    Consequence(&'static str),
    /// Changed in code after the configuration was loaded.
    Code,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::UrlPart(part) => write!(f, "URL {part}"),
            Self::UrlParameter(name) => write!(f, "URL parameter {name}"),
            Self::Override => f.write_str("override"),
            Self::Consequence(cause) => write!(f, "because of {cause}"),
            Self::Code => f.write_str("code"),
        }
    }
}
