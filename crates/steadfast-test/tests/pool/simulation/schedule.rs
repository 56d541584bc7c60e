//! One schedule, from its seed to its end.

use std::sync::Arc;
use std::time::Duration;

use steadfast::config::{PoolOptions, PrePing};
use steadfast::pool::Pool;
use steadfast_test::sim::SimServer;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::caller;
use super::referee::Referee;
use super::trouble::{self, End};

/// How many take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Few,
    Crowd,
}

/// Plays a schedule, panics when a rule is broken, and gives a digest of all that happened.
pub(super) fn play(seed: u64, scale: Scale) -> u64 {
    // The pool's own jitter comes from here.
    fastrand::seed(seed);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut random = fastrand::Rng::with_seed(seed);
        let options = options(&mut random, scale);
        let server = SimServer::new();
        let referee = Referee::new(&server, &options);
        let pool =
            Pool::builder(server.clone()).options(options).observer(referee.observer()).build().unwrap();
        let number = if scale == Scale::Crowd { random.usize(1000..4000) } else { random.usize(2..12) };
        let callers: Vec<_> = (0..number)
            .map(|_| {
                let calls = if scale == Scale::Crowd { 2 } else { random.usize(1..8) };
                let caller = caller::Caller::new(pool.clone(), referee.clone(), random.fork());
                #[expect(clippy::disallowed_methods, reason = "a caller is a task of the application")]
                tokio::spawn(caller.call(calls))
            })
            .collect();
        let end = trouble::make(&pool, &server, &referee, &mut random).await;
        trouble::calm(&server);
        referee.all_is_well();
        settle(callers, &pool, &referee).await;
        match end {
            End::Going => check_whole(&pool, &server, &referee).await,
            End::Closed(closer) => {
                let left =
                    timeout(Duration::from_secs(60), closer).await.expect("close does not end").unwrap();
                assert_eq!(left, 0, "connections are left in a closed pool");
            }
            End::Dropped => {}
        }
        drop(pool);
        sleep(Duration::from_secs(60)).await;
        assert_eq!((server.open(), server.connecting()), (0, 0), "a connection leaked");
        referee.digest()
    })
}

fn options(random: &mut fastrand::Rng, scale: Scale) -> PoolOptions {
    let mut options = PoolOptions::default();
    options.size = random.usize(0..4);
    options.max_overflow = random.usize(usize::from(options.size == 0)..4);
    if scale == Scale::Crowd {
        options.size = random.usize(1..20);
    }
    options.min_idle = if random.u8(0..3) == 0 { random.usize(0..=options.size) } else { 0 };
    options.acquire_timeout = Duration::from_secs(600);
    options.leak_tracking = random.bool();
    options.keepalive_ping = (random.u8(0..4) == 0).then_some(Duration::from_secs(20));
    options.recycle =
        [None, Some(Duration::from_secs(3)), Some(Duration::from_secs(240))][random.usize(0..3)];
    options.pre_ping = match random.u8(0..6) {
        0 => PrePing::Always,
        1 => PrePing::Never,
        _ => PrePing::AfterIdle(Duration::from_millis(random.u64(100..2000))),
    };
    if random.u8(0..4) == 0 {
        options.max_waiters = random.usize(1..6);
    }
    options
}

/// Waits until all callers have ended. While somebody waits and nobody holds a connection for long, somebody is
/// served.
async fn settle(callers: Vec<JoinHandle<()>>, pool: &Pool<SimServer>, referee: &Referee) {
    let all = async {
        for caller in callers {
            caller.await.unwrap();
        }
    };
    let mut all = std::pin::pin!(all);
    loop {
        if timeout(Duration::from_secs(1), &mut all).await.is_ok() {
            return;
        }
        referee.expect_progress(pool);
    }
}

/// Everything is at rest, and everything is there.
async fn check_whole(pool: &Pool<SimServer>, server: &SimServer, referee: &Referee) {
    // A permanent fault is tried again after ten seconds.
    sleep(Duration::from_secs(20)).await;
    // With a short `recycle` somebody is always on the way out; between that there is rest.
    let rest = async {
        loop {
            let status = pool.status();
            if status.total() == status.idle && status.waiting == 0 {
                return status;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let rest = timeout(Duration::from_secs(20), rest).await;
    let status = rest.unwrap_or_else(|_| panic!("something was left: {:?}", pool.status()));
    assert_eq!(status.idle, server.open(), "the pool and the server count differently");
    let mut all = Vec::new();
    for _ in 0..status.capacity() {
        all.push(timeout(Duration::from_secs(15), pool.acquire()).await.expect("a slot is lost").unwrap());
    }
    referee.check_capacity(&pool.status());
    drop(all);
    assert_eq!(pool.close(Instant::now() + Duration::from_secs(60)).await, 0);
    assert_eq!(server.open(), 0, "a connection leaked");
    let refused = Arc::new(pool.acquire().await.unwrap_err());
    referee.check_refusal(&refused, Duration::ZERO, Duration::ZERO);
}
