//! The program under supervision. It answers lines: `pid`, `roster`, and orders to misbehave.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use steadfast_supervisor::{Hooks, Options, Order, Role, Supervisor, Worker, WorkerHandle, role};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;

/// Set when this file is to be the program: how the hooks shall behave.
pub(crate) const HOOKS: &str = "PROGRAM_HOOKS";
/// The file that the hooks write to.
pub(crate) const JOURNAL: &str = "PROGRAM_JOURNAL";

const THREADS: usize = 2;

/// Whether this worker hangs when it is told to end.
static OBSTINATE: AtomicBool = AtomicBool::new(false);

/// Not a test: the program, when the environment says so.
#[test]
fn program() {
    let Some(hooks) = variable(HOOKS) else { return };
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    let exit = run(&hooks);
    // The test's own harness must not have a word in this.
    let code = (0..=u8::MAX).find(|code| format!("{:?}", ExitCode::from(*code)) == format!("{exit:?}"));
    #[expect(clippy::exit, reason = "the exit code is what is tested")]
    std::process::exit(code.unwrap().into());
}

#[expect(clippy::disallowed_methods, reason = "the program's own place for it")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn run(behaviour: &str) -> ExitCode {
    let hooks = hooks(behaviour);
    match role().unwrap() {
        Role::Master(mut start) => {
            let address = start.listen(([127, 0, 0, 1], 0).into(), 128).unwrap();
            eprintln!("listening on {address}");
            let mut options = Options::default();
            options.workers = 2;
            options.timeout = Duration::from_secs(2);
            options.drain_timeout = Duration::from_secs(5);
            Supervisor::new(start, options)
                .hooks(hooks)
                .clean_up_with(|tags| {
                    let mut command = std::process::Command::new("/bin/sh");
                    command.args(["-c", &format!("echo cleaned up {} >&2", tags.join(" "))]);
                    Some(command)
                })
                .run()
        }
        Role::Worker(worker) => worker.run(&hooks, work),
    }
}

fn hooks(behaviour: &str) -> Hooks {
    let is = |what: &str| behaviour.split(',').any(|word| word == what);
    let (spawn_panics, spawn_hangs, spawn_fails) =
        (is("post_spawn=panic"), is("post_spawn=hang"), is("post_spawn=fail"));
    let (abort_panics, abort_hangs) = (is("worker_abort=panic"), is("worker_abort=hang"));
    let exit_hangs = is("worker_exit=hang");
    let (child_panics, child_hangs) = (is("child_exit=panic"), is("child_exit=hang"));
    Hooks::default()
        .post_spawn(move |who| {
            journal(&format!("post_spawn {}", who.number));
            match (spawn_panics, spawn_fails, spawn_hangs) {
                (true, _, _) => panic!("post_spawn panics"),
                (_, true, _) => Err("post_spawn fails".into()),
                (_, _, true) => hang(),
                _ => Ok(()),
            }
        })
        .worker_abort(move |who, out| {
            writeln!(out, "the hook of worker {} adds this", who.number).unwrap();
            assert!(!abort_panics, "worker_abort panics");
            if abort_hangs {
                hang()
            }
        })
        .worker_exit(move |who| {
            journal(&format!("worker_exit {}", who.number));
            if exit_hangs {
                hang()
            }
        })
        .child_exit(move |death| {
            journal(&format!("child_exit {} {death} in {}", death.who.number, std::process::id()));
            assert!(!child_panics, "child_exit panics");
            if child_hangs {
                hang()
            }
        })
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

fn journal(line: &str) {
    use std::io::Write as _;
    let Some(path) = variable(JOURNAL) else { return };
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}

fn work(worker: &mut Worker) -> ExitCode {
    let listener = worker.listeners().remove(0);
    listener.set_nonblocking(true).unwrap();
    let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build().unwrap();
    let handle = worker.handle();
    handle.watch_tokio(runtime.handle());
    let end = Arc::new(Notify::new());
    let ended = Arc::clone(&end);
    handle.on_order(move |order| {
        if order > Order::Changed {
            ended.notify_one();
        }
    });
    handle.publish("greeting", format!("I am {}", worker.identity().number).into());
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).unwrap();
        handle.ready();
        loop {
            tokio::select! {
                () = end.notified() => break,
                accepted = accept(&listener, &handle) => {
                    let (stream, _) = accepted.unwrap();
                    let handle = handle.clone();
                    drop(Handle::current().spawn(async move { answer(stream, handle).await.unwrap_or_default() }));
                }
            }
        }
    });
    if OBSTINATE.load(Ordering::SeqCst) {
        hang()
    }
    runtime.shutdown_background();
    ExitCode::SUCCESS
}

async fn accept(listener: &TcpListener, worker: &WorkerHandle) -> std::io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| if worker.may_accept() { listener.poll_accept(context) } else { Poll::Pending }).await
}

async fn answer(stream: TcpStream, handle: WorkerHandle) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let answer = match line.trim() {
        "pid" => handle.identity().pid.to_string(),
        "roster" => {
            let roster = handle.roster();
            let greetings = roster.workers.iter().filter_map(|w| w.blobs.get("greeting")?.as_str());
            greetings.collect::<Vec<_>>().join(", ")
        }
        // Longer than the timeout, but it only waits.
        "slow" => {
            tokio::time::sleep(Duration::from_secs(5)).await;
            "done".to_owned()
        }
        // Every thread is busy all the time, with tasks that are short.
        "busy" => {
            let end = tokio::time::Instant::now() + Duration::from_secs(5);
            let spin = move || async move {
                while tokio::time::Instant::now() < end {
                    tokio::task::yield_now().await;
                }
            };
            let spinning: Vec<_> = (0..THREADS * 2).map(|_| Handle::current().spawn(spin())).collect();
            for task in spinning {
                task.await.unwrap();
            }
            "done".to_owned()
        }
        "obstinate" => {
            OBSTINATE.store(true, Ordering::SeqCst);
            "I shall not drain".to_owned()
        }
        "block" => hang(),
        "deadlock" => deadlock(),
        #[expect(clippy::exit, reason = "what is tested")]
        "exit" => std::process::exit(9),
        other => format!("what is {other:?}?"),
    };
    stream.get_mut().write_all(answer.as_bytes()).await
}

/// Blocks every thread of the runtime on a lock that is never released.
fn deadlock() -> ! {
    static LOCK: Mutex<()> = Mutex::new(());
    let _held = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..THREADS * 4 {
        drop(Handle::current().spawn(async {
            let _never = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        }));
    }
    hang()
}
