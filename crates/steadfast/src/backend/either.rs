//! The same code for both databases.

/// The same expression for whichever database it is.
macro_rules! either {
    ($of:expr, $name:ident => $body:expr) => {
        match $of {
            #[cfg(feature = "postgres")]
            Self::Postgres($name) => $body,
            #[cfg(feature = "sqlite")]
            Self::Sqlite($name) => $body,
        }
    };
}
