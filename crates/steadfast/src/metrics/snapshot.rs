//! What one worker says of itself, as a value that can be sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::advice::Advice;
use super::series::Point;
use crate::error::Fault;
use crate::event::Incident;
use crate::health::{Count, Health, Report};
use crate::pool::{Reachability, SlotStage, SlotStatus};
use crate::time::Duration;
use crate::verdict::Class;

/// One worker at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// Its number; 0 when there is only one.
    pub worker: u32,
    /// Its process.
    pub pid: u32,
    /// The version of the program's connection layer.
    pub version: String,
    /// When it began.
    pub started: Timestamp,
    /// When this was taken.
    pub taken: Timestamp,
    /// `pass`, `warn` or `fail`.
    pub health: String,
    /// What is wrong, in words; empty when nothing is.
    pub trouble: String,
    /// Its pool.
    pub pool: PoolFigures,
    /// The pool's slots.
    pub slots: Vec<SlotFigures>,
    /// Requests that are worked on.
    pub active_requests: u32,
    /// The last fifteen minutes.
    #[serde(default)]
    pub points: Vec<Point>,
    /// The last incidents, the last one last.
    pub incidents: Vec<IncidentStory>,
    /// What is known of the database; `None` for whoever must not see it.
    pub database: Option<DatabaseFacts>,
    /// What should be changed; empty for whoever must not see it.
    pub advice: Vec<Advice>,
    /// Its metrics as text; empty where nobody needs them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub metrics: String,
}

/// A pool at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PoolFigures {
    /// Connections kept open under load.
    pub size: usize,
    /// Connections that may be opened beyond that.
    pub max_overflow: usize,
    /// Unused connections.
    pub idle: usize,
    /// Connections in use.
    pub leased: usize,
    /// Connections being opened.
    pub opening: usize,
    /// Connections being asked.
    pub verifying: usize,
    /// Connections being cleaned.
    pub cleaning: usize,
    /// Callers that wait.
    pub waiting: usize,
    /// How long the first of them has waited, in seconds.
    pub longest_wait: f64,
    /// Raised once per incident.
    pub generation: u64,
    /// `closed`, `recovering` or `open`.
    pub circuit: String,
    /// For how long connecting has failed, in seconds; `None` while it works.
    pub unreachable_for: Option<f64>,
    /// How many tries have failed.
    pub failed_tries: u32,
}

/// A slot at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SlotFigures {
    /// `vacant`, `opening`, `idle`, `verifying`, `leased`, `cleaning` or `closing`.
    pub stage: String,
    /// For how long, in seconds.
    pub since: Option<f64>,
    /// How old the connection is, in seconds.
    pub age: Option<f64>,
    /// Whether it is verified before it is used again.
    pub suspect: bool,
}

/// An incident in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IncidentStory {
    /// When it began.
    pub began: Timestamp,
    /// When it was over; `None` while it lasts.
    pub ended: Option<Timestamp>,
    /// Whether the database could not be reached.
    pub outage: bool,
    /// What happened, in words for anybody.
    pub what: String,
    /// The cause in the words of driver and server; `None` for whoever must not see it.
    pub cause: Option<String>,
    /// What to do about it, as far as anything is known to help; `None` for whoever must not see it.
    pub remedy: Option<String>,
    /// What was done, in words.
    pub done: String,
}

/// What is known of the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DatabaseFacts {
    /// Which database it is.
    pub system: String,
    /// The version of what answered last.
    pub version: Option<String>,
    /// How long the last successful probe took, in seconds.
    pub response_time: Option<f64>,
    /// The cached count of rows.
    pub count: Option<i64>,
    /// How old that is, in seconds.
    pub count_age: Option<f64>,
    /// How many connections the server lets everybody have.
    pub connections_limit: Option<u64>,
    /// How many there were, of everybody.
    pub connections: Option<u64>,
}

impl Snapshot {
    /// What of it anybody may see: nothing of driver, server, counts or settings.
    #[must_use]
    pub fn for_strangers(mut self) -> Self {
        self.incidents.iter_mut().for_each(|incident| (incident.cause, incident.remedy) = (None, None));
        (self.database, self.advice, self.pid) = (None, Vec::new(), 0);
        self.version.clear();
        self.metrics.clear();
        self
    }
}

