//! Watching over a statement: a path that went silent in the middle of it must not cost its caller the whole deadline.
//!
//! Whoever gives a statement of a transaction up for this reason has the next attempt end what was left behind on the
//! server, and whoever gives a COMMIT up has its outcome found out.

use std::pin::pin;

use crate::backend::{Backend, BackendPulse};
use crate::error::Fault;
use crate::time::{Duration, Instant, sleep};
use crate::verdict::{Class, Step};

/// Runs `work` on the connection with this pulse. When nothing is heard for as long as a ping may take, the server
/// is asked over another connection whether it is still at work, first then and after ever longer times. A slow
/// statement goes on; one that the server knows nothing of ends as a lost connection.
pub(super) async fn watched<R>(
    backend: &Backend,
    pulse: &BackendPulse,
    work: impl Future<Output = Result<R, Fault>> + Send,
) -> Result<R, Fault> {
    let mut work = pin!(work);
    let mut patience = backend.ping_timeout();
    loop {
        let Some(heard) = pulse.heard() else { return work.await };
        tokio::select! {
            biased;
            result = &mut work => return result,
            () = sleep(patience) => {}
        }
        if pulse.heard() != Some(heard) {
            continue;
        }
        tokio::select! {
            biased;
            result = &mut work => return result,
            deserted = is_deserted(backend, pulse, heard) => if deserted {
                return Err(deserted_fault());
            },
        }
        patience = (patience * 2).min(LONGEST);
    }
}

async fn is_deserted(backend: &Backend, pulse: &BackendPulse, heard: u64) -> bool {
    if !backend.is_deserted(pulse, Instant::now() + backend.ping_timeout()).await {
        return false;
    }
    // The answer may be on its way.
    sleep(GRACE).await;
    pulse.heard() == Some(heard)
}

fn deserted_fault() -> Fault {
    Fault::new(
        Class::ConnectionLost,
        Step::Statement,
        "the server is not working on the statement, and its answer never came",
    )
    .with_remedy("the path to the server went silent; the statement is run again over another connection")
}

/// A statement that runs for minutes is asked about this seldom.
const LONGEST: Duration = Duration::from_secs(10);

const GRACE: Duration = Duration::from_millis(100);
