//! All workers as one: what a page or a terminal shows.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::advice::Advice;
use super::quantile::{add, quantile};
use super::series::{Point, STEP_SECONDS};
use super::snapshot::{DatabaseFacts, IncidentStory, Snapshot};
use crate::time::Duration;

/// All workers as one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Overview {
    /// The workers, by number.
    pub workers: Vec<Snapshot>,
    /// The worst of their healths: `pass`, `warn` or `fail`.
    pub health: String,
    /// What is wrong with that one, in words; empty when nothing is.
    pub trouble: String,
    /// When the newest of the snapshots was taken.
    pub taken: Timestamp,
    /// The last fifteen minutes of all together.
    pub points: Vec<Point>,
    /// The incidents of all, the last one first, what several workers met told once.
    pub incidents: Vec<SharedIncident>,
    /// What should be changed, one of each topic.
    pub advice: Vec<Advice>,
    /// What is known of the database, from the worker who knows most recently.
    pub database: Option<DatabaseFacts>,
}

/// An incident and the workers that met it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SharedIncident {
    /// The story of the worker that met it first.
    pub story: IncidentStory,
    /// Who met it, and what each did about it.
    pub met: Vec<(u32, String)>,
}

/// Figures of the last minute.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct LastMinute {
    /// Requests each second.
    pub requests: f64,
    /// The share of them that failed.
    pub failures: f64,
    /// What half of the waits for a connection did not exceed.
    pub acquire_p50: Option<Duration>,
    /// What 99 of 100 did not exceed.
    pub acquire_p99: Option<Duration>,
    /// The same for units of work.
    pub work_p50: Option<Duration>,
    /// The same for units of work.
    pub work_p99: Option<Duration>,
}

impl Overview {
    /// Puts snapshots together; `None` of none.
    #[must_use]
    pub fn of(workers: Vec<Snapshot>) -> Option<Self> {
        let severity = |snapshot: &&Snapshot| match snapshot.health.as_str() {
            "pass" => 0,
            "warn" => 1,
            _ => 2,
        };
        let worst = workers.iter().rev().max_by_key(severity)?;
        let newest = workers.iter().max_by_key(|snapshot| snapshot.taken)?;
        let mut advice: Vec<Advice> = Vec::new();
        for one in workers.iter().flat_map(|snapshot| &snapshot.advice) {
            if advice.iter().all(|other| other.topic != one.topic) {
                advice.push(one.clone());
            }
        }
        let knows =
            |snapshot: &&Snapshot| snapshot.database.as_ref().is_some_and(|facts| facts.version.is_some());
        Some(Self {
            health: worst.health.clone(),
            trouble: worst.trouble.clone(),
            taken: newest.taken,
            points: together(&workers),
            incidents: shared(&workers),
            advice,
            database: workers.iter().find(knows).unwrap_or(newest).database.clone(),
            workers,
        })
    }

    /// Figures of the last minute.
    #[must_use]
    pub fn last_minute(&self) -> LastMinute {
        let since = self.taken.as_second() - 60 - STEP_SECONDS;
        let points: Vec<&Point> = self.points.iter().filter(|point| point.at > since).collect();
        let (mut acquire, mut work, mut requests, mut failures) = (Vec::new(), Vec::new(), 0.0, 0.0);
        for point in &points {
            add(&mut acquire, &point.acquire);
            add(&mut work, &point.work);
            requests += f64::from(point.requests);
            failures += f64::from(point.failures);
        }
        let seconds = seconds_of(points.len());
        LastMinute {
            requests: if seconds > 0.0 { requests / seconds } else { 0.0 },
            failures: if requests > 0.0 { failures / requests } else { 0.0 },
            acquire_p50: quantile(&acquire, 0.5),
            acquire_p99: quantile(&acquire, 0.99),
            work_p50: quantile(&work, 0.5),
            work_p99: quantile(&work, 0.99),
        }
    }
}

impl Point {
    /// Requests each second.
    #[must_use]
    pub fn request_rate(&self) -> f64 {
        f64::from(self.requests) / seconds_of(1)
    }

    /// Failed requests each second.
    #[must_use]
    pub fn failure_rate(&self) -> f64 {
        f64::from(self.failures) / seconds_of(1)
    }
}

fn seconds_of(steps: usize) -> f64 {
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    f64::from(steps) * f64::from(i32::try_from(STEP_SECONDS).unwrap_or(5))
}

