//! Faults of all kinds, and everything that the owner of a pool may do, at any moment.

use std::time::Duration;

use steadfast::Fault;
use steadfast::pool::Pool;
use steadfast::verdict::{Class, Step};
use steadfast_test::sim::{Answer, SimServer};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep};

use super::referee::Referee;

/// What has become of the pool.
pub(super) enum End {
    Going,
    /// Its owner closes it.
    Closed(JoinHandle<usize>),
    /// Its owner has lost interest; callers may still have it.
    Dropped,
}

/// Makes trouble for a while.
#[expect(clippy::disallowed_methods, reason = "the owner is a task of the application")]
pub(super) async fn make(
    pool: &Pool<SimServer>,
    server: &SimServer,
    referee: &Referee,
    random: &mut fastrand::Rng,
) -> End {
    for _ in 0..random.usize(0..14) {
        step(pool, server, referee, random).await;
        referee.check_capacity(&pool.status());
        sleep(Duration::from_millis(random.u64(0..3000))).await;
    }
    match random.u8(0..12) {
        0 => {
            let pool = pool.clone();
            referee.note_close();
            // Nobody holds a connection for longer than two minutes.
            let deadline = Instant::now() + Duration::from_secs(150);
            End::Closed(tokio::spawn(async move { pool.close(deadline).await }))
        }
        1 => End::Dropped,
        _ => End::Going,
    }
}

async fn step(pool: &Pool<SimServer>, server: &SimServer, referee: &Referee, random: &mut fastrand::Rng) {
    let which = random.u32(0..16);
    referee.note(&format!("trouble {which}"));
    match which {
        0 => {
            referee.note_loss();
            server.end_all();
        }
        1 => server.silence_all(),
        2 | 3 => {
            let answer = answer(random);
            referee.note_connect(&answer);
            server.on_connect(answer);
        }
        4 => server.on_ping(answer(random)),
        5 => server.on_clean(answer(random)),
        6 => server.on_close(answer(random)),
        7 => {
            referee.note_dispose();
            pool.dispose();
        }
        8 => pool.suspect(&Fault::new(Class::ConnectionLost, Step::Ping, "doubt")),
        9 | 10 => resize(pool, referee, random),
        11 => warm_up(pool, referee, random),
        12 => {
            let jump = Duration::from_secs(random.u64(1..900));
            referee.note_jump(jump);
            advance(jump).await;
        }
        _ => {
            referee.note_connect(&Answer::After(Duration::ZERO));
            calm(server);
        }
    }
}

fn resize(pool: &Pool<SimServer>, referee: &Referee, random: &mut fastrand::Rng) {
    let (size, max_overflow) = (random.usize(0..6), random.usize(0..6));
    let before = pool.status();
    match pool.resize(size, max_overflow) {
        Ok(()) => referee.note_resize(size + max_overflow, &before),
        Err(error) => assert_eq!(size + max_overflow, 0, "{error}"),
    }
    referee.check_capacity(&pool.status());
}

#[expect(clippy::disallowed_methods, reason = "the owner is a task of the application")]
fn warm_up(pool: &Pool<SimServer>, referee: &Referee, random: &mut fastrand::Rng) {
    let (pool, wanted) = (pool.clone(), random.usize(1..6));
    let deadline = Instant::now() + Duration::from_millis(random.u64(0..5000));
    let referee = referee.clone();
    let _detached = tokio::spawn(async move {
        let started = Instant::now();
        // It may well fail, or be refused, in times like these.
        if let Err(error) = pool.warm_up(wanted, deadline).await {
            referee.refused(&pool, &error, started.elapsed(), deadline - started, Duration::ZERO);
        }
    });
}

fn answer(random: &mut fastrand::Rng) -> Answer {
    let delay = Duration::from_millis(random.u64(0..400));
    match random.u32(0..10) {
        0 => Answer::Never,
        1 => Answer::Fail(Class::ConnectionLost, delay),
        2 => Answer::Fail(Class::Unreachable, delay),
        3 => Answer::Fail(Class::Capacity, delay),
        4 => Answer::Fail(Class::Permanent, delay),
        5 => Answer::Panic,
        6 => Answer::Lie(delay),
        // Late, but not too late for anything.
        7 => Answer::After(delay * 5),
        _ => Answer::After(delay),
    }
}

/// All is well again.
pub(super) fn calm(server: &SimServer) {
    let soon = Answer::After(Duration::from_millis(1));
    server.on_connect(soon.clone());
    server.on_ping(soon.clone());
    server.on_clean(soon.clone());
    server.on_close(soon);
}
