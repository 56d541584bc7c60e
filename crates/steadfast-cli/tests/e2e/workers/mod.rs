//! Several worker processes: what becomes of requests when one of them, or their master, dies, hangs or is replaced.

mod support;

mod all_shown;
mod balance;
mod budget;
mod configuration;
mod crash_loop;
mod ending;
mod killed;
mod missing_database;
mod not_ready;
mod number;
mod orphans;
mod reload;
mod replaced;
mod stopped;
mod systemd;
mod unread_log;