fn together(workers: &[Snapshot]) -> Vec<Point> {
    let mut by_time: BTreeMap<i64, Point> = BTreeMap::new();
    for point in workers.iter().flat_map(|snapshot| &snapshot.points) {
        let sum = by_time.entry(point.at).or_insert_with(|| Point { at: point.at, ..Point::default() });
        add(&mut sum.acquire, &point.acquire);
        add(&mut sum.work, &point.work);
        sum.requests += point.requests;
        sum.failures += point.failures;
        sum.used += point.used;
        sum.used_seconds += point.used_seconds;
        sum.opened += point.opened;
        sum.pings += point.pings;
        sum.leased += point.leased;
        sum.open += point.open;
        sum.waiting += point.waiting;
    }
    by_time.into_values().collect()
}

/// What several workers met at about the same time is one incident.
fn shared(workers: &[Snapshot]) -> Vec<SharedIncident> {
    let told =
        workers.iter().flat_map(|snapshot| snapshot.incidents.iter().map(|story| (snapshot.worker, story)));
    let mut all: Vec<(u32, &IncidentStory)> = told.collect();
    all.sort_by_key(|(_, story)| story.began);
    let mut shared: Vec<SharedIncident> = Vec::new();
    for (worker, story) in all {
        let same = shared.last_mut().filter(|last| {
            let close = story.began.duration_since(last.story.began).unsigned_abs() <= SAME_INCIDENT;
            close && last.met.iter().all(|(other, _)| *other != worker)
        });
        match same {
            Some(last) => {
                last.met.push((worker, story.done.clone()));
                last.story.outage |= story.outage;
                last.story.ended = match (last.story.ended, story.ended) {
                    (Some(one), Some(other)) => Some(one.max(other)),
                    _ => None,
                };
            }
            None => {
                let met = vec![(worker, story.done.clone())];
                shared.push(SharedIncident { story: story.clone(), met });
            }
        }
    }
    shared.reverse();
    shared
}

/// Workers notice at different moments: the one that is in use first, an idle one when it is probed.
const SAME_INCIDENT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(worker: u32, health: &str, began: &[i64]) -> Snapshot {
        let incidents = began.iter().map(|second| {
            serde_json::json!({
                "began": Timestamp::from_second(*second).unwrap(), "ended": null, "outage": true,
                "what": "gone", "cause": null, "remedy": null, "done": format!("by {worker}"),
            })
        });
        serde_json::from_value(serde_json::json!({
            "worker": worker, "pid": 1, "version": "1", "started": Timestamp::UNIX_EPOCH, "taken": Timestamp::UNIX_EPOCH,
            "health": health, "trouble": health, "active_requests": 0, "slots": [], "advice": [], "database": null,
            "pool": { "size": 5, "max_overflow": 10, "idle": 0, "leased": 0, "opening": 0, "verifying": 0, "cleaning": 0,
                "waiting": 0, "longest_wait": 0.0, "generation": 1, "circuit": "closed", "unreachable_for": null,
                "failed_tries": 0 },
            "points": [{ "at": 5, "requests": 10, "failures": 1, "acquire": [worker], "work": [], "used": 0,
                "used_seconds": 0.0, "opened": 0, "pings": 0, "leased": 1, "open": 1, "waiting": 0 }],
            "incidents": incidents.collect::<Vec<_>>(),
        }))
        .unwrap()
    }

    #[test]
    fn the_worst_worker_decides_and_points_are_added_up() {
        let overview =
            Overview::of(vec![snapshot(1, "pass", &[]), snapshot(2, "fail", &[]), snapshot(3, "warn", &[])])
                .unwrap();
        assert_eq!((overview.health.as_str(), overview.points.len()), ("fail", 1));
        assert_eq!((overview.points[0].requests, overview.points[0].acquire[0]), (30, 6));
    }

    #[test]
    fn what_several_workers_met_is_told_once() {
        let overview =
            Overview::of(vec![snapshot(1, "pass", &[100, 500]), snapshot(2, "pass", &[103])]).unwrap();
        let met: Vec<usize> = overview.incidents.iter().map(|incident| incident.met.len()).collect();
        assert_eq!(met, [1, 2], "the last one first");
    }

    #[test]
    fn nothing_is_made_of_nobody() {
        assert!(Overview::of(Vec::new()).is_none());
    }
}
