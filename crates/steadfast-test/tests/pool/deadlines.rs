//! A wait ends at its deadline, whatever became of the task that watches over those who wait.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use parking_lot::{Condvar, Mutex};
use steadfast::config::PoolOptions;
use steadfast::error::{AcquireError, AcquireFailure};
use steadfast::event::{Event, Observer};
use steadfast::pool::{Lease, Pool};
use steadfast_test::eventually;
use steadfast_test::sim::{Answer, SimServer};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout};

use super::{ms, pool, s};

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_its_deadline_near_or_far() {
    let (pool, _server) = pool(1, 0);
    let _lease = pool.acquire().await.unwrap();
    for patience in [ms(0), ms(10), ms(60), ms(199), ms(200), ms(201), ms(350), s(1), s(30)] {
        let started = Instant::now();
        let error = pool.acquire_until(started + patience).await.unwrap_err();
        let late = started.elapsed() - patience;
        assert_eq!(error.failure, AcquireFailure::TimedOut);
        // The runtime's timers count milliseconds.
        assert!(late <= ms(1) && error.waited <= patience + ms(1), "{late:?} after {patience:?}");
    }
}

/// All who joined between two calls of the watch, and one after them.
#[tokio::test(start_paused = true)]
async fn everybody_in_the_queue_has_a_deadline() {
    let (pool, _server) = pool(1, 0);
    let _lease = pool.acquire().await.unwrap();
    let started = Instant::now();
    let waits = (1..=50_u32).map(|number| {
        let pool = pool.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ms(7) * number).await;
            pool.acquire_until(Instant::now() + s(2)).await.map(drop).unwrap_err();
            assert!(started.elapsed() <= ms(7) * number + s(2) + ms(1), "number {number} was late");
        })
    });
    for wait in waits.collect::<Vec<_>>() {
        wait.await.unwrap();
    }
    assert_eq!(pool.status().waiting, 0);
}

/// The wait ends by itself, at its deadline, and not because the end of a longer one polls it.
async fn ends(wait: impl Future<Output = Result<Lease<SimServer>, AcquireError>>) {
    let started = Instant::now();
    let error = timeout(s(30), wait).await.expect("the wait ended").unwrap_err();
    assert!(started.elapsed() < s(30), "the wait ended by itself");
    assert_eq!(error.failure, AcquireFailure::TimedOut);
}

/// A runtime that does something only within `block_on`.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// One that nobody drives when `left_behind` has returned. Where time stands still the watch is never late.
fn runtime_to_be_left() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// An exhausted pool whose watch is on duty.
fn left_behind(runtime: &Runtime) -> (Pool<SimServer>, Lease<SimServer>) {
    runtime.block_on(async {
        let (pool, _server) = pool(1, 0);
        let lease = pool.acquire().await.unwrap();
        // Whoever waits for it rings for the watch.
        let called = Arc::new(Called::default());
        let mut wait = pin!(pool.acquire());
        poll_once(wait.as_mut(), &called);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        (pool.clone(), lease)
    })
}

#[derive(Debug, Default)]
struct Called(AtomicUsize);

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Begins a wait.
fn poll_once(wait: Pin<&mut impl Future>, called: &Arc<Called>) {
    let waker = Waker::from(Arc::clone(called));
    assert!(wait.poll(&mut Context::from_waker(&waker)).is_pending());
}

#[test]
fn a_deadline_holds_where_nobody_drives_the_pools_runtime() {
    let behind = runtime_to_be_left();
    let (pool, _lease) = left_behind(&behind);
    runtime().block_on(async { ends(pool.acquire_until(Instant::now() + ms(400))).await });
}

/// It relied on a watch that will not come.
#[test]
fn a_deadline_holds_when_the_pools_runtime_ends() {
    let behind = runtime_to_be_left();
    let (pool, _lease) = left_behind(&behind);
    let called = Arc::new(Called::default());
    let mut wait = pin!(pool.acquire_until(Instant::now() + ms(400)));
    behind.block_on(async { poll_once(wait.as_mut(), &called) });
    assert_eq!(called.0.load(Ordering::SeqCst), 0);
    drop(behind);
    assert_eq!(called.0.load(Ordering::SeqCst), 1, "whoever waits is told that the watch has ended");
    runtime().block_on(async { ends(wait).await });
}

/// Does not return from the end of a connection before it is told to.
#[derive(Debug, Default)]
struct Stuck {
    hangs: Mutex<bool>,
    released: Mutex<bool>,
    told: Condvar,
}

impl Observer for Stuck {
    fn observe(&self, event: &Event) {
        if matches!(event, Event::Closed { .. }) {
            *self.hangs.lock() = true;
            let mut released = self.released.lock();
            while !*released {
                self.told.wait(&mut released);
            }
        }
    }
}

/// Lets it go on, also when the test fails: the runtime waits for it.
struct Release(Arc<Stuck>);

impl Drop for Release {
    fn drop(&mut self) {
        *self.0.released.lock() = true;
        self.0.told.notify_all();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_deadline_holds_while_the_keeper_hangs_in_an_observer() {
    let (server, stuck) = (SimServer::new(), Arc::new(Stuck::default()));
    let _release = Release(Arc::clone(&stuck));
    // A thread of the runtime that blocks may be the one that looks after all timers: this keeps another one awake.
    let _awake = tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let mut options = PoolOptions::default();
    (options.size, options.max_overflow, options.idle_timeout) = (1, 0, Some(ms(100)));
    let observer = Arc::clone(&stuck) as Arc<dyn Observer>;
    let pool = Pool::builder(server.clone()).options(options).observer(observer).build().unwrap();
    drop(pool.acquire().await.unwrap());
    eventually("the keeper hangs", s(10), async || *stuck.hangs.lock()).await;
    server.on_connect(Answer::Never);
    ends(pool.acquire_until(Instant::now() + ms(400))).await;
}
