//! The hand-over between the shell, its tasks and those who wait, under interleavings that shuttle chooses. A task that
//! is never woken shows as a deadlock, which shuttle reports with the schedule that leads to it.
//!
//! Mutations that were tried, each found by the test named:
//! - a waiter's first waker is kept when it is polled with another: *deadlock* in
//!   `who_waits_in_another_task_is_woken_there`;
//! - a waiter that is dropped does not leave the queue, or what it had been granted is not passed on: *deadlock* in
//!   `who_goes_away_passes_on`;
//! - a returned connection is inspected before the lock is taken: `what_ends_is_noticed` never ends;
//! - `close` looks whether all is closed before it listens for changes: *deadlock* in `closing_ends`.

#![cfg(steadfast_model)]
#![expect(clippy::disallowed_methods, reason = "the tasks of the model are those of an application")]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use shuttle::future::{JoinHandle, block_on, spawn, yield_now};
use shuttle::rand::Rng as _;
use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicBool, AtomicUsize};
use steadfast::Fault;
use steadfast::config::PoolOptions;
use steadfast::connector::{Alarm, Condition, Connector};
use steadfast::error::AcquireFailure;
use steadfast::pool::{Lease, Pool};
use steadfast::time::Instant;
use steadfast::verdict::{Class, Step};

use self::schedules::{check, give_up_after, schedules};

#[path = "support/schedules.rs"]
mod schedules;

/// A server that answers at once, but not before others had a chance to run.
#[derive(Debug, Clone, Default)]
struct Server(Arc<Book>);

#[derive(Debug, Default)]
struct Book {
    open: AtomicUsize,
    most_open: AtomicUsize,
    lines: Mutex<Vec<(Arc<Line>, Alarm)>>,
}

#[derive(Debug, Default)]
struct Line {
    gone: AtomicBool,
    lost: AtomicBool,
    dirty: AtomicBool,
    held: AtomicBool,
}

#[derive(Debug)]
struct Connection {
    line: Arc<Line>,
    server: Server,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.line.gone.store(true, Ordering::SeqCst);
        self.server.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Server {
    fn end_all(&self) {
        let lines: Vec<_> = self.0.lines.lock().unwrap().clone();
        for (line, alarm) in lines {
            line.lost.store(true, Ordering::SeqCst);
            alarm.ring();
        }
    }
}

impl Server {
    /// Connections that have ended and are there all the same.
    fn lost_and_kept(&self) -> usize {
        let lines = self.0.lines.lock().unwrap();
        let kept = |line: &Line| line.lost.load(Ordering::SeqCst) && !line.gone.load(Ordering::SeqCst);
        lines.iter().filter(|(line, _)| kept(line)).count()
    }
}

impl Server {
    fn is_among_the_first(&self, number: usize, connection: &Connection) -> bool {
        let lines = self.0.lines.lock().unwrap();
        lines.iter().take(number).any(|(line, _)| Arc::ptr_eq(line, &connection.line))
    }
}

impl Connector for Server {
    type Connection = Connection;

    async fn connect(&self, alarm: Alarm) -> Result<Connection, Fault> {
        yield_now().await;
        let line = Arc::new(Line::default());
        let open = self.0.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most_open.fetch_max(open, Ordering::SeqCst);
        self.0.lines.lock().unwrap().push((Arc::clone(&line), alarm));
        Ok(Connection { line, server: self.clone() })
    }

    async fn ping(&self, _connection: &mut Connection) -> Result<(), Fault> {
        yield_now().await;
        Ok(())
    }

    fn inspect(&self, connection: &Connection) -> Condition {
        if connection.line.lost.load(Ordering::SeqCst) {
            Condition::Lost(Fault::new(Class::ConnectionLost, Step::Statement, "ended"))
        } else if connection.line.dirty.load(Ordering::SeqCst) {
            Condition::Dirty
        } else {
            Condition::Ready
        }
    }

    async fn clean(&self, connection: &mut Connection) -> Result<(), Fault> {
        yield_now().await;
        connection.line.dirty.store(false, Ordering::SeqCst);
        Ok(())
    }

