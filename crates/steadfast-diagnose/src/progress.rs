//! Who is told how it goes.

use crate::shown::Shown;

/// Told of what is being done, so that somebody who waits sees that it goes on.
pub trait Progress: Send + Sync {
    /// A check begins: the `number`th of `total`.
    fn begins(&self, check: &'static str, number: usize, total: usize);

    /// A check that takes long says how far it is.
    fn goes_on(&self, check: &'static str, what: &Shown);

    /// All is done.
    fn ended(&self) {}
}

/// Nobody is told.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Silent;

impl Progress for Silent {
    fn begins(&self, _check: &'static str, _number: usize, _total: usize) {}

    fn goes_on(&self, _check: &'static str, _what: &Shown) {}
}
