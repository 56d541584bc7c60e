//! The supervisor with a small program of its own, as real processes. One file a fear; one program, so that it is linked
//! once: the tests execute their own file again, as the program.
#![cfg(test)]
#![cfg(unix)]

mod program;
mod support;

mod commands;
mod hooks;
mod orphans;
mod stuck;
