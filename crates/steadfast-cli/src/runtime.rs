//! The one runtime of a process.

use std::num::NonZero;

use tokio::runtime::{Builder, Runtime};

use crate::exit::Exit;
use crate::terminal;

/// Runs a command on a runtime of its own.
pub(crate) fn run(command: impl Future<Output = Exit>) -> Result<Exit, Exit> {
    let runtime = build(&mut Builder::new_multi_thread()).map_err(|reason| {
        terminal::complain(&reason);
        Exit::Failed
    })?;
    let exit = runtime.block_on(command);
    // Whatever still runs (a name lookup that hangs, a disk that is slow) is not worth waiting for.
    runtime.shutdown_background();
    Ok(exit)
}

/// A runtime for one of several workers: together they have about as many threads as there are processors, and each has
/// two, so that one that is blocked does not block the worker.
pub(crate) fn of_worker(number: usize, workers: usize) -> Result<Runtime, String> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.div_ceil(workers.max(1)).max(2);
    build(Builder::new_multi_thread().worker_threads(threads).thread_name(format!("worker-{number}")))
}

fn build(builder: &mut Builder) -> Result<Runtime, String> {
    builder
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot start: {error}; the system is out of threads or memory"))
}
