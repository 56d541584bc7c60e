//! Fear: a process that was forked off speaks on its parent's connections.
//!
//! The child may neither drive nor drop the parent's runtime: both have one epoll descriptor in common. It makes
//! one of its own, as every program must that forks with one alive, and leaves without running destructors.
#![cfg(test)]
#![cfg(all(unix, feature = "postgres"))]
#![expect(clippy::disallowed_methods, reason = "tests start tasks as an application would")]

#[path = "pool_postgres/support.rs"]
#[expect(dead_code, reason = "not all of it is for forks")]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fork::Fork;
use steadfast::Fault;
use steadfast::pool::{Lease, Pool};
use steadfast::postgres::PostgresConnector;
use steadfast::sql::SqlConnection as _;
use steadfast_test::{Certificates, Direction, Postgres, Relay, eventually};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use support::*;

/// A child inherits the descriptors of every test in this process, and would keep their connections open.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs this in a fork of this process, and waits until that has ended well.
fn in_child(parent: &Runtime, work: impl FnOnce()) {
    match fork::fork().unwrap() {
        Fork::Child => {
            let code = i32::from(catch_unwind(AssertUnwindSafe(work)).is_err());
            #[expect(clippy::exit, reason = "the child leaves without running a destructor")]
            std::process::exit(code);
        }
        Fork::Parent(child) => parent.block_on(async {
            eventually("the child has ended", SOON, async || match fork::waitpid_nohang(child).unwrap() {
                None => false,
                Some(status) => {
                    assert_eq!(status, 0, "the child has failed: its panic is above");
                    true
                }
            })
            .await;
        }),
    }
}

/// A runtime of the child's own, which nothing outlives.
fn own_runtime(work: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(SOON, work).await.expect("ends in time") });
}

fn parents() -> [Runtime; 2] {
    [
        Builder::new_current_thread().enable_all().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
    ]
}

/// A self-signed certificate and its key.
fn certificate() -> (String, String) {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fork-certificates-1");
    let made = Certificates::kept(directory, |made| made.authority("localhost"));
    (made.text("localhost.crt"), made.text("localhost.key"))
}

/// What must not change while the child lives: what the relay has seen of the parent's connections, and what
/// the server says of them.
async fn fingerprint(server: &Postgres, relay: &Relay, pids: &[u32]) -> (u64, u64, String) {
    let counters = relay.counters();
    let sessions = format!(
        "SELECT pid, state, query_start, state_change FROM pg_stat_activity WHERE pid IN ({}) \
        ORDER BY pid",
        pids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
    );
    (counters.bytes_to_server, counters.bytes_to_client, server.psql(&sessions).await)
}

/// Two idle, one leased with a transaction open.
struct Scene {
    server: Postgres,
    relay: Relay,
    pool: Pool<PostgresConnector>,
    leased: Lease<PostgresConnector>,
    pids: Vec<u32>,
}

impl Scene {
    async fn set(tls: bool) -> Self {
        let builder = Postgres::builder();
        let server = if tls {
            let (certificate, key) = certificate();
            builder.tls(&certificate, &key).start().await
        } else {
            builder.start().await
        };
        let relay = Relay::to(server.addr()).await;
        let mode = if tls { "require" } else { "disable" };
        let url = format!("{}?sslmode={mode}", relay.url_from(&server));
        let pool = pool(&url, "forked", 4);
        let mut leases = take(&pool, 3).await;
        let pids = leases.iter().map(backend).collect();
        let mut leased = leases.pop().unwrap();
        assert_eq!(leased.server().tls.is_some(), tls);
        leased.begin(steadfast::sql::TransactionOptions::default()).await.unwrap();
        leased.query("SELECT 1", &[]).await.unwrap();
        drop(leases);
        eventually("two are idle", SOON, async || pool.status().idle == 2).await;
        // Used for longer than a tick of the keeper, one of them lies in this thread's pocket at last.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(200) {
            drop(pool.acquire().await.unwrap());
            tokio::task::yield_now().await;
        }
        Self { server, relay, pool, leased, pids }
    }

    /// The parent goes on where it was.
    async fn goes_on(mut self) {
        let pid = text(&mut self.leased, "SELECT pg_backend_pid()::text").await;
        assert_eq!(pid, backend(&self.leased).to_string());
        self.leased.commit().await.unwrap();
        drop(self.leased);
        let leases = take(&self.pool, 3).await;
        let mut now: Vec<u32> = leases.iter().map(backend).collect();
        for mut lease in leases {
            assert_eq!(text(&mut lease, "SELECT 'fine'").await, "fine");
        }
        now.sort_unstable();
        self.pids.sort_unstable();
        assert_eq!(now, self.pids, "on the same connections");
        let log = self.server.log();
        for sign in ["invalid frontend message", "invalid message", "SSL error", "bad record mac"] {
            assert!(!log.contains(sign), "{sign}:\n{log}");
        }
    }
}

