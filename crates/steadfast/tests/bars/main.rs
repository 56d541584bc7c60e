//! The bars: what the field's faults may cost, measured. Sixteen tasks make 200 operations a second on a pool with
//! default options, each with a deadline of five seconds.
//!
//! Each row is a test of its own. It holds what is exact (how many failed) to the bar, and what depends on the machine
//! (times) to several times the bar. `scripts/bars` prints the figures of all rows, one after the other, in a release
//! build.
#![cfg(test)]
#![cfg(all(unix, feature = "postgres"))]
#![expect(clippy::disallowed_methods, reason = "tests start tasks as an application would")]

mod begin_cancelled;
mod cancelled_acquires;
mod dirty_borrower;
mod down;
mod dropped_query;
mod full_server;
mod load;
mod report;
mod restart;
mod scene;
mod silent;
mod switch_over;
mod terminated;

/// One after the other: side by side they would measure each other. Measures for a minute and asserts nothing, so only
/// `scripts/bars` asks for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_table() {
    if std::env::var_os("STEADFAST_BARS").is_none() {
        return;
    }
    report::head();
    report::print(&terminated::measure().await);
    report::print(&restart::measure().await);
    report::print(&down::measure().await);
    report::print(&silent::measure().await);
    report::print(&full_server::measure().await);
    report::print(&switch_over::measure().await);
    report::print(&dirty_borrower::measure().await);
    report::print(&dropped_query::measure().await);
    report::print(&begin_cancelled::measure().await);
    report::print(&cancelled_acquires::measure().await);
}
