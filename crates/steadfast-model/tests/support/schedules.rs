//! How often each scenario is played, and callers who go away in it.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use futures_util::future::poll_fn;

/// Schedules for each test and scheduler, some milliseconds each; `STEADFAST_MODEL_SCHEDULES` asks for more.
const SCHEDULES: usize = 1_000;
/// How many changes of thread at awkward moments a mistake may need.
const DEPTH: usize = 3;

/// Plays the scenario under both schedulers.
pub(crate) fn check(scenario: impl Fn() + Send + Sync + Copy + 'static) {
    shuttle::check_random(scenario, schedules());
    shuttle::check_pct(scenario, schedules(), DEPTH);
}

/// How often a scheduler plays a scenario.
pub(crate) fn schedules() -> usize {
    let told = std::env::var("STEADFAST_MODEL_SCHEDULES").ok();
    told.and_then(|number| number.parse().ok()).unwrap_or(SCHEDULES)
}

/// Polls so often, and then goes away.
pub(crate) async fn give_up_after(polls: usize, future: impl Future) {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|context| {
        if left == 0 || future.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        if left == 0 {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
}
