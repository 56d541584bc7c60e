//! Pools of connections that are a number in memory: what is left is the pool itself.
//!
//! Peers run without any check, which is the best that they can do; steadfast runs with its defaults.

mod bb8;
mod deadpool;
mod mobc;
mod permit;
mod r2d2;
mod steadfast;

pub use bb8::Bb8;
pub use deadpool::Deadpool;
pub use mobc::Mobc;
pub use permit::Permit;
pub use r2d2::contender as r2d2;
pub use steadfast::Steadfast;

/// What a caller does with a connection before giving it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Nothing.
    Hot,
    /// Lets other tasks run once.
    AcrossYield,
}

impl Use {
    async fn act(self) {
        if self == Self::AcrossYield {
            tokio::task::yield_now().await;
        }
    }
}
