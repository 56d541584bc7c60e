//! The last fifteen minutes, in steps of five seconds.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::pool::Status;

/// How long a step is, in seconds. Steps begin at multiples of it, so that those of several workers fit together.
pub(super) const STEP_SECONDS: i64 = 5;

/// How many steps are kept: fifteen minutes.
pub(super) const STEPS: usize = 180;

/// One step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Point {
    /// When it began, in seconds since 1970.
    pub at: i64,
    /// Requests that were answered in it.
    pub requests: u32,
    /// Those that were answered by 500 and above, or not at all.
    pub failures: u32,
    /// How long callers waited for a connection: counts for [`BUCKETS`](super::BUCKETS) and what exceeds them, without the
    /// zeros at the end.
    pub acquire: Vec<u32>,
    /// The same for units of work.
    pub work: Vec<u32>,
    /// How many leases came back, and how long they had been out together, in seconds.
    pub used: u32,
    /// See `used`.
    pub used_seconds: f64,
    /// Connections that were opened.
    pub opened: u32,
    /// Connections that were asked whether they still work.
    pub pings: u32,
    /// At its end: connections in use.
    pub leased: u32,
    /// At its end: connections.
    pub open: u32,
    /// At its end: callers that wait.
    pub waiting: u32,
}

/// Everything that was counted up to a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) failures: u64,
    pub(super) acquired: Vec<u64>,
    pub(super) work: Vec<u64>,
    pub(super) used: u64,
    pub(super) used_seconds: f64,
    pub(super) opened: u64,
    pub(super) pings: u64,
}

/// The steps, the last one last.
#[derive(Debug, Default)]
pub(super) struct Series {
    before: Totals,
    points: VecDeque<Point>,
}

impl Series {
    /// Ends the step that began at `at`.
    pub(super) fn push(&mut self, at: i64, totals: Totals, status: &Status) {
        let before = std::mem::replace(&mut self.before, totals);
        let totals = &self.before;
        while self.points.len() >= STEPS || self.points.front().is_some_and(|first| first.at <= at - WINDOW) {
            let _oldest = self.points.pop_front();
        }
        self.points.push_back(Point {
            at,
            requests: less(totals.requests, before.requests),
            failures: less(totals.failures, before.failures),
            acquire: each_less(&totals.acquired, &before.acquired),
            work: each_less(&totals.work, &before.work),
            used: less(totals.used, before.used),
            used_seconds: ((totals.used_seconds - before.used_seconds).max(0.0) * 1e6).round() / 1e6,
            opened: less(totals.opened, before.opened),
            pings: less(totals.pings, before.pings),
            leased: u32::try_from(status.leased).unwrap_or(u32::MAX),
            open: u32::try_from(status.total()).unwrap_or(u32::MAX),
            waiting: u32::try_from(status.waiting).unwrap_or(u32::MAX),
        });
    }

    pub(super) fn points(&self) -> Vec<Point> {
        self.points.iter().cloned().collect()
    }
}

/// The points, without the oldest when they would be longer than this as JSON.
pub(super) fn within(mut points: Vec<Point>, most_bytes: usize) -> Vec<Point> {
    while serde_json::to_string(&points).is_ok_and(|json| json.len() > most_bytes) {
        let oldest = points.len().div_ceil(8);
        drop(points.drain(..oldest));
    }
    points
}

#[expect(clippy::cast_possible_wrap, reason = "180")]
const WINDOW: i64 = STEPS as i64 * STEP_SECONDS;

fn less(now: u64, before: u64) -> u32 {
    u32::try_from(now.saturating_sub(before)).unwrap_or(u32::MAX)
}

fn each_less(now: &[u64], before: &[u64]) -> Vec<u32> {
    let before = before.iter().copied().chain(std::iter::repeat(0));
    let mut counts: Vec<u32> = now.iter().zip(before).map(|(now, before)| less(*now, before)).collect();
    while counts.last() == Some(&0) {
        counts.pop();
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(requests: u64) -> Totals {
        Totals { requests, acquired: vec![requests, 0, 0], ..Totals::default() }
    }

    #[test]
    fn a_point_has_what_was_counted_since_the_one_before() {
        let mut series = Series::default();
        series.push(0, totals(10), &Status::default());
        series.push(5, totals(25), &Status::default());
        let points = series.points();
        assert_eq!(points.iter().map(|point| point.requests).collect::<Vec<_>>(), [10, 15]);
        assert_eq!(points[1].acquire, [15]);
    }

    #[test]
    fn a_busy_quarter_of_an_hour_is_cut_to_what_may_be_published() {
        let busy = Point { acquire: vec![1_000_000; 18], work: vec![1_000_000; 18], ..Point::default() };
        let points: Vec<Point> = (0..180).map(|at| Point { at, ..busy.clone() }).collect();
        let kept = within(points.clone(), 32 * 1024);
        assert!(
            serde_json::to_string(&kept).unwrap().len() <= 32 * 1024 && kept.len() > 60,
            "{}",
            kept.len()
        );
        assert_eq!(kept.last(), points.last(), "the oldest go");
    }

    #[test]
    fn it_keeps_fifteen_minutes_also_when_the_process_was_asleep() {
        let mut series = Series::default();
        for step in 0..400 {
            series.push(step * STEP_SECONDS, totals(1), &Status::default());
        }
        assert_eq!(series.points().len(), STEPS);
        series.push(1_000_000, totals(1), &Status::default());
        assert_eq!(series.points().len(), 1);
    }
}