    async fn close(&self, connection: Connection) {
        yield_now().await;
        drop(connection);
    }
}

fn pool(size: usize) -> (Pool<Server>, Server) {
    let server = Server::default();
    let mut options = PoolOptions::default();
    (options.size, options.max_overflow) = (size, 0);
    (Pool::new(server.clone(), options).unwrap(), server)
}

/// Uses a connection, and sees to it that nobody else does.
async fn work(lease: Lease<Server>) {
    assert!(!lease.line.held.swap(true, Ordering::SeqCst), "two have it");
    yield_now().await;
    lease.line.held.store(false, Ordering::SeqCst);
}

fn caller(pool: &Pool<Server>) -> JoinHandle<()> {
    let pool = pool.clone();
    spawn(async move { work(pool.acquire().await.unwrap()).await })
}

#[test]
fn whoever_waits_is_served() {
    check(|| {
        let (pool, server) = pool(1);
        let callers: Vec<_> = (0..3).map(|_| caller(&pool)).collect();
        block_on(async {
            for caller in callers {
                caller.await.unwrap();
            }
        });
        assert_eq!(server.0.most_open.load(Ordering::SeqCst), 1, "rule 1");
    });
}

#[test]
fn who_goes_away_passes_on() {
    check(|| {
        let (pool, server) = pool(1);
        let first = caller(&pool);
        let quitters: Vec<_> = (1..3)
            .map(|polls| {
                let pool = pool.clone();
                spawn(async move { give_up_after(polls, pool.acquire()).await })
            })
            .collect();
        let last = caller(&pool);
        block_on(async {
            first.await.unwrap();
            for quitter in quitters {
                quitter.await.unwrap();
            }
            last.await.unwrap();
            // Nothing is lost either.
            work(pool.acquire().await.unwrap()).await;
        });
        assert_eq!(server.0.most_open.load(Ordering::SeqCst), 1, "rule 1");
        let status = pool.status();
        assert_eq!((status.waiting, status.leased, status.total()), (0, 0, 1), "{status:?}");
    });
}

/// A future that moves to another task while it waits must be woken there.
#[test]
fn who_waits_in_another_task_is_woken_there() {
    check(|| {
        let (pool, _server) = pool(1);
        let holder = caller(&pool);
        let mover = {
            let pool = pool.clone();
            spawn(async move {
                let mut acquiring: Box<dyn Future<Output = _> + Send + Unpin> =
                    Box::new(Box::pin(async move { pool.acquire().await.unwrap() }));
                if let Poll::Ready(lease) = futures_util::poll!(&mut acquiring) {
                    return work(lease).await;
                }
                spawn(async move { work(acquiring.await).await }).await.unwrap();
            })
        };
        block_on(async {
            holder.await.unwrap();
            mover.await.unwrap();
        });
    });
}

#[test]
fn closing_ends() {
    check(|| {
        let (pool, server) = pool(2);
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let pool = pool.clone();
                spawn(async move {
                    match pool.acquire().await {
                        Ok(lease) => work(lease).await,
                        Err(error) => assert_eq!(error.failure, AcquireFailure::Closed),
                    }
                })
            })
            .collect();
        let closer = {
            let pool = pool.clone();
            spawn(async move { pool.close(Instant::now() + Duration::from_secs(9)).await })
        };
        block_on(async {
            assert_eq!(closer.await.unwrap(), 0);
            for caller in callers {
                caller.await.unwrap();
            }
        });
        assert_eq!(server.0.open.load(Ordering::SeqCst), 0);
    });
}

/// A connection ends at any moment: while it is opened, leased, on its way back, idle. Nobody gets it, and it does not
/// stay.
#[test]
fn what_ends_is_noticed() {
    let scenario = || {
        let (pool, server) = pool(1);
        // Two before the lease of whom it may happen, or none: then it is on its way back most of the time.
        let before = shuttle::rand::thread_rng().gen_range(0..2_usize) * 2;
        let callers: Vec<_> = (0..before).map(|_| caller(&pool)).collect();
        let lease = block_on(pool.acquire()).unwrap();
        let returning = spawn(async move { drop(lease) });
        let breaker = {
            let server = server.clone();
            spawn(async move { server.end_all() })
        };
        block_on(async {
            for caller in callers {
                caller.await.unwrap();
            }
            returning.await.unwrap();
            breaker.await.unwrap();
            while server.lost_and_kept() > 0 {
                yield_now().await;
            }
        });
        assert_eq!(server.0.most_open.load(Ordering::SeqCst), 1, "rule 1");
    };
    // A busy wait has no end under PCT, which may prefer the one who waits for ever.
    shuttle::check_random(scenario, 2 * schedules());
}

#[test]
fn what_comes_back_dirty_or_disposed_of_serves_nobody_as_it_is() {
    check(|| {
        let (pool, server) = pool(1);
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let pool = pool.clone();
                spawn(async move {
                    let lease = pool.acquire().await.unwrap();
                    assert!(!lease.line.dirty.swap(true, Ordering::SeqCst), "rule 8");
                    work(lease).await;
                })
            })
            .collect();
        let owner = {
            let pool = pool.clone();
            spawn(async move {
                pool.dispose();
                pool.resize(2, 0).unwrap();
                pool.resize(1, 0).unwrap();
            })
        };
        block_on(async {
            for caller in callers {
                caller.await.unwrap();
            }
            owner.await.unwrap();
            work(pool.acquire().await.unwrap()).await;
        });
        assert!(server.0.most_open.load(Ordering::SeqCst) <= 2, "rule 1");
    });
}

