//! Many clients at a steady rate, whatever the answers are, and a record of all that happened to them.

use std::collections::BTreeMap;
use std::time::Duration;

use steadfast_test::Postgres;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::USERS;
use super::client::{Answer, Client, create, request};

/// 50 requests a second.
const EVERY: Duration = Duration::from_millis(20);
/// Each of ten requests is of the kind that stands here.
const MIX: &[u8; 10] = b"gclcgpcgcd";
/// Users that are read, then users that are changed once each, then users that are deleted once each.
const READ: usize = 100;
const CHANGED: usize = 250;
const DELETED: usize = 250;
/// All of them, with ids from 1.
pub const SEEDED: usize = READ + CHANGED + DELETED;

/// Puts the users there that a load reads, changes and deletes. For a database of one's own.
pub async fn seed(postgres: &Postgres) {
    let last = SEEDED;
    let sql = format!(
        "INSERT INTO users (id, username, email) SELECT n, 'seed-' || n, 'seed-' || n || '@example.org' \
         FROM generate_series(1, {last}) n; \
         SELECT setval(pg_get_serial_sequence('users', 'id'), {last})"
    );
    postgres.psql(&sql).await;
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Read(usize),
    List,
    Create(String),
    Change(usize, String),
    Delete(usize),
}

/// One request and what became of it. Times count from the start of the load.
#[derive(Debug, Clone)]
pub struct Shot {
    pub what: What,
    pub began: Duration,
    pub ended: Duration,
    pub answer: Result<Answer, String>,
}

/// A load that goes on until it is stopped.
#[derive(Debug)]
pub struct Load {
    stop: watch::Sender<bool>,
    shooting: JoinSet<Vec<Shot>>,
    origin: Instant,
}

/// All requests of a load, in the order in which they began.
#[derive(Debug)]
pub struct Record {
    pub shots: Vec<Shot>,
}

impl Load {
    pub fn start(client: Client) -> Self {
        let (stop, stopped) = watch::channel(false);
        let origin = Instant::now();
        let mut shooting = JoinSet::new();
        shooting.spawn(shoot(client, origin, stopped));
        Self { stop, shooting, origin }
    }

    /// The time on the record's clock.
    pub fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Lets it go on for a while.
    pub async fn goes_on_for(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Sends no more, waits for all answers, and gives the record.
    pub async fn stop(mut self) -> Record {
        self.stop.send_replace(true);
        let shots = self.shooting.join_next().await.unwrap().unwrap();
        Record { shots }
    }
}

async fn shoot(client: Client, origin: Instant, mut stopped: watch::Receiver<bool>) -> Vec<Shot> {
    let mut under_way = JoinSet::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..CHANGED * MIX.len() {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.changed() => break,
        }
        under_way.spawn(async move {
            let what = what(number);
            let began = origin.elapsed();
            let answer = client.exchange(&what.request()).await;
            Shot { what, began, ended: origin.elapsed(), answer }
        });
    }
    let mut shots = under_way.join_all().await;
    shots.sort_by_key(|shot| shot.began);
    shots
}

fn what(number: usize) -> What {
    let round = number / MIX.len();
    match MIX[number % MIX.len()] {
        b'g' => What::Read(1 + number % READ),
        b'l' => What::List,
        b'c' => What::Create(format!("token-{number}")),
        b'p' => What::Change(1 + READ + round, format!("token-{number}")),
        _ => What::Delete(1 + READ + CHANGED + round),
    }
}

impl What {
    fn request(&self) -> Vec<u8> {
        let json = [("Content-Type", "application/json")];
        match self {
            Self::Read(id) => request("GET", &format!("{USERS}/{id}"), &[], b""),
            Self::List => request("GET", &format!("{USERS}?limit=5"), &[], b""),
            Self::Create(token) => create(token),
            Self::Change(id, token) => {
                let body = format!(r#"{{"username":"{token}"}}"#);
                request("PATCH", &format!("{USERS}/{id}"), &json, body.as_bytes())
            }
            Self::Delete(id) => request("DELETE", &format!("{USERS}/{id}"), &[], b""),
        }
    }

    fn success(&self) -> u16 {
        match self {
            Self::Read(_) | Self::List | Self::Change(..) => 200,
            Self::Create(_) => 201,
            Self::Delete(_) => 204,
        }
    }
}

impl Shot {
    pub fn is_good(&self) -> bool {
        self.answer.as_ref().is_ok_and(|answer| answer.status == self.what.success())
    }

    /// The client was told that nobody knows.
    pub fn is_unknown(&self) -> bool {
        self.answer.as_ref().is_ok_and(Answer::is_unknown)
    }

    pub fn took(&self) -> Duration {
        self.ended - self.began
    }

    fn story(&self) -> String {
        let answer = match &self.answer {
            Ok(answer) => format!("{} {}", answer.status, answer.text),
            Err(error) => error.clone(),
        };
        format!("{:?} begun at {:?}, after {:?}: {answer}", self.what, self.began, self.took())
    }
}

impl Record {
    /// What was answered neither by success nor by an honest "nobody knows".
    pub fn failures(&self) -> Vec<&Shot> {
        self.shots.iter().filter(|shot| !shot.is_good() && !shot.is_unknown()).collect()
    }

    pub fn unknown(&self) -> usize {
        self.shots.iter().filter(|shot| shot.is_unknown()).count()
    }

    /// Every request succeeded, but for those whose COMMIT was under way just then. Those are few.
    pub fn assert_no_failures(&self) {
        let failures = self.failures();
        let stories: Vec<_> = failures.iter().take(10).map(|shot| shot.story()).collect();
        assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), stories.join("\n"));
    }

    /// The longest time without any success.
    pub fn longest_gap(&self) -> Duration {
        let mut ends: Vec<_> =
            self.shots.iter().filter(|shot| shot.is_good()).map(|shot| shot.ended).collect();
        ends.sort();
        ends.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    pub fn slowest(&self) -> Duration {
        self.shots.iter().map(Shot::took).max().unwrap_or_default()
    }

    /// The same, second by second: how many began, how many of those succeeded, and how long the slowest took.
    pub fn print_seconds(&self) {
        let mut seconds = BTreeMap::<u64, (usize, usize, Duration)>::new();
        for shot in &self.shots {
            let (begun, good, slowest) = seconds.entry(shot.began.as_secs()).or_default();
            (*begun, *good) = (*begun + 1, *good + usize::from(shot.is_good()));
            *slowest = shot.took().max(*slowest);
        }
        for (second, (begun, good, slowest)) in seconds {
            println!(
                "measured: second {second}: {begun} began, {good} succeeded, the slowest after {slowest:?}"
            );
        }
    }

    /// Says for whoever reads the output what the clients saw.
    pub fn print(&self, fault: &str) {
        let mut answers = BTreeMap::<String, usize>::new();
        for shot in &self.shots {
            let word = match &shot.answer {
                Ok(answer) if answer.is_unknown() => format!("{} unknown", answer.status),
                Ok(answer) => answer.status.to_string(),
                Err(error) => error.clone(),
            };
            *answers.entry(word).or_default() += 1;
        }
        println!(
            "measured: {fault}: longest gap {:?}, slowest {:?}, {} requests: {answers:?}",
            self.longest_gap(),
            self.slowest(),
            self.shots.len()
        );
    }
}
