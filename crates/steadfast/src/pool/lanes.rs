//! What each thread has of its own in a pool.
//!
//! To count references to the pool in one place would cost more than all the rest of a checkout. So the usual way of a
//! connection, out and back, writes to nothing but what belongs to its thread.

use std::sync::Arc;

use crossbeam_utils::CachePadded;

use super::shared::Shared;
use crate::by_thread::ByThread;
use crate::connector::Connector;

/// What a lease holds of its pool: the leases of a thread count their references to it here.
pub(super) type Lane<C> = Arc<CachePadded<Arc<Shared<C>>>>;

/// The lanes of a pool.
pub(super) fn lanes<C: Connector>(shared: &Arc<Shared<C>>) -> Arc<ByThread<Lane<C>>> {
    Arc::new(ByThread::new(|| Arc::new(CachePadded::new(Arc::clone(shared)))))
}
