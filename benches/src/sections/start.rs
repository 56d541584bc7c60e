//! How soon `serve` answers on SQLite, and what memory an idle worker has.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::http_client::Connection;
use crate::measure::{Effort, Limit, Report, Spread, descendants, millis};

const WITHIN: Duration = Duration::from_secs(10);
const MIB: f64 = 1024.0;

pub async fn start(report: &mut Report, effort: Effort, program: &Path, url: &str) -> Result<()> {
    let directory = std::env::temp_dir().join(format!("steadfast-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let directory = Directory(directory);
    let (mut fresh, mut again) = (Vec::new(), Vec::new());
    for number in 0..effort.starts() {
        let file = directory.0.join(format!("{number}.sqlite3"));
        let url = format!("sqlite://{}", file.display());
        for times in [&mut fresh, &mut again] {
            let (serve, took) = Serve::start(program, &url, &directory.0).await?;
            times.push(took.as_secs_f64() * 1e3);
            drop(serve);
        }
    }
    let (fresh, again) = (Spread::of(fresh), Spread::of(again));
    let rows = [
        ["", "start to first 200"].map(str::to_owned).to_vec(),
        vec!["SQLite, no file yet".to_owned(), millis(fresh)],
        vec!["SQLite, file and schema there".to_owned(), millis(again)],
    ];
    report.table("Start of `steadfast serve`", &rows);
    report.bar("start of serve to first 200 on SQLite, ms", "no file yet", Limit::AtMost(50.0), fresh);

    let mut rows = vec![["", "resident, MiB", "of it the process's own"].map(str::to_owned).to_vec()];
    let sqlite = format!("sqlite://{}", directory.0.join("idle.sqlite3").display());
    for (name, url) in [("SQLite", sqlite.as_str()), ("PostgreSQL", url)] {
        let (serve, _) = Serve::start(program, url, &directory.0).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        // The last of the tree is the worker, where there is a supervisor.
        let worker = descendants(serve.child.id()).pop().unwrap_or(serve.child.id());
        let (all, own) = (memory(worker, "VmRSS")?, memory(worker, "RssAnon")?);
        rows.push(vec![name.to_owned(), format!("{all:.1}"), format!("{own:.1}")]);
        report.bar(format!("idle worker on {name}, MiB"), "itself", Limit::AtMost(12.0), Spread::of([all]));
    }
    report.table("Memory of an idle worker of `steadfast serve`, two seconds after its first request", &rows);
    Ok(())
}

fn memory(pid: u32, field: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).ok_or("no such field")?;
    let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse()?;
    Ok(kib / MIB)
}

/// A running service; ended when this is dropped.
struct Serve {
    child: Child,
}

impl Serve {
    /// Starts it, and gives how long it took until it had listed users.
    async fn start(program: &Path, url: &str, directory: &Path) -> Result<(Self, Duration)> {
        let address: SocketAddr = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(program);
        command.arg("serve").current_dir(directory);
        command.env("DATABASE_URL", url).env("HOST", "127.0.0.1").env("PORT", address.port().to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let serve = Self { child: command.spawn()? };
        while started.elapsed() < WITHIN {
            if let Ok(mut connection) = Connection::open(address).await
                && let Ok(answer) = connection.get("/api/v1/users?limit=1").await
                && answer.status == 200
            {
                return Ok((serve, started.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(format!("{} serve does not answer within {WITHIN:?}", program.display()).into())
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // Asked first, so that it says goodbye to its database; whoever does not listen is killed.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _asked = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}
