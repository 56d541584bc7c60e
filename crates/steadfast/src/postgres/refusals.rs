//! Writes that a server refused (25006): perhaps because it takes none at all, as a demoted primary does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::catalogue::Catalogue;

/// What is known of refused writes on one connection, and how many there had been over any when it was opened.
#[derive(Debug)]
pub(super) struct Refusals {
    catalogue: Arc<Catalogue>,
    before: u64,
    /// A write was refused here, and the server may be one that takes none at all.
    refused: AtomicBool,
    /// It was refused by the request that is being answered.
    is_news: AtomicBool,
}

impl Refusals {
    pub(super) fn new(catalogue: Arc<Catalogue>) -> Self {
        Self {
            before: catalogue.refusals(),
            catalogue,
            refused: AtomicBool::new(false),
            is_news: AtomicBool::new(false),
        }
    }

    pub(super) fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// A write was refused here.
    pub(super) fn is_there(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }

    /// A write was refused, over whichever connection, since this one was opened.
    pub(super) fn since_opened(&self) -> bool {
        self.catalogue.refusals() != self.before
    }

    pub(super) fn add(&self) {
        self.refused.store(true, Ordering::Release);
        self.is_news.store(true, Ordering::Release);
    }

    /// The server takes writes after all.
    pub(super) fn forget(&self) {
        self.refused.store(false, Ordering::Release);
    }

    /// A refusal that is the server's doing is news for all connections to it.
    pub(super) fn judge(&self, takes_no_writes: impl FnOnce() -> bool) {
        if self.is_news.load(Ordering::Relaxed)
            && takes_no_writes()
            && self.is_news.swap(false, Ordering::Relaxed)
        {
            self.catalogue.refused();
        }
    }

    /// The request is answered: what it has shown the server to be is known by now.
    pub(super) fn settle(&self, takes_no_writes: impl FnOnce() -> bool) {
        if self.is_news.load(Ordering::Relaxed) {
            self.judge(takes_no_writes);
            self.is_news.store(false, Ordering::Relaxed);
        }
    }
}
