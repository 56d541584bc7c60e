//! The driver's task: it keeps reading for as long as the connection lives, so that an end is seen at once.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::task::JoinHandle;

use crate::connector::Alarm;
use crate::tasks;

use super::doorbell::Doorbell;
use super::observed::{End, Observed};
use super::tap::Tap;
use super::transport::{Bound, Transport};

/// The driver's half of a connection.
pub(super) type DriverHalf = tokio_postgres::Connection<Tap<Transport>, Bound<Tap<Transport>>>;

/// The running driver. Dropping it closes the socket on the spot.
#[derive(Debug)]
pub(super) struct Driver {
    task: JoinHandle<()>,
}

impl Driver {
    /// Starts the driver. `alarm` is rung when the connection ends or is about to.
    pub(super) fn start(
        mut half: DriverHalf,
        bell: Arc<Doorbell>,
        observed: Arc<Observed>,
        alarm: Alarm,
    ) -> Self {
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
        Self { task }
    }

    /// Completes when the driver has ended.
    pub(super) async fn ended(&mut self) {
        // A panic in the task is reported by whoever started it.
        drop((&mut self.task).await);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
    }
}
