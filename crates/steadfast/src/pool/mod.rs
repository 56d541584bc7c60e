//! The pool: keeps up to `size` connections, opens up to `max_overflow` more under load, verifies what is in
//! doubt before anybody gets it, and hands over in order.
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
mod handle;
mod keeper;
mod lease;
mod shared;
mod state;
mod status;
mod upkeep;
mod warm_up;

pub use handle::{Pool, PoolBuilder};
pub use lease::Lease;
pub use status::{Reachability, Status};
