//! How the simulated server answers.

use std::time::Duration;

use steadfast::error::Fault;
use steadfast::verdict::{Class, Step};
use tokio::time::sleep;

/// How the server answers something.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// As it should, after this long. On a connection that has gone silent: never.
    After(Duration),
    /// As if all were well, after this long, also on a connection that has gone silent. What a proxy does that
    /// answers pings by itself.
    Lie(Duration),
    /// Never.
    Never,
    /// With an error of this class, after this long.
    Fail(Class, Duration),
    /// The task panics.
    Panic,
}

impl Answer {
    /// Does it. `silent`: nothing comes through to the server, or back from it.
    pub(super) async fn act(self, step: Step, silent: bool) -> Result<(), Fault> {
        match self {
            Self::After(delay) | Self::Fail(_, delay) if silent => {
                sleep(delay).await;
                std::future::pending().await
            }
            Self::After(delay) | Self::Lie(delay) => {
                sleep(delay).await;
                Ok(())
            }
            Self::Never => std::future::pending().await,
            Self::Fail(class, delay) => {
                sleep(delay).await;
                Err(Fault::new(class, step, "simulated"))
            }
            // Not `panic!`: what is meant to happen thousands of times need not be printed each time.
            Self::Panic => std::panic::resume_unwind(Box::new("simulated")),
        }
    }
}