impl PoolFigures {
    pub(super) fn of(report: &Report) -> Self {
        let pool = &report.pool;
        let (unreachable_for, failed_tries) = match &pool.reachability {
            Reachability::Reachable => (None, 0),
            Reachability::Unreachable { since, attempts, .. } => (Some(since.as_secs_f64()), *attempts),
        };
        Self {
            size: pool.size,
            max_overflow: pool.max_overflow,
            idle: pool.idle,
            leased: pool.leased,
            opening: pool.opening,
            verifying: pool.verifying,
            cleaning: pool.cleaning,
            waiting: pool.waiting,
            longest_wait: pool.longest_wait.as_secs_f64(),
            generation: pool.generation,
            circuit: pool.circuit.name().to_owned(),
            unreachable_for,
            failed_tries,
        }
    }
}

impl SlotFigures {
    /// A slot that was never used.
    #[must_use]
    pub fn vacant() -> Self {
        Self { stage: "vacant".to_owned(), since: None, age: None, suspect: false }
    }
}

impl From<SlotStatus> for SlotFigures {
    fn from(slot: SlotStatus) -> Self {
        let stage = match slot.stage {
            SlotStage::Vacant => "vacant",
            SlotStage::Opening => "opening",
            SlotStage::Idle => "idle",
            SlotStage::Verifying => "verifying",
            SlotStage::Leased => "leased",
            SlotStage::Cleaning => "cleaning",
            SlotStage::Closing => "closing",
        };
        Self {
            stage: stage.to_owned(),
            since: slot.since.map(|since| since.as_secs_f64()),
            age: slot.age.map(|age| age.as_secs_f64()),
            suspect: slot.suspect,
        }
    }
}

impl From<&Incident> for IncidentStory {
    fn from(incident: &Incident) -> Self {
        let cause = &incident.cause;
        Self {
            began: incident.began,
            ended: incident.ended,
            outage: incident.outage,
            what: what(cause.class(), incident.outage).to_owned(),
            cause: Some(in_their_words(cause)),
            remedy: cause.remedy().map(str::to_owned),
            done: done(incident),
        }
    }
}

impl DatabaseFacts {
    pub(super) fn of(system: &str, report: &Report) -> Self {
        let count = report.count.as_ref();
        Self {
            system: system.to_owned(),
            version: report.server_version.clone(),
            response_time: report.response_time.map(|time| time.as_secs_f64()),
            count: count.map(|count| count.value),
            count_age: count.map(|Count { age, .. }| Duration::as_secs_f64(age)),
            connections_limit: report.server_limit.map(|(limit, _)| limit),
            connections: report.server_limit.map(|(_, now)| now),
        }
    }
}

/// The health as `application/health+json` has it.
pub(super) const fn word(health: Health) -> &'static str {
    match health {
        Health::Pass => "pass",
        Health::Warn => "warn",
        Health::Fail => "fail",
    }
}

/// What happened, in words that say nothing a stranger must not know.
const fn what(class: Class, outage: bool) -> &'static str {
    match (class, outage) {
        (Class::ConnectionLost, false) => "Connections ended that nobody had closed",
        (Class::ConnectionLost, true) => "Connections ended, and new ones failed",
        (Class::Unreachable, _) => "Nobody answered at the database's address",
        (Class::Unavailable, false) => {
            "The database ended connections: it was stopping, starting or recovering"
        }
        (Class::Unavailable, true) => {
            "The database said that it cannot serve: it was stopping, starting or recovering"
        }
        (Class::Capacity, _) => "The database had no connection left for us",
        (Class::ReadOnlyServer, _) => "The server took no writes: another one is the primary",
        (Class::Permanent, _) => "The database refused us for good: credentials, name or TLS",
        (Class::Timeout, _) => "The database did not answer in time",
        (Class::Conflict | Class::RolledBack | Class::Statement, _) => "A connection failed in use",
    }
}

/// The cause in the words of driver and server, nothing said twice.
fn in_their_words(fault: &Fault) -> String {
    let code = fault.code().map_or_else(String::new, |code| format!(" ({code})"));
    let words = fault.last_words().filter(|words| !words.contains(fault.summary()));
    let words = words.map_or_else(String::new, |words| format!("; the server's last words: {words}"));
    format!("{}{code}{words}, while {}", fault.summary(), fault.step())
}

/// What was done about it.
fn done(incident: &Incident) -> String {
    let parts = [
        (incident.lost, "connection dropped", "connections dropped"),
        (incident.verified, "verified and kept", "verified and kept"),
        (incident.failed_tries, "try to connect failed", "tries to connect failed"),
        (incident.opened, "opened anew", "opened anew"),
        (incident.retried, "piece of work run again", "pieces of work run again"),
        (incident.failed, "caller got no connection", "callers got no connection"),
    ];
    let told = parts.iter().filter(|(count, ..)| *count > 0);
    let told: Vec<String> =
        told.map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many })).collect();
    if told.is_empty() { "all connections were verified before reuse".to_owned() } else { told.join(", ") }
}
