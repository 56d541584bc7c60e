//! What this process is: a master, or a worker of one.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;

#[cfg(target_os = "linux")]
use rustix::process::Signal;

use crate::environment::Mark;
use crate::error::SupervisorError;
use crate::frame::Decoder;
use crate::licence::Licence;
use crate::link::{be_greeted, close_on_exec};
use crate::master::Start;
use crate::message::{Down, PROTOCOL, Up, Welcome};
use crate::worker::Worker;

/// What this process is.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "there is no third, and whoever asks must answer for both")]
pub enum Role {
    /// It may become a master, or whatever else its arguments say. Also of one that takes over from another (SIGUSR2).
    Master(Start),
    /// It was started by a master, to work.
    Worker(Worker),
}

/// Says what this process is. To be asked once and early: a worker's standard input is its way to the master until then.
///
/// # Errors
/// When a master has started this process and cannot be understood.
pub fn role() -> Result<Role, SupervisorError> {
    let Some(mark) = Mark::of_this_process() else { return Ok(Role::Master(Start::first())) };
    go_on_when_orphaned();
    let greeted = (|| {
        let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
        let mut decoder = Decoder::default();
        let (message, descriptors) = be_greeted(&stream, &mut decoder)?;
        let welcome = understood(message)?;
        descriptors.iter().try_for_each(close_on_exec)?;
        let licences = usize::from(mark == Mark::Worker);
        if descriptors.len() != licences + welcome.listeners {
            return Err(io::Error::other("not all descriptors have come"));
        }
        let hello = crate::frame::encode(&Up::Hello { protocol: PROTOCOL })?;
        io::Write::write_all(&mut &stream, &hello)?;
        Ok((stream, decoder, welcome, descriptors))
    })();
    let (stream, decoder, welcome, mut descriptors) = greeted.map_err(SupervisorError::Greeting)?;
    Ok(match mark {
        Mark::Worker => {
            let licence = Licence::from(descriptors.remove(0));
            Role::Worker(Worker::new(stream, decoder, &welcome, licence, descriptors)?)
        }
        Mark::Successor => Role::Master(Start::successor(stream, decoder, &welcome, descriptors)?),
    })
}

/// Has the kernel wake this process, if it is stopped, when its parent dies: it could not see that, and would keep the
/// listener for as long as it is stopped.
///
/// SIGCONT does nothing to a process that runs, so it does not matter that the kernel means the parent's thread and not
/// its process, nor that the parent may be gone by now: then the stream between them has ended, and that is seen below.
fn go_on_when_orphaned() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::CONT)) {
        tracing::debug!(%error, "stopped when its master dies, this process will not be woken");
    }
}

fn understood(message: Down) -> io::Result<Welcome> {
    let Down::Welcome(welcome) = message else {
        return Err(io::Error::other("it did not begin with a greeting"));
    };
    if welcome.protocol != PROTOCOL {
        let theirs = welcome.protocol;
        return Err(io::Error::other(format!("it speaks version {theirs}, this program {PROTOCOL}")));
    }
    Ok(welcome)
}
