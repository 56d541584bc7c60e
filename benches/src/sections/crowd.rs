//! Ten thousand tasks on eight connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::measure::{Effort, Limit, Report, Spread, Work, millis};
use crate::pools::memory::{Bb8, Deadpool, Mobc, Steadfast, Use};

const CROWD: usize = 10_000;
const SMALL_CROWD: usize = 1_000;
/// How often each task comes back.
const VISITS: usize = 5;

pub async fn crowd(report: &mut Report, effort: Effort) -> Result<()> {
    let rounds = if effort.is_quick() { 3 } else { 11 };
    let steadfast = Arc::new(Steadfast::new(Use::AcrossYield).await?);
    let deadpool = Arc::new(Deadpool::new(Use::AcrossYield).await?);
    let bb8 = Arc::new(Bb8::new(Use::AcrossYield).await?);
    let mobc = Arc::new(Mobc::new(Use::AcrossYield).await?);
    let mut all = ["steadfast", "deadpool", "bb8", "mobc"].map(|name| (name, Vec::new()));
    let mut small = Vec::new();
    for round in 0..rounds {
        // Another one begins each time.
        for turn in 0..all.len() {
            let place = (round + turn) % all.len();
            let served = match place {
                0 => visit(&steadfast, CROWD).await,
                1 => visit(&deadpool, CROWD).await,
                2 => visit(&bb8, CROWD).await,
                _ => visit(&mobc, CROWD).await,
            };
            all[place].1.push(served);
        }
        small.push(visit(&steadfast, SMALL_CROWD).await);
    }
    let head = ["", "time to serve all", "wait: median", "p99.9", "longest"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let of = |crowds: &[Served], figure: fn(&Served) -> Duration| {
        Spread::of(crowds.iter().map(|served| figure(served).as_secs_f64() * 1e3))
    };
    for (name, crowds) in &all {
        rows.push(vec![
            (*name).to_owned(),
            millis(of(crowds, |served| served.all)),
            millis(of(crowds, |served| served.median)),
            millis(of(crowds, |served| served.late)),
            millis(of(crowds, |served| served.last)),
        ]);
    }
    report.table(
        &format!("{CROWD} tasks on 8 connections, {VISITS} visits each, held across one yield"),
        &rows,
    );

    let own = &all[0].1;
    let late = own.iter().map(|served| served.late.as_secs_f64() / served.median.as_secs_f64());
    report.bar("10,000 waiting: p99.9 of wait / median", "itself", Limit::AtMost(2.0), Spread::of(late));
    let growth = own.iter().zip(&small).map(|(large, small)| {
        large.all.as_secs_f64() / CROWD as f64 / (small.all.as_secs_f64() / SMALL_CROWD as f64)
    });
    let work = "10,000 waiting: time to serve one / with 1,000 waiting";
    report.bar(work, "itself", Limit::AtMost(1.5), Spread::of(growth));
    Ok(())
}

struct Served {
    all: Duration,
    median: Duration,
    late: Duration,
    last: Duration,
}

async fn visit<W: Work>(work: &Arc<W>, tasks: usize) -> Served {
    let started = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let work = Arc::clone(work);
            tokio::spawn(async move {
                let mut waits = [Duration::ZERO; VISITS];
                for wait in &mut waits {
                    let asked = Instant::now();
                    work.once(task).await;
                    *wait = asked.elapsed();
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::with_capacity(tasks * VISITS);
    for task in running {
        waits.extend(task.await.expect("the work panicked, and said why"));
    }
    let all = started.elapsed();
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    Served { all, median: at(0.5), late: at(0.999), last: at(1.0) }
}
