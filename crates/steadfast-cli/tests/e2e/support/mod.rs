//! The real binary, clients that speak plain HTTP to it, and a ledger of what they were told.
#![expect(unreachable_pub, reason = "modules of one test program")]

pub mod browser;
pub mod client;
pub mod ledger;
pub mod load;
pub mod locker;
pub mod scratch;
pub mod service;

pub use client::{Answer, Client};
pub use load::{Load, Record};
pub use service::{Service, steadfast};

use std::time::Duration;

/// A bound for what comes within milliseconds on an idle machine and within seconds on a busy one.
pub const SOON: Duration = Duration::from_secs(20);

/// Where the users are.
pub const USERS: &str = "/api/v1/users";
