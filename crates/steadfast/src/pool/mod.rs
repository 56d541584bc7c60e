//! The pool: keeps up to `size` connections, opens up to `max_overflow` more under load, verifies what is in
//! doubt before anybody gets it, and hands over in order.
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

pub use handle::{Pool, PoolBuilder};
pub use lease::Lease;
pub use status::{Reachability, Status};
