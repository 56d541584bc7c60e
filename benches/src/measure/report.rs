//! Tables, and whether each bar was cleared.

use std::fmt::Write as _;

use super::statistics::Spread;

/// What a figure must not exceed, or must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

/// One promise, and what was measured of it.
#[derive(Debug)]
pub struct Bar {
    pub work: String,
    pub against: String,
    pub limit: Limit,
    pub measured: Spread,
}

impl Bar {
    pub fn is_cleared(&self) -> bool {
        match self.limit {
            Limit::AtMost(limit) => self.measured.median <= limit,
            Limit::AtLeast(limit) => self.measured.median >= limit,
        }
    }
}

/// Everything that is to be told in the end.
#[derive(Debug, Default)]
pub struct Report {
    bars: Vec<Bar>,
}

impl Report {
    /// Prints a table: the first row is its head.
    pub fn table(&self, title: &str, rows: &[Vec<String>]) {
        println!("\n### {title}\n\n{}", aligned(rows));
    }

    pub fn note(&self, text: &str) {
        println!("\n{text}");
    }

    pub fn bar(
        &mut self,
        work: impl Into<String>,
        against: impl Into<String>,
        limit: Limit,
        measured: Spread,
    ) {
        self.bars.push(Bar { work: work.into(), against: against.into(), limit, measured });
    }

    /// Prints the bars; gives how many were missed.
    pub fn finish(&self) -> usize {
        let mut rows =
            vec![["", "work", "against", "bar", "measured", "the median's 95 %"].map(str::to_owned).to_vec()];
        for bar in &self.bars {
            let limit = match bar.limit {
                Limit::AtMost(limit) => format!("≤ {limit}"),
                Limit::AtLeast(limit) => format!("≥ {limit}"),
            };
            let verdict = if bar.is_cleared() { "pass" } else { "MISS" };
            rows.push(vec![
                verdict.to_owned(),
                bar.work.clone(),
                bar.against.clone(),
                limit,
                figure(bar.measured.median),
                format!("{} to {}", figure(bar.measured.likely.0), figure(bar.measured.likely.1)),
            ]);
        }
        println!("\n## Bars\n\n{}", aligned(&rows));
        self.bars.iter().filter(|bar| !bar.is_cleared()).count()
    }
}

/// `123 ns ±4 %`, or microseconds, where that reads better.
pub fn nanos(spread: Spread) -> String {
    let (value, unit) = if spread.median < 10_000.0 {
        (format!("{:.0}", spread.median), "ns")
    } else {
        (format!("{:.1}", spread.median / 1e3), "µs")
    };
    format!("{value} {unit} ±{:.0} %", spread.relative() * 100.0)
}

pub fn millis(spread: Spread) -> String {
    format!("{:.2} ms ±{:.0} %", spread.median, spread.relative() * 100.0)
}

pub fn ratio_cell(spread: Spread) -> String {
    format!("{:.2} ({:.2}–{:.2})", spread.median, spread.low, spread.high)
}

fn figure(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// A table in Markdown that is readable as it stands.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .max(3)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (column, width) in widths.iter().enumerate() {
            let cell = row.get(column).map_or("", String::as_str);
            let padding = width - cell.chars().count();
            let _ = write!(text, "| {cell}{} ", " ".repeat(padding));
        }
        text.push_str("|\n");
        if number == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_cleared_on_its_own_side() {
        let bar = |limit, median| {
            Bar {
                work: String::new(),
                against: String::new(),
                limit,
                measured: Spread { low: 0.0, median, high: 9.0, likely: (0.0, 9.0) },
            }
            .is_cleared()
        };
        assert!(bar(Limit::AtMost(1.0), 1.0) && !bar(Limit::AtMost(1.0), 1.1));
        assert!(bar(Limit::AtLeast(2.0), 2.0) && !bar(Limit::AtLeast(2.0), 1.9));
        assert!(!bar(Limit::AtMost(1.0), f64::NAN) && !bar(Limit::AtLeast(1.0), f64::NAN));
    }
}
