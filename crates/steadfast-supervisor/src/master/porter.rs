//! A master that was replaced stays at the door: it keeps the process id that others know, passes signals on, and ends
//! as its successor ends.

use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use crate::clock::now;
use crate::link::Link;
use crate::master::signals::{Signals, Wish};
use crate::master::strangers::bury;
use crate::master::successor::Successor;
use crate::master::wait::wait;
use crate::message::Down;
use crate::systemd::Systemd;

/// Returns when the successor has ended, with the code to end with; or at once when the porter before this one has gone.
pub(super) fn keep_the_door(
    mut successor: Successor,
    mut signals: Signals,
    mut parent: Option<Link>,
    mut systemd: Systemd,
) -> u8 {
    tracing::info!(successor = successor.pid(), "replaced; passing signals on");
    systemd.ready();
    systemd.status(&format!("process {} serves", successor.pid()));
    loop {
        if let Some(status) = successor.poll() {
            return code_of(status);
        }
        let links = [Some(&successor.link), parent.as_ref()].into_iter().flatten();
        let links = links.filter(|link| !link.is_closed()).map(|link| (link.as_fd(), link.is_behind()));
        let sign_of_life = systemd.beat().map(|left| now() + left);
        wait([(signals.as_fd(), false)].into_iter().chain(links), sign_of_life);
        let signalled = signals.pending().into_iter().filter(|signal| Wish::of(*signal) != Some(Wish::Reap));
        let passed_on = parent.as_mut().map(Link::receive::<Down>).and_then(Result::ok).unwrap_or_default();
        let passed_on = passed_on.into_iter().filter_map(|message| match message {
            Down::Signal { number } => Some(number),
            Down::Welcome(_)
            | Down::Retire
            | Down::Drain
            | Down::Hurry
            | Down::Roster(_)
            | Down::Blob { .. } => None,
        });
        for signal in signalled.chain(passed_on) {
            if Wish::of(signal) == Some(Wish::End) {
                systemd.stopping();
            }
            successor.pass_on(signal);
        }
        if parent.as_ref().is_some_and(Link::is_closed) {
            tracing::warn!("the process that keeps the door before this one has gone; ending as well");
            return 0;
        }
        successor.link.flush();
        // It has nothing more to say; what it says all the same is read, so that it never waits for us.
        let _unused = successor.look();
        bury(|pid| pid == successor.pid());
    }
}

/// As a shell tells it.
fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
