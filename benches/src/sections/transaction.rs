//! A transaction with one write, with and without its guard, on paths of several lengths.

use std::time::Duration;

use steadfast_test::{Postgres, Relay};

use crate::error::Result;
use crate::measure::{Effort, Limit, Plan, Report, Sample, contender, interleave, nanos, ratio_cell};
use crate::pools::transaction::{Guarded, Pipelined, Unguarded};

pub async fn transaction(report: &mut Report, effort: Effort, postgres: &Postgres) -> Result<()> {
    let near = (Plan::Window { tasks: 1, window: effort.server_window() }, effort.server_rounds());
    one(report, near, &postgres.url(), "at loopback", Some(1.15)).await?;
    let distant = (Plan::Window { tasks: 1, window: effort.distant_window() }, effort.distant_rounds());
    let relay = Relay::to(postgres.addr()).await;
    let url = relay.url_from(postgres);
    for (latency, name, limit) in [(500, "0.5 ms each way", None), (5000, "5 ms each way", Some(1.02))] {
        relay.set_latency(Duration::from_micros(latency), Duration::ZERO);
        one(report, distant, &url, name, limit).await?;
    }
    Ok(())
}

/// One task: what is asked is how long one takes.
async fn one(
    report: &mut Report,
    (plan, rounds): (Plan, usize),
    url: &str,
    path: &str,
    limit: Option<f64>,
) -> Result<()> {
    let unguarded = Unguarded::new(url).await?;
    let contenders = [
        contender("steadfast db.transaction", Guarded::new(url).await?),
        contender("tokio-postgres, transaction()", unguarded),
        contender("tokio-postgres, BEGIN with the write", Pipelined::new(url).await?),
    ];
    let planned = contenders.map(|contender| (contender, plan));
    let series = interleave(&planned, rounds).await?;

    let head = ["", "wall per transaction", "client CPU", "steadfast's time over it", "its CPU over it"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in &series {
        rows.push(vec![
            one.name.to_owned(),
            nanos(one.spread(Sample::wall_per_op)),
            nanos(one.spread(Sample::cpu_per_op)),
            ratio_cell(series[0].against(one, Sample::wall_per_op)),
            ratio_cell(series[0].against(one, Sample::cpu_per_op)),
        ]);
    }
    report.table(&format!("A transaction with one write, {path}"), &rows);
    if let Some(limit) = limit {
        let measured = series[0].against(&series[1], Sample::wall_per_op);
        let work = format!("transaction with one write, {path}");
        report.bar(work, "tokio-postgres, transaction()", Limit::AtMost(limit), measured);
    }
    Ok(())
}
