//! How figures are told.

use std::time::Duration;

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) fault: &'static str,
    pub(crate) bar: &'static str,
    pub(crate) figures: Vec<String>,
}

pub(crate) fn head() {
    println!("\n| fault | bar | measured |\n|---|---|---|");
}

pub(crate) fn print(Row { fault, bar, figures }: &Row) {
    println!("| {fault} | {bar} | {} |", figures.join("; "));
}

pub(crate) fn ms(duration: Duration) -> String {
    match duration.as_secs_f64() * 1e3 {
        millis if millis < 10.0 => format!("{millis:.1} ms"),
        millis => format!("{millis:.0} ms"),
    }
}