#[test]
fn warming_up_ends_beside_callers_who_come_and_go() {
    check(|| {
        let (pool, _server) = pool(2);
        let caller = caller(&pool);
        let warmer = {
            let pool = pool.clone();
            spawn(async move { pool.warm_up(2, Instant::now() + Duration::from_secs(9)).await.unwrap() })
        };
        block_on(async {
            warmer.await.unwrap();
            caller.await.unwrap();
        });
        assert_eq!(pool.status().total(), 2);
    });
}

/// Who comes again and again finds the connection in its thread's pocket most of the time; not so when somebody waits.
#[test]
fn who_comes_again_passes_nobody_by() {
    check(|| {
        let (pool, server) = pool(1);
        // The pockets are open when the keeper has had its first turn.
        block_on(async { work(pool.acquire().await.unwrap()).await });
        let (queued, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let regulars: Vec<_> = (0..2)
            .map(|_| {
                let (pool, queued, served) = (pool.clone(), Arc::clone(&queued), Arc::clone(&served));
                spawn(async move {
                    for _ in 0..3 {
                        let somebody_waits = queued.load(Ordering::SeqCst);
                        let lease = pool.acquire().await.unwrap();
                        assert!(!somebody_waits || served.load(Ordering::SeqCst), "rule 2");
                        work(lease).await;
                    }
                })
            })
            .collect();
        let waiter = {
            let pool = pool.clone();
            spawn(async move {
                let mut acquiring = Box::pin(pool.acquire());
                let lease = match futures_util::poll!(&mut acquiring) {
                    Poll::Ready(lease) => lease,
                    Poll::Pending => {
                        queued.store(true, Ordering::SeqCst);
                        acquiring.await
                    }
                };
                served.store(true, Ordering::SeqCst);
                work(lease.unwrap()).await;
            })
        };
        block_on(async {
            for regular in regulars {
                regular.await.unwrap();
            }
            waiter.await.unwrap();
        });
        assert_eq!(server.0.most_open.load(Ordering::SeqCst), 1, "rule 1");
        let status = pool.status();
        assert_eq!((status.waiting, status.leased, status.idle), (0, 0, 1), "{status:?}");
    });
}

/// Whoever looks sees what is in the pockets, and nobody gets from there what was disposed of.
#[test]
fn what_is_in_a_pocket_is_seen_and_disposed_of() {
    check(|| {
        let (pool, server) = pool(2);
        block_on(async { work(pool.acquire().await.unwrap()).await });
        let old = server.0.lines.lock().unwrap().len();
        let disposed = Arc::new(AtomicBool::new(false));
        let regulars: Vec<_> = (0..2)
            .map(|_| {
                let (pool, server, disposed) = (pool.clone(), server.clone(), Arc::clone(&disposed));
                spawn(async move {
                    for _ in 0..3 {
                        let must_be_new = disposed.load(Ordering::SeqCst);
                        let lease = pool.acquire().await.unwrap();
                        assert!(!(must_be_new && server.is_among_the_first(old, &lease)), "rule 6");
                        work(lease).await;
                    }
                })
            })
            .collect();
        let owner = {
            let pool = pool.clone();
            spawn(async move {
                pool.dispose();
                disposed.store(true, Ordering::SeqCst);
                let status = pool.status();
                assert!(status.leased + status.idle + status.opening <= 2, "rule 1: {status:?}");
            })
        };
        block_on(async {
            for regular in regulars {
                regular.await.unwrap();
            }
            owner.await.unwrap();
        });
        let status = pool.status();
        assert_eq!((status.waiting, status.leased), (0, 0), "{status:?}");
        assert!(server.0.most_open.load(Ordering::SeqCst) <= 2, "rule 1");
    });
}

/// The pool goes while a lease is out.
#[test]
fn a_pool_may_go_before_its_leases() {
    check(|| {
        let (pool, server) = pool(1);
        let lease = block_on(pool.acquire()).unwrap();
        let holder = spawn(async move { work(lease).await });
        drop(pool);
        block_on(holder).unwrap();
        // Whatever was still a task's is let go of by it.
        block_on(async {
            while server.0.open.load(Ordering::SeqCst) > 0 {
                yield_now().await;
            }
        });
    });
}
