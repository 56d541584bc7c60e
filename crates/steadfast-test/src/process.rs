//! A program under test, as a real process.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::error::{Error, must};
use crate::eventually::holds_within;
use crate::system::{self, Signal};
use crate::watchdog::Watchdog;

/// How many of the last lines an error shows.
const LINES_SHOWN: usize = 30;

/// A running program whose output is being read.
///
/// It leads a process group of its own. When this is dropped, or the test is killed, the whole group is killed:
/// the program and what it has started.
///
/// # Panics
/// Every method panics when the system does not do what was asked, or what is waited for does not come; the
/// message shows the last lines of output.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: u32,
    child: Mutex<Child>,
    output: Arc<Output>,
    watchdog: Watchdog,
}

/// What the program has said so far, on both streams, in the order of arrival.
#[derive(Debug, Default)]
struct Output {
    lines: Mutex<Vec<String>>,
    /// How many lines there are; and how many of the two streams have ended.
    progress: watch::Sender<(usize, usize)>,
}

impl Process {
    /// Starts a program. Its standard input is empty unless the command says otherwise; its outputs are read
    /// here in any case.
    ///
    /// The program inherits this process's environment, as the command does. For a program of this workspace
    /// the path is `env!("CARGO_BIN_EXE_<name>")`.
    pub async fn start(command: &mut Command) -> Self {
        must(Self::try_start(command).await)
    }

    /// Its process id, which is the id of its process group as well.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Everything it has printed so far, standard output and standard error together.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.output.lines().clone()
    }

    /// Waits for a line that contains `text`, among those already printed and those to come, and returns the
    /// first.
    pub async fn wait_for_line(&self, text: &str, within: Duration) -> String {
        self.wait_for(&format!("a line with {text:?}"), within, |line| line.contains(text)).await
    }

    /// Waits for a line that fits, among those already printed and those to come, and returns the first.
    pub async fn wait_for(&self, what: &str, within: Duration, fits: impl Fn(&str) -> bool) -> String {
        let mut progress = self.output.progress.subscribe();
        let search = async {
            loop {
                let ended = progress.borrow_and_update().1 == 2;
                if let Some(line) = self.output.lines().iter().find(|line| fits(line)) {
                    return Some(line.clone());
                }
                if ended || progress.changed().await.is_err() {
                    return None;
                }
            }
        };
        match tokio::time::timeout(within, search).await {
            Ok(Some(line)) => line,
            Ok(None) => self.disappoint(&format!("ended its output without {what}")),
            Err(_elapsed) => self.disappoint(&format!("has not printed {what} within {within:?}")),
        }
    }

    /// Sends a signal to the program, and to nothing that it has started.
    pub fn signal(&self, signal: Signal) {
        if !self.is_running() {
            self.disappoint(&format!("has ended, so that {signal:?} cannot be sent"))
        }
        must(system::send(self.pid, signal));
    }

    /// Sends a signal to the program and everything it has started, as a terminal's Ctrl-C does.
    pub fn signal_group(&self, signal: Signal) {
        must(system::send_to_group(self.pid, signal));
    }

    /// Whether it has not ended yet.
    #[must_use]
    pub fn is_running(&self) -> bool {
        must(self.poll()).is_none()
    }

    /// Waits for its end. Output that came before is complete when this returns, unless something that it has
    /// started still holds the stream.
    pub async fn wait(&self, within: Duration) -> ExitStatus {
        if !holds_within(within, async || !self.is_running()).await {
            self.disappoint(&format!("has not ended within {within:?}"))
        }
        let mut progress = self.output.progress.subscribe();
        let rest = progress.wait_for(|(_, ended)| *ended == 2);
        let _held_by_a_grandchild = tokio::time::timeout(Duration::from_millis(500), rest).await;
        match must(self.poll()) {
            Some(status) => status,
            None => self.disappoint("bug: has ended and is running"),
        }
    }

    async fn try_start(command: &mut Command) -> Result<Self, Error> {
        use std::os::unix::process::CommandExt as _;
        let name = command.get_program().to_string_lossy().into_owned();
        let watchdog = Watchdog::of_group()?;
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child =
            command.spawn().map_err(|cause| Error::system(format_args!("starting {name}"), cause))?;
        let pid = child.id();
        watchdog.watch(pid)?;
        let output = Arc::new(Output::default());
        let streams: [Option<Box<dyn Read + Send>>; 2] =
            [child.stdout.take().map(|s| Box::new(s) as _), child.stderr.take().map(|s| Box::new(s) as _)];
        for stream in streams.into_iter().flatten() {
            let output = Arc::clone(&output);
            // A thread each, so that a test that blocks its runtime does not block the program.
            let _detached = std::thread::spawn(move || output.read(stream));
        }
        Ok(Self { name, pid, child: Mutex::new(child), output, watchdog })
    }

    fn poll(&self) -> Result<Option<ExitStatus>, Error> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.try_wait().map_err(|cause| Error::system(format_args!("looking at {}", self.name), cause))
    }

    fn disappoint(&self, how: &str) -> ! {
        let lines = self.lines();
        let last = lines.get(lines.len().saturating_sub(LINES_SHOWN)..).unwrap_or_default().join("\n");
        let status = match self.poll() {
            Ok(Some(status)) => format!("it ended with {status}"),
            Ok(None) => "it is running".to_owned(),
            Err(error) => error.to_string(),
        };
        crate::error::fail(&Error::new(format!("{} {how}; {status}; its last output:\n{last}", self.name)))
    }
}

impl Output {
    fn read(&self, stream: Box<dyn Read + Send>) {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            line.clear();
            self.lines().push(text);
            self.progress.send_modify(|(lines, _)| *lines += 1);
        }
        self.progress.send_modify(|(_, ended)| *ended += 1);
    }

    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What it has started may outlive it, so the group is killed even when the program itself has ended:
        // a group's number is not given away while it has members. None left is as good.
        let _none_left = system::send_to_group(self.pid, Signal::KILL);
        let _reaped = self.child.get_mut().unwrap_or_else(PoisonError::into_inner).wait();
        let _already_gone = self.watchdog.forget();
    }
}
