//! The driver's task: it keeps reading for as long as the connection lives, so that an end is seen at once.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::connector::Alarm;
use crate::tasks;
use crate::time::{Duration, timeout};

use super::cancel::Route;
use super::doorbell::Doorbell;
use super::observed::Observed;
use super::signs::End;
use super::tap::Tap;
use super::transport::{Bound, Transport};

/// The driver's half of a connection.
pub(super) type DriverHalf = tokio_postgres::Connection<Tap<Transport>, Bound<Tap<Transport>>>;

/// The running driver. Dropping it closes the socket on the spot. A request that still runs is cancelled in the
/// background: the server would go on with it, and keep its locks, until it has something to send.
#[derive(Debug)]
pub(super) struct Driver {
    task: JoinHandle<()>,
    bell: Arc<Doorbell>,
    observed: Arc<Observed>,
    route: Arc<Route>,
}

impl Driver {
    /// Starts the driver. `alarm` is rung when the connection ends or is about to.
    pub(super) fn start(
        mut half: DriverHalf,
        bell: Arc<Doorbell>,
        observed: Arc<Observed>,
        route: Arc<Route>,
        alarm: Alarm,
    ) -> Self {
        let (rung, seen) = (Arc::clone(&bell), Arc::clone(&observed));
        let task = tasks::spawn("postgres driver", async move {
            poll_fn(|cx| {
                let outcome = bell.run(cx, |cx| {
                    loop {
                        match half.poll_message(cx) {
                            // Notices and notifications; nobody listens to them here.
                            Poll::Ready(Some(Ok(_))) => {}
                            Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                            Poll::Pending => return Poll::Pending,
                        }
                    }
                });
                if observed.take_news() {
                    alarm.ring();
                }
                outcome
            })
            .await;
            drop(half);
            // Whatever ended the driver: the connection is of no use any more.
            observed.ended(End::Eof);
            if observed.take_news() {
                alarm.ring();
            }
        });
        Self { task, bell: rung, observed: seen, route }
    }

    /// Completes when the driver has ended.
    pub(super) async fn ended(&mut self) {
        // A panic in the task is reported by whoever started it.
        drop((&mut self.task).await);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let runs = !self.observed.is_over() && (self.observed.is_busy() || !self.bell.is_resting());
        self.task.abort();
        if runs && let Ok(runtime) = Handle::try_current() {
            let (route, observed) = (Arc::clone(&self.route), Arc::clone(&self.observed));
            tasks::spawn_on(&runtime, "postgres cancel", async move {
                // Whether it arrives or not: nobody is left to be told.
                drop(timeout(CANCEL_WITHIN, route.cancel(&observed)).await);
            });
        }
    }
}

/// A cancel request that takes longer would find the server in a state in which it does not matter.
const CANCEL_WITHIN: Duration = Duration::from_secs(10);
