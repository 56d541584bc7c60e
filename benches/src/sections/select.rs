//! Checkout, a prepared `SELECT 1` and return, on PostgreSQL.

use deadpool_postgres::RecyclingMethod;

use crate::error::Result;
use crate::measure::{Effort, Limit, Plan, Report, Sample, contender, interleave, nanos, ratio_cell};
use crate::pools::postgres::{Bb8, Deadpool, Query, Raw, Sqlx, Steadfast};

const TASKS: [usize; 3] = [1, 8, 64];
/// Those who ask the server before each use.
const CHECKED: [&str; 3] = ["deadpool Verified", "bb8 checked", "sqlx checked"];

pub async fn select(report: &mut Report, effort: Effort, url: &str) -> Result<()> {
    for tasks in TASKS {
        one(report, effort, url, tasks).await?;
    }
    Ok(())
}

async fn one(report: &mut Report, effort: Effort, url: &str, tasks: usize) -> Result<()> {
    let contenders = [
        contender("steadfast", Steadfast::new(url).await?),
        contender("steadfast db.query", Query::new(url).await?),
        contender("deadpool Fast", Deadpool::new(url, RecyclingMethod::Fast).await?),
        contender("deadpool Verified", Deadpool::new(url, RecyclingMethod::Verified).await?),
        contender("deadpool Clean", Deadpool::new(url, RecyclingMethod::Clean).await?),
        contender("bb8 unchecked", Bb8::new(url, false).await?),
        contender("bb8 checked", Bb8::new(url, true).await?),
        contender("sqlx unchecked", Sqlx::new(url, false).await?),
        contender("sqlx checked", Sqlx::new(url, true).await?),
        contender("tokio-postgres, no pool", Raw::new(url).await?),
    ];
    let plan = Plan::Window { tasks, window: effort.server_window() };
    let planned = contenders.map(|contender| (contender, plan));
    let series = interleave(&planned, effort.server_rounds()).await?;

    let head =
        ["", "operations/s", "client CPU per op", "steadfast's operations/s over it", "its CPU over it"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in &series {
        rows.push(vec![
            one.name.to_owned(),
            format!("{:.0}", one.spread(Sample::per_second).median),
            nanos(one.spread(Sample::cpu_per_op)),
            ratio_cell(series[0].against(one, Sample::per_second)),
            ratio_cell(series[0].against(one, Sample::cpu_per_op)),
        ]);
    }
    report.table(
        &format!("Checkout and a prepared SELECT 1 on PostgreSQL, {tasks} tasks on 8 connections"),
        &rows,
    );

    let work = format!("checkout + prepared SELECT 1, N = {tasks}");
    for peer in &series {
        if peer.name == "deadpool Fast" {
            let measured = series[0].against(peer, Sample::cpu_per_op);
            report.bar(format!("{work}: CPU per op"), peer.name, Limit::AtMost(1.05), measured);
        }
        if tasks > 1 && CHECKED.contains(&peer.name) {
            let measured = series[0].against(peer, Sample::per_second);
            report.bar(format!("{work}: operations/s"), peer.name, Limit::AtLeast(1.8), measured);
        }
    }
    Ok(())
}
