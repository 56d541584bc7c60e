//! The shell around the plan: processes, signals, sockets. One thread, one `poll`.

mod announce;
mod child;
mod exit_hook;
mod hearing;
mod helpers;
mod log;
mod obeying;
mod porter;
mod program;
mod shell;
mod signals;
mod start;
mod strangers;
mod successor;
mod supervisor;
mod wait;

pub use program::this_program;
pub use start::Start;
pub use supervisor::Supervisor;
