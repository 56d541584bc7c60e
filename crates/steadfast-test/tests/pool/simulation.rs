//! Seeded simulations of everything at once. A failing seed is printed and replays exactly.

use std::time::Duration;

use steadfast::config::PoolOptions;
use steadfast::pool::Pool;
use steadfast::verdict::Class;
use steadfast_test::sim::{Answer, SimServer};
use tokio::time::{Instant, sleep, timeout};

/// How many schedules a normal run plays; `STEADFAST_SIM_SEEDS` asks for more.
const SEEDS: u64 = 500;

#[test]
fn rules_1_to_4_and_8_hold_under_every_schedule() {
    let seeds = env("STEADFAST_SIM_SEEDS").unwrap_or(SEEDS);
    let first = env("STEADFAST_SIM_SEED");
    for seed in first.map_or(0..seeds, |seed| seed..seed + 1) {
        let played = std::panic::catch_unwind(|| play(seed));
        assert!(played.is_ok(), "the schedule of STEADFAST_SIM_SEED={seed} broke a rule");
    }
}

#[expect(clippy::disallowed_methods, reason = "which schedules to play is asked of whoever runs the test")]
fn env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn play(seed: u64) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut random = fastrand::Rng::with_seed(seed);
        let server = SimServer::new();
        let mut options = PoolOptions::default();
        options.size = random.usize(1..4);
        options.max_overflow = random.usize(0..4);
        options.acquire_timeout = Duration::from_secs(600);
        let capacity = options.capacity();
        let pool = Pool::new(server.clone(), options).unwrap();
        let callers: Vec<_> =
            (0..random.usize(2..12)).map(|_| tokio::spawn(caller(pool.clone(), random.fork()))).collect();
        trouble(&pool, &server, &mut random, capacity).await;
        // All is well again, and nobody may be left behind.
        calm(&server);
        for caller in callers {
            timeout(Duration::from_secs(900), caller).await.expect("a caller is stranded").unwrap();
        }
        sleep(Duration::from_secs(20)).await;
        let status = pool.status();
        assert_eq!(
            (
                status.leased,
                status.waiting,
                status.opening,
                status.verifying,
                status.cleaning,
                status.closing_connections
            ),
            (0, 0, 0, 0, 0, 0),
            "something was left: {status:?}"
        );
        assert_eq!(status.idle, server.open(), "the pool and the server count differently");
        assert!(server.most_open() <= capacity, "{} of {capacity}", server.most_open());
        let mut all = Vec::new();
        for _ in 0..capacity {
            all.push(
                timeout(Duration::from_secs(60), pool.acquire()).await.expect("a slot is lost").unwrap(),
            );
        }
        drop(all);
        assert_eq!(pool.close(Instant::now() + Duration::from_secs(60)).await, 0);
        assert_eq!(server.open(), 0, "a connection leaked");
    });
}

/// Takes leases, gives up at random moments, leaves dirt and loses connections.
async fn caller(pool: Pool<SimServer>, mut random: fastrand::Rng) {
    for _ in 0..random.usize(1..8) {
        let patience = if random.bool() { random.u64(0..50) } else { 500_000 };
        let Ok(result) = timeout(Duration::from_millis(patience), pool.acquire()).await else { continue };
        let lease = result.unwrap();
        assert!(!lease.is_dirty(), "a dirty connection was leased");
        lease.hold();
        sleep(Duration::from_millis(random.u64(0..30))).await;
        match random.u32(0..10) {
            0 => lease.lose(),
            1 | 2 => lease.soil(),
            _ => {}
        }
        lease.let_go();
        if random.u32(0..20) == 0 {
            lease.discard();
        } else {
            drop(lease);
        }
        sleep(Duration::from_millis(random.u64(0..1500))).await;
    }
}

/// Faults of all kinds, in any order.
async fn trouble(pool: &Pool<SimServer>, server: &SimServer, random: &mut fastrand::Rng, capacity: usize) {
    for _ in 0..random.usize(0..12) {
        match random.u32(0..10) {
            0 => server.end_all(),
            1 => server.on_connect(answer(random)),
            2 => server.on_ping(answer(random)),
            3 => server.on_clean(answer(random)),
            4 => server.on_close(answer(random)),
            5 => pool.dispose(),
            6 => {
                let fault =
                    steadfast::Fault::new(Class::ConnectionLost, steadfast::verdict::Step::Ping, "doubt");
                pool.suspect(&fault);
            }
            7 => {
                let size = random.usize(1..=capacity);
                pool.resize(size, capacity - size).unwrap();
            }
            _ => calm(server),
        }
        assert!(server.open() <= capacity, "{} of {capacity}", server.open());
        sleep(Duration::from_millis(random.u64(0..3000))).await;
    }
}

fn answer(random: &mut fastrand::Rng) -> Answer {
    let delay = Duration::from_millis(random.u64(0..400));
    match random.u32(0..6) {
        0 => Answer::Never,
        1 => Answer::Fail(Class::ConnectionLost, delay),
        2 => Answer::Fail(Class::Unreachable, delay),
        3 => Answer::Fail(Class::Capacity, delay),
        _ => Answer::After(delay),
    }
}

fn calm(server: &SimServer) {
    let soon = Answer::After(Duration::from_millis(1));
    server.on_connect(soon.clone());
    server.on_ping(soon.clone());
    server.on_clean(soon.clone());
    server.on_close(soon);
}