#[test]
fn a_child_that_only_drops_what_it_inherited_sends_not_a_byte() {
    let _alone = alone();
    for (parent, tls) in parents()
        .into_iter()
        .flat_map(|parent| [(parent, false)])
        .chain([(parents().into_iter().next().unwrap(), true)])
    {
        let scene = parent.block_on(Scene::set(tls));
        let before = parent.block_on(fingerprint(&scene.server, &scene.relay, &scene.pids));
        let Scene { server, relay, pool, leased, pids } = scene;
        let inherited = std::cell::RefCell::new(Some((leased, pool)));
        in_child(&parent, || {
            let (leased, pool) = inherited.take().unwrap();
            own_runtime(async move {
                assert!(pool.try_acquire().is_none(), "nothing is lent on here");
                pool.suspect(&Fault::new(
                    steadfast::verdict::Class::ConnectionLost,
                    steadfast::verdict::Step::Ping,
                    "of the child's own",
                ));
                pool.dispose();
                drop(leased);
                assert_eq!(pool.close(Instant::now() + SOON).await, 0, "nothing of its own is open");
                drop(pool);
                tokio::time::sleep(Duration::from_millis(50)).await;
            });
        });
        let after = parent.block_on(fingerprint(&server, &relay, &pids));
        assert_eq!(after, before, "TLS: {tls}");
        assert_eq!(relay.counters().opened, 3);
        let (leased, pool) = inherited.take().unwrap();
        parent.block_on(Scene { server, relay, pool, leased, pids }.goes_on());
    }
}

#[test]
fn a_child_opens_its_own_connections_and_leaves_its_parents_alone() {
    let _alone = alone();
    for tls in [false, true] {
        for parent in parents() {
            let scene = parent.block_on(Scene::set(tls));
            let sessions =
                |scene: &Scene| parent.block_on(fingerprint(&scene.server, &scene.relay, &scene.pids)).2;
            let before = sessions(&scene);
            in_child(&parent, || {
                own_runtime(async {
                    let mut leases = take(&scene.pool, 4).await;
                    for lease in &mut leases {
                        assert!(!scene.pids.contains(&backend(lease)), "it has its own");
                        assert_eq!(text(lease, "SELECT 'child'").await, "child");
                    }
                    assert_eq!(scene.pool.status().total(), 4, "the parent's do not count here");
                    drop(leases);
                    let again = scene.pool.acquire().await.unwrap();
                    again.discard();
                });
            });
            assert_eq!(sessions(&scene), before, "TLS: {tls}");
            if !tls {
                let goodbyes = scene.relay.messages(Direction::ToServer, b'X');
                assert!(goodbyes <= 1, "{goodbyes}: only what the child discarded was said goodbye to");
            }
            parent.block_on(async {
                // The child has gone without a word; that is its own business.
                eventually("the child's are gone", SOON, async || {
                    scene.server.backends("forked").await.total == 3
                })
                .await;
            });
            parent.block_on(scene.goes_on());
        }
    }
}

#[test]
fn many_tasks_of_a_child_adopt_the_pool_once() {
    let _alone = alone();
    let parent = Builder::new_current_thread().enable_all().build().unwrap();
    let scene = parent.block_on(Scene::set(false));
    in_child(&parent, || {
        let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut tasks = Vec::new();
            for _ in 0..32 {
                let pool = scene.pool.clone();
                tasks.push(tokio::spawn(async move {
                    let mut lease = pool.acquire().await.unwrap();
                    text(&mut lease, "SELECT 'child'").await
                }));
            }
            for task in tasks {
                let answer = tokio::time::timeout(SOON, task).await.expect("ends in time").unwrap();
                assert_eq!(answer, "child");
            }
            assert!(scene.pool.status().total() <= 4);
        });
        std::mem::forget(runtime);
    });
    let Scene { server, pids, .. } = &scene;
    parent.block_on(async {
        let alive = server.backends("forked").await.pids;
        assert!(pids.iter().all(|pid| alive.contains(pid)), "{pids:?} of {alive:?}");
    });
}
