//! Somebody who wants connections, and behaves badly in every way that the rules allow for.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::poll_fn;
use steadfast::error::AcquireError;
use steadfast::pool::{Lease, Pool};
use steadfast_test::sim::SimServer;
use tokio::time::{Instant, sleep, timeout};

use super::referee::{Referee, Turn};

pub(super) struct Caller {
    pool: Pool<SimServer>,
    referee: Referee,
    random: fastrand::Rng,
}

type Acquired = Result<Lease<SimServer>, AcquireError>;

impl Caller {
    pub(super) fn new(pool: Pool<SimServer>, referee: Referee, random: fastrand::Rng) -> Self {
        Self { pool, referee, random }
    }

    pub(super) async fn call(mut self, times: usize) {
        for _ in 0..times {
            if let Some(lease) = self.acquire().await {
                self.hold(lease).await;
            }
            sleep(Duration::from_millis(self.random.u64(0..1500))).await;
        }
    }

    /// A lease, unless the caller gives up first or the pool refuses.
    async fn acquire(&mut self) -> Option<Lease<SimServer>> {
        if self.random.u8(0..12) == 0 {
            let lease = self.pool.try_acquire()?;
            self.referee.leased(&self.pool, &lease, None, false);
            return Some(lease);
        }
        let pool = self.pool.clone();
        let started = Instant::now();
        let patience = Duration::from_millis(self.random.u64(1..20_000));
        let by_deadline = self.random.u8(0..3) == 0;
        let acquiring: Pin<Box<dyn Future<Output = Acquired> + Send>> = if by_deadline {
            Box::pin(async move { pool.acquire_until(started + patience).await })
        } else {
            Box::pin(async move { pool.acquire().await })
        };
        let patience = if by_deadline { patience } else { self.pool.options().acquire_timeout };
        let mut turn = self.referee.turn();
        let mut absent = false;
        let result = match self.random.u8(0..10) {
            // Gives up after a time.
            0..=2 => {
                let moment = Duration::from_millis(self.random.u64(0..50));
                timeout(moment, watched(acquiring, &mut turn)).await.ok()?
            }
            // Gives up at the first, second or third time it could have gone on.
            3 => give_up_at(self.random.usize(1..4), watched(acquiring, &mut turn)).await?,
            // Queues, looks away for a while, and then gives up or goes on.
            4 => {
                let mut acquiring = pin!(watched(acquiring, &mut turn));
                absent = true;
                match futures_util::poll!(&mut acquiring) {
                    Poll::Ready(result) => result,
                    Poll::Pending => {
                        sleep(Duration::from_millis(self.random.u64(0..200))).await;
                        if self.random.bool() {
                            return None;
                        }
                        acquiring.await
                    }
                }
            }
            _ => watched(acquiring, &mut turn).await,
        };
        match result {
            Ok(lease) => {
                self.referee.leased(&self.pool, &lease, Some(&turn), absent);
                Some(lease)
            }
            Err(error) => {
                let slack = if absent { Duration::from_millis(200) } else { Duration::ZERO };
                self.referee.refused(&self.pool, &error, started.elapsed(), patience, slack);
                None
            }
        }
    }

    async fn hold(&mut self, mut lease: Lease<SimServer>) {
        lease.hold();
        let long = self.random.u8(0..60) == 0;
        let held = if long { self.random.u64(1_000..120_000) } else { self.random.u64(0..30) };
        let holding = long.then(|| self.referee.holding_long());
        sleep(Duration::from_millis(held)).await;
        drop(holding);
        // Now and then nothing is asked of the connection.
        let fault = if self.random.u8(0..8) == 0 { None } else { lease.request().err() };
        match (fault, self.random.u32(0..12)) {
            (Some(fault), _) => lease.condemn(fault),
            (None, 0) => {
                lease.lose();
                self.referee.note_loss();
            }
            (None, 1 | 2) => lease.soil(),
            (None, _) => {}
        }
        lease.let_go();
        if self.random.u32(0..20) == 0 {
            lease.discard();
        } else {
            drop(lease);
        }
    }
}

/// Notes whether the caller had to queue.
async fn watched(mut acquiring: Pin<Box<dyn Future<Output = Acquired> + Send>>, turn: &mut Turn) -> Acquired {
    poll_fn(|context| {
        let poll = acquiring.as_mut().poll(context);
        if poll.is_pending() {
            turn.queued();
        }
        poll
    })
    .await
}

/// Drops the future when it has been polled so often in vain.
async fn give_up_at<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => {
            left -= 1;
            if left == 0 { Poll::Ready(None) } else { Poll::Pending }
        }
    })
    .await
}
