//! The pool: keeps up to `size` connections, opens up to `max_overflow` more under load, verifies what is in
//! doubt before anybody gets it, and hands over in order.
//!
//! # A lease inside a lease
//! A task that holds a lease and waits for another deadlocks as soon as all holders do the same. After a second of such
//! a wait, while all connections are in use, an event tells of it, once for each pool
//! ([`HeldWhileWaiting`](crate::event::Event::HeldWhileWaiting)); the error of the wait says so each time
//! ([`waits_for_itself`](crate::error::AcquireError::waits_for_itself)). A lease counts for the task that acquired it.
//! What cannot be seen: leases that were acquired outside a task (`Runtime::block_on`), in one task on behalf of another,
//! and circles that lead through more than this pool. Told without need: a task that has passed its lease on.
//!
//! # What comes back
//! A returned connection is brought back to its initial state before anybody else gets it, when there are signs that it
//! left that. For PostgreSQL these are the protocol's own (a transaction open, a request unanswered), the tags and texts
//! of statements, the settings that the server reports, and the names of functions whose source changes the session:
//! those are looked up when the pool first connects, and again by a connection that is opened a minute or more later.
//! What stays unseen is what a function in C does, beyond those of the usual extensions, what a function does with
//! statements pieced together beyond recognition, and what a function does that another program created less than
//! `recycle` ago. Whoever has such functions ends the lease by [`Lease::discard`], or resets by hand.
//!
//! # Forks
//! A connection belongs to the process that opened it. In a fork the pool begins empty: what was inherited is
//! forgotten without a byte on its socket (its descriptor stays open, for it is the parent's connection). A lease that
//! was inherited must not be used, for what drives it stayed behind; dropping it is harmless. Start a runtime of the
//! child's own, and do not drop the parent's, which would disturb what both share. Better still, execute a new program
//! instead of forking this one.
//!
//! [`Pool`] is the owner's view, [`Lease`] the borrower's. The machine that decides is pure and private; the rest
//! of this module obeys it.

mod acquire;
mod clock;
mod connecting;
mod fork;
mod handle;
mod keeper;
mod lanes;
mod lease;
mod lending;
mod pockets;
mod pooled;
mod shared;
mod spare;
mod state;
mod status;
mod upkeep;
mod warm_up;
mod watch;

pub use handle::{Pool, PoolBuilder};
pub use lease::Lease;
pub use status::{CircuitState, Reachability, SlotStage, SlotStatus, Status};
