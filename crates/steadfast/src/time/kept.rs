//! Timers that a task keeps for the next time.
//!
//! Nearly all limits of time are never reached: a request sets three or four timers, for its head, for its end and for what it asks
//! of the database, and takes each out again some microseconds later. Every one of them is entered into the wheel
//! of the runtime and taken out of it under a lock for which all threads meet, and some lines of memory go from processor to
//! processor with it: for the service's read of a user that was one part in twenty of its time.
//!
//! To move a timer that is in the wheel to a *later* moment takes none of that: the runtime finds out when the earlier one
//! has come. So a task that does the same again and again keeps its timers where they are, and moves them.
//!
//! The price: a timer that is kept stays in the wheel, and wakes its task once for nothing if that does not use it until its time has
//! come.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

tokio::task_local! {
    static KEPT: RefCell<Vec<Pin<Box<Sleep>>>>;
}

/// More than one task has at the same time.
const MOST: usize = 4;

/// Runs a task that keeps its timers: those of [`timeout_at`] and [`Timer`] within it.
///
/// For whoever serves one connection after the other, or one request after the other, in one task. A timer belongs to the runtime on
/// which it was made, and so does a task: that is why it is the task that keeps them.
///
/// # Cancel safety
/// That of the future.
pub fn keeping_timers<F: Future>(task: F) -> impl Future<Output = F::Output> {
    KEPT.scope(RefCell::default(), task)
}

/// As tokio's function of this name, with a timer that the task has kept. `None` when the deadline came first.
///
/// # Cancel safety
/// That of the future. A timer that was set goes back to the task.
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> impl Future<Output = Option<F::Output>> {
    TimeoutAt { future, timer: Timer::at(deadline) }
}

pin_project! {
    struct TimeoutAt<F> {
        #[pin]
        future: F,
        timer: Timer,
    }
}

impl<F: Future> Future for TimeoutAt<F> {
    type Output = Option<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(context) {
            return Poll::Ready(Some(output));
        }
        ready!(Pin::new(this.timer).poll(context));
        Poll::Ready(None)
    }
}

/// Ready at its deadline. It takes one of the task's timers when it is polled first, and gives it back when it is dropped.
#[derive(Debug)]
#[must_use = "a timer does nothing unless it is polled"]
pub struct Timer {
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Not set yet.
    pub const fn at(deadline: Instant) -> Self {
        Self { deadline, sleep: None }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        self.sleep.get_or_insert_with(|| take(deadline)).as_mut().poll(context)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(sleep) = self.sleep.take() {
            give_back(sleep);
        }
    }
}

/// Of those that are kept the one whose time is the next before this: the others are for what takes longer, and those that would
/// have to be moved to an earlier moment are of no use.
fn take(deadline: Instant) -> Pin<Box<Sleep>> {
    let kept = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        let earlier = kept.iter().enumerate().filter(|(_, sleep)| sleep.deadline() <= deadline);
        let (index, _) = earlier.max_by_key(|(_, sleep)| sleep.deadline())?;
        Some(kept.swap_remove(index))
    });
    match kept {
        Ok(Some(mut sleep)) => {
            sleep.as_mut().reset(deadline);
            sleep
        }
        Ok(None) | Err(_) => Box::pin(sleep_until(deadline)),
    }
}

fn give_back(sleep: Pin<Box<Sleep>>) {
    // What is not kept, because there is no such task or because it has enough, is dropped here.
    let _kept = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        if kept.len() < MOST {
            kept.push(sleep);
        }
    });
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::{Duration, advance};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn kept() -> usize {
        KEPT.with(|kept| kept.borrow().len())
    }

    /// Waits behind this limit until it is given up a moment later.
    async fn gives_up(limit: Duration) {
        let deadline = Instant::now() + limit;
        let waits = timeout_at(deadline, timeout_at(deadline, pending::<()>()));
        assert!(tokio::time::timeout(limit / 100, waits).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_is_reached_at_its_deadline_with_and_without_a_task_that_keeps() {
        let reaches = || async {
            for limit in [SECOND, 3 * SECOND, SECOND / 2, 10 * SECOND, SECOND] {
                let deadline = Instant::now() + limit;
                assert_eq!(timeout_at(deadline, pending::<()>()).await, None);
                assert_eq!(Instant::now(), deadline);
                assert_eq!(timeout_at(deadline, async { 7 }).await, Some(7), "what is ready is ready");
            }
        };
        reaches().await;
        keeping_timers(reaches()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_is_kept_and_moved_to_a_later_moment() {
        keeping_timers(async {
            gives_up(SECOND).await;
            assert_eq!(kept(), 2);
            for _ in 0..100 {
                gives_up(SECOND).await;
                assert_eq!(kept(), 2, "the same two");
            }
            // Their time has come meanwhile: moved on, they are good for another one, and not ready before that.
            advance(5 * SECOND).await;
            let deadline = Instant::now() + SECOND;
            assert_eq!(timeout_at(deadline, pending::<()>()).await, None);
            assert_eq!((Instant::now(), kept()), (deadline, 2));
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_for_long_is_not_taken_for_a_short_time() {
        keeping_timers(async {
            gives_up(100 * SECOND).await;
            gives_up(SECOND).await;
            assert_eq!(kept(), MOST);
            for _ in 0..10 {
                gives_up(SECOND).await;
                gives_up(100 * SECOND).await;
                assert_eq!(kept(), MOST);
            }
            gives_up(SECOND / 10).await;
            assert_eq!(kept(), MOST, "no more than that");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_may_leave_its_task() {
        let (mut timer,) = keeping_timers(async {
            let mut timer = Timer::at(Instant::now() + SECOND);
            assert!(timer.sleep.is_none(), "not set before it is polled");
            assert!(futures_util::poll!(&mut timer).is_pending());
            (timer,)
        })
        .await;
        (&mut timer).await;
        drop(timer);
    }
}
