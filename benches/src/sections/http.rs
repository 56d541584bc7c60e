//! One user read by its number over HTTP, on PostgreSQL.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use steadfast_test::{Postgres, Process};
use tokio::time::{Instant, sleep};

use crate::error::Result;
use crate::http_client::Connection;
use crate::measure::{
    Contender, Effort, Limit, Plan, Report, Sample, Series, Work, cpu_of_tree, drive, interleave, nanos,
    ratio_cell,
};

/// Connections that ask, one request at a time each.
const CLIENTS: usize = 16;
const USERS: u64 = 1000;
const START_WITHIN: Duration = Duration::from_secs(30);

/// What else takes part, where it is.
#[derive(Debug)]
pub struct Programs<'a> {
    pub steadfast: &'a Path,
    /// A Python that has what `flask/requirements.txt` names.
    pub python: Option<&'a Path>,
}

pub async fn http(
    report: &mut Report,
    effort: Effort,
    postgres: &Postgres,
    programs: &Programs<'_>,
) -> Result<()> {
    let url = postgres.url();
    let own = Service::start(programs.steadfast, &["serve"], &url, |port| {
        vec![("HOST", "127.0.0.1".to_owned()), ("PORT", port.to_string())]
    })
    .await?;
    fill(&url).await?;
    let bench = std::env::current_exe()?;
    let bare = Service::start(&bench, &["bare-http"], &url, |port| vec![("PORT", port.to_string())]).await?;
    let mut services = vec![("steadfast serve", own), ("axum + deadpool-postgres", bare)];
    if let Some(python) = programs.python {
        let flask = Service::start(
            python,
            &["-m", "gunicorn", "--config", "gunicorn.conf.py", "app:app"],
            &url,
            |port| vec![("PORT", port.to_string())],
        )
        .await?;
        services.push(("Flask + SQLAlchemy + gunicorn", flask));
    }
    let mut planned = Vec::new();
    for (name, service) in services {
        let plan = Plan::Window { tasks: CLIENTS, window: effort.http_window() };
        planned.push((service.contender(name, postgres.pid()).await?, plan));
    }
    let series = interleave(&planned, effort.http_rounds()).await?;
    tell(report, &series);
    Ok(())
}

fn tell(report: &mut Report, series: &[Series]) {
    let per_cpu_second = |sample: &Sample| 1e9 / sample.cpu_per_op();
    let head = [
        "",
        "requests/s",
        "server CPU per request",
        "its database's",
        "the client's",
        "requests per CPU second",
        "steadfast over it",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in series {
        rows.push(vec![
            one.name.to_owned(),
            format!("{:.0}", one.spread(Sample::per_second).median),
            nanos(one.spread(Sample::cpu_per_op)),
            nanos(one.spread(|sample| sample.per_op(sample.database))),
            nanos(one.spread(|sample| sample.per_op(sample.client))),
            format!("{:.0}", one.spread(per_cpu_second).median),
            ratio_cell(series[0].against(one, per_cpu_second)),
        ]);
    }
    report.table(&format!("GET /api/v1/users/ID on PostgreSQL, {CLIENTS} clients"), &rows);
    let (own, bare) = (&series[0], &series[1]);
    let measured = own.against(bare, Sample::per_second);
    report.bar("HTTP read by id: requests/s", bare.name, Limit::AtLeast(0.9), measured);
    match series.get(2) {
        Some(flask) => {
            let measured = own.against(flask, per_cpu_second);
            let work = "HTTP read by id: requests per CPU second";
            report.bar(work, flask.name, Limit::AtLeast(20.0), measured);
        }
        None => report.note("Flask was left out: no --python was given."),
    }
}

async fn fill(url: &str) -> Result<()> {
    let client = crate::pools::postgres::connect_raw(url).await?;
    let sql = format!(
        "INSERT INTO users (id, username, email) \
         SELECT n, 'user' || n, 'user' || n || '@example.org' FROM generate_series(1, {USERS}) n \
         ON CONFLICT DO NOTHING; ANALYZE users"
    );
    Ok(client.batch_execute(&sql).await?)
}

/// A server process that answers.
struct Service {
    process: Process,
    address: SocketAddr,
}

impl Service {
    async fn start(
        program: &Path,
        arguments: &[&str],
        url: &str,
        environment: impl Fn(u16) -> Vec<(&'static str, String)>,
    ) -> Result<Self> {
        let address = free_address()?;
        // Its log goes nowhere: reading it would cost the machine something that is not the server's.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1"]).arg(program).args(arguments);
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("flask"));
        command.env("DATABASE_URL", url).envs(environment(address.port()));
        let service = Self { process: Process::start(&mut command).await, address };
        service.answers(program).await?;
        Ok(service)
    }

    /// Waits until it does: with the schema there, anything but a user 0.
    async fn answers(&self, program: &Path) -> Result<()> {
        let deadline = Instant::now() + START_WITHIN;
        while Instant::now() < deadline {
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok(answer) = connection.get("/api/v1/users/0").await
                && answer.status < 500
            {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Err(format!("{} does not answer within {START_WITHIN:?}", program.display()).into())
    }

    /// Its requests; the processor time is the server's, and that of its database and ours beside it.
    async fn contender(self, name: &'static str, database: u32) -> Result<Contender> {
        let mut one = Connection::open(self.address).await?;
        let answer = one.get("/api/v1/users/7").await?;
        if answer.status != 200 || !answer.body.contains("user7@example.org") {
            return Err(format!("{name} answers {} {}", answer.status, answer.body).into());
        }
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(tokio::sync::Mutex::new(Connection::open(self.address).await?));
        }
        let requests = Arc::new(Requests { clients });
        let process = Arc::new(self.process);
        Ok(Contender::new(name, move |plan| {
            let (requests, process) = (Arc::clone(&requests), Arc::clone(&process));
            Box::pin(async move {
                let before = [process.pid(), database].map(cpu_of_tree);
                let sample = drive(&requests, plan).await;
                let after = [process.pid(), database].map(cpu_of_tree);
                // Of requests that ended after the time was up as well, which count for the processor therefore.
                let within = sample.operations as f64 / sample.ended.max(1) as f64;
                let spent = |at: usize| after[at].saturating_sub(before[at]).mul_f64(within);
                Sample { cpu: spent(0), database: spent(1), client: sample.cpu, ..sample }
            })
        }))
    }
}

struct Requests {
    /// Each belongs to the task with its number; the lock is never waited for.
    clients: Vec<tokio::sync::Mutex<Connection>>,
}

impl Work for Requests {
    async fn once(&self, task: usize) {
        let mut client = self.clients[task].lock().await;
        let id = client.answered() % USERS + 1;
        let answer = client.get(&format!("/api/v1/users/{id}")).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
