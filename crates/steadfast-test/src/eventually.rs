//! Waiting for a condition, with a bound: what tests use instead of sleeping and hoping.

use std::panic::Location;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// The first pause between two looks; doubled up to [`SLOWEST`].
const FASTEST: Duration = Duration::from_millis(1);
/// The longest pause between two looks: a condition is noticed at most this late.
const SLOWEST: Duration = Duration::from_millis(50);

/// Looks again and again until `check` says true.
///
/// `what` completes the sentence "did not happen within ..". One look that hangs counts as a look that said
/// no: `within` bounds the whole.
///
/// # Panics
/// When `within` has passed, naming `what` and the line that called.
///
/// # Cancel safety
/// May be dropped at any time; a look under way is dropped with it.
#[track_caller]
pub fn eventually<F>(what: &str, within: Duration, check: F) -> impl Future<Output = ()>
where
    F: AsyncFnMut() -> bool,
{
    let caller = Location::caller();
    async move {
        if !holds_within(within, check).await {
            gave_up(what, within, caller);
        }
    }
}

/// As [`eventually`], for whoever wants the answer and not the panic.
pub async fn holds_within<F>(within: Duration, mut check: F) -> bool
where
    F: AsyncFnMut() -> bool,
{
    let deadline = Instant::now() + within;
    let mut pause = FASTEST;
    loop {
        match timeout_at(deadline, check()).await {
            Ok(true) => return true,
            Ok(false) if Instant::now() < deadline => {}
            Ok(false) | Err(_) => return false,
        }
        sleep(pause).await;
        pause = (pause * 2).min(SLOWEST);
    }
}

#[expect(clippy::panic, reason = "this is how a test fails")]
fn gave_up(what: &str, within: Duration, caller: &Location<'_>) -> ! {
    panic!("did not happen within {within:?}: {what} (waited for at {caller})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_condition_that_becomes_true_ends_the_wait() {
        let mut looks = 0;
        eventually("third look", Duration::from_secs(5), async || {
            looks += 1;
            looks == 3
        })
        .await;
        assert_eq!(looks, 3);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "did not happen within 2s: the moon is blue")]
    async fn what_never_happens_is_named() {
        eventually("the moon is blue", Duration::from_secs(2), async || false).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_is_bounded_too() {
        assert!(!holds_within(Duration::from_secs(1), async || std::future::pending().await).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_condition_is_looked_at_even_without_time() {
        assert!(holds_within(Duration::ZERO, async || true).await);
    }
}
