//! What other programs make of the same URL.
//!
//! An application may read it by another library than ours, and a URL that we mend is none that all of them can read.
//! tokio-postgres is asked itself; the others are described by their rules, which differ in surprising places.

mod libpq;
mod pieces;
mod sqlalchemy;
mod sqlx;
mod tokio;

pub(crate) use pieces::{Destination, Reading};

/// A library that reads database URLs.
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    pub(crate) read: fn(&str) -> Reading,
}

/// libpq is psycopg, psql, Ruby's pg, PHP and more.
pub(crate) const READERS: &[Reader] = &[
    Reader { name: "libpq", read: libpq::read },
    Reader { name: "SQLAlchemy", read: sqlalchemy::read },
    Reader { name: "tokio-postgres", read: tokio::read },
    Reader { name: "sqlx", read: sqlx::read },
];
