//! What the other program, the one that counts allocations, has counted.

use std::collections::BTreeMap;
use std::process::Command;

use crate::error::Result;
use crate::measure::{Limit, Report, Spread};

pub fn heap(report: &mut Report, url: &str) -> Result<()> {
    let program = std::env::current_exe()?.with_file_name("heap");
    let output = Command::new(program).arg(url).output()?;
    if !output.status.success() {
        return Err(format!("heap: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let figures: BTreeMap<&str, f64> = text
        .lines()
        .filter_map(|line| line.rsplit_once('\t'))
        .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
        .collect();
    let mut rows = vec![["", "counted"].map(str::to_owned).to_vec()];
    rows.extend(figures.iter().map(|(name, value)| vec![(*name).to_owned(), format!("{value:.2}")]));
    report.table("Allocations and heap", &rows);

    let figure = |name: &str| figures.get(name).copied().ok_or(format!("heap did not count {name:?}"));
    let exactly = |value: f64| Spread::of([value]);
    for work in ["in memory, hot", "in memory, 64 tasks waiting in turn", "on PostgreSQL"] {
        let measured = figure(&format!("allocations per checkout and return, {work}: steadfast"))?;
        let work = format!("allocations per checkout and return, {work}");
        // One in some thousands is the runtime's, whose queues grow.
        report.bar(work, "none", Limit::AtMost(0.0), exactly((measured * 100.0).round() / 100.0));
    }
    let ratio = figure("heap per idle connection, bytes: steadfast")?
        / figure("heap per idle connection, bytes: tokio-postgres")?;
    report.bar("heap per idle connection", "tokio-postgres", Limit::AtMost(1.1), exactly(ratio));
    let (few, many) = (figure("heap per waiter, bytes: 1000")?, figure("heap per waiter, bytes: 10000")?);
    report.bar(
        "10,000 waiting: heap per waiter / with 1,000",
        "itself",
        Limit::AtMost(2.0),
        exactly(many / few),
    );
    Ok(())
}
