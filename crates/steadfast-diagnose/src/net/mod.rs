//! Small sockets of our own, below the driver.

pub(crate) mod certificate;
pub(crate) mod foreign;
pub(crate) mod hosts;
pub(crate) mod relay;
pub(crate) mod startup;
pub(crate) mod tls;
pub(crate) mod trust;
