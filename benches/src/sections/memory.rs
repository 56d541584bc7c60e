//! Checkout and return of connections in memory.

use std::time::Duration;

use crate::error::Result;
use crate::measure::{
    Contender, Effort, Limit, Plan, Report, Sample, Series, contender, interleave, nanos, ratio_cell,
};
use crate::pools::memory::{Bb8, Deadpool, Mobc, Permit, Steadfast, Use, r2d2};

const TASKS: [usize; 4] = [1, 8, 64, 512];
/// More threads than this are nobody's use of r2d2.
const MOST_THREADS: usize = 64;

pub async fn memory(report: &mut Report, effort: Effort) -> Result<()> {
    for tasks in TASKS {
        hot(report, effort, tasks).await?;
    }
    for tasks in TASKS {
        across_yield(report, effort, tasks).await?;
    }
    Ok(())
}

async fn contenders(usage: Use) -> Result<Vec<Contender>> {
    Ok(vec![
        contender("steadfast", Steadfast::new(usage).await?),
        contender("deadpool", Deadpool::new(usage).await?),
        contender("bb8", Bb8::new(usage).await?),
        contender("mobc", Mobc::new(usage).await?),
        contender("a permit, no pool", Permit::new(usage)),
    ])
}

async fn hot(report: &mut Report, effort: Effort, tasks: usize) -> Result<()> {
    let mut contenders = contenders(Use::Hot).await?;
    if tasks <= MOST_THREADS {
        contenders.push(r2d2()?);
    }
    let mut planned = Vec::new();
    for contender in contenders {
        let operations = enough(&contender, tasks, effort.memory_window()).await;
        planned.push((contender, Plan::Count { tasks, operations }));
    }
    let series = interleave(&planned, effort.memory_rounds()).await?;
    table(report, &format!("Checkout and return in memory, hot, {tasks} tasks on 8 connections"), &series);
    let best = best_in_order(&series);
    report.bar(
        format!("checkout + return in memory, hot, N = {tasks}"),
        format!("{}, the best that keeps the order", best.name),
        Limit::AtMost(0.25),
        series[0].against(best, Sample::wall_per_op),
    );
    Ok(())
}

async fn across_yield(report: &mut Report, effort: Effort, tasks: usize) -> Result<()> {
    // Long enough for each task to have had many turns, so that one more or less does not make a share unfair.
    let window = effort.memory_window() * if tasks < 64 { 1 } else { 4 };
    let plan = Plan::Window { tasks, window };
    let planned: Vec<_> =
        contenders(Use::AcrossYield).await?.into_iter().map(|contender| (contender, plan)).collect();
    let series = interleave(&planned, effort.memory_rounds()).await?;
    table(report, &format!("The same held across one yield, {tasks} tasks on 8 connections"), &series);
    if tasks < 64 {
        return Ok(());
    }
    let (own, deadpool) = (&series[0], named(&series, "deadpool"));
    let work = format!("the same across one yield, N = {tasks}");
    report.bar(&work, "deadpool", Limit::AtMost(0.85), own.against(deadpool, Sample::wall_per_op));
    report.bar(
        format!("{work}: most / least served task"),
        "itself",
        Limit::AtMost(1.3),
        own.spread(Sample::unfairness),
    );
    Ok(())
}

/// So many operations take about this long.
async fn enough(contender: &Contender, tasks: usize, window: Duration) -> u64 {
    let mut operations = 1000;
    loop {
        let sample = contender.run(Plan::Count { tasks, operations }).await;
        let wanted = window.as_secs_f64() / sample.wall.as_secs_f64();
        if wanted < 4.0 {
            return (sample.operations as f64 * wanted) as u64;
        }
        operations = sample.operations * 4;
    }
}

/// Those who serve waiters in their order, as the tables of fairness show.
fn best_in_order(series: &[Series]) -> &Series {
    let (deadpool, mobc) = (named(series, "deadpool"), named(series, "mobc"));
    let median = |series: &Series| series.spread(Sample::wall_per_op).median;
    if median(mobc) < median(deadpool) { mobc } else { deadpool }
}

fn named<'a>(series: &'a [Series], name: &str) -> &'a Series {
    series.iter().find(|series| series.name == name).expect("a contender of this name")
}

fn table(report: &Report, title: &str, series: &[Series]) {
    let head = ["", "wall per op", "CPU per op", "steadfast's share of its time", "most / least served"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in series {
        let unfairness = one.spread(Sample::unfairness).median;
        rows.push(vec![
            one.name.to_owned(),
            nanos(one.spread(Sample::wall_per_op)),
            nanos(one.spread(Sample::cpu_per_op)),
            ratio_cell(series[0].against(one, Sample::wall_per_op)),
            format!("{unfairness:.2}"),
        ]);
    }
    report.table(title, &rows);
}
