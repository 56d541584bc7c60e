//! `steadfast diagnose`.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use steadfast::config::Environment;
use steadfast::time::sleep;
use steadfast_diagnose::{
    Input, Options, Progress, Report, Shown, Silent, Style, diagnose, list, unknown_checks,
};
use steadfast_diagnose::{render_json, render_terminal};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Diagnose;
use crate::exit::Exit;
use crate::terminal::{complain, print, print_if_read, show_progress};

/// Looks, once or again and again, and prints what was found.
pub(crate) async fn run(arguments: &Diagnose, database_url: Option<&str>, environment: &Environment) -> Exit {
    if arguments.list {
        print(&listed());
        return Exit::Done;
    }
    let options = options(arguments);
    let unknown = unknown_checks(&options);
    if !unknown.is_empty() {
        let known: Vec<&str> = list().iter().map(|check| check.id).collect();
        complain(&format!(
            "error: there is no check {}; accepted are {}",
            unknown.join(", "),
            known.join(", ")
        ));
        return Exit::Diagnosed(2);
    }
    let url = arguments.url.as_deref().or(database_url);
    let style = style(arguments, environment);
    let mut before = None;
    // One for the whole time: what comes while a page is printed is not to be lost.
    let Ok(mut interrupt) = signal(SignalKind::interrupt()) else {
        complain("error: the system gives no handler for SIGINT");
        return Exit::Failed;
    };
    loop {
        let input = Input::read(environment.clone(), url);
        let look = diagnose(input, options.clone(), progress(arguments));
        let report = tokio::select! {
            report = look => report,
            _ = interrupt.recv() => return interrupted(before.as_ref()),
        };
        let is_read = show(arguments, &report, before.as_ref(), style);
        let exit = exit_of(&report);
        let Some(every) = arguments.watch.filter(|_| is_read) else { return exit };
        before = Some(report);
        tokio::select! {
            () = sleep(every) => {}
            _ = interrupt.recv() => return interrupted(before.as_ref()),
        }
    }
}

fn exit_of(report: &Report) -> Exit {
    Exit::Diagnosed(report.verdict().exit_code())
}

/// What was found last; without that it is as if somebody had ended it by the signal.
fn interrupted(last: Option<&Report>) -> Exit {
    show_end();
    last.map_or(Exit::Interrupted, exit_of)
}

fn show_end() {
    if io::stderr().is_terminal() {
        show_progress("");
    }
}

/// Prints a report; false when nobody reads any more.
fn show(arguments: &Diagnose, report: &Report, before: Option<&Report>, style: Style) -> bool {
    if arguments.json {
        return print_if_read(&(render_json(report) + "\n"));
    }
    if arguments.watch.is_none() {
        return print_if_read(&render_terminal(report, style));
    }
    if io::stdout().is_terminal() {
        let page = render_terminal(report, style);
        return print_if_read(&format!("\x1b[2J\x1b[H{}\n\n{page}", report.at));
    }
    // In a log only what changes is worth a page.
    let broken = |report: &Report| report.first_broken().map(|finding| finding.check);
    let is_same =
        before.is_some_and(|before| before.verdict() == report.verdict() && broken(before) == broken(report));
    if is_same {
        return print_if_read(&format!("{} still {}\n", report.at, report.verdict().word()));
    }
    print_if_read(&format!("{}\n{}", report.at, render_terminal(report, style)))
}

fn options(arguments: &Diagnose) -> Options {
    let mut options = Options::default();
    options.only.clone_from(&arguments.only);
    options.skip.clone_from(&arguments.skip);
    options.timeout = arguments.timeout;
    options.drill = arguments.drill;
    options.idle_probe = arguments.idle_probe;
    options.idle_state.clone_from(&arguments.idle_state);
    options.workers = arguments.workers;
    options.tables.clone_from(&arguments.tables);
    options.retry_speed = arguments.retry_speed;
    options
}

/// Colours where somebody sees them or asks for them (<https://no-color.org>, `CLICOLOR_FORCE`).
fn style(arguments: &Diagnose, environment: &Environment) -> Style {
    let is_set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty() && value != "0");
    let is_terminal = io::stdout().is_terminal();
    let style = if is_terminal {
        let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        Style::terminal(width)
    } else {
        Style::default()
    };
    let forbidden = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = !forbidden && (is_terminal || is_set("CLICOLOR_FORCE"));
    style.colour(colour).verbose(arguments.verbose)
}

fn progress(arguments: &Diagnose) -> Arc<dyn Progress> {
    if io::stderr().is_terminal() && !arguments.json {
        Arc::new(LastLine)
    } else {
        Arc::new(Silent::default())
    }
}

/// Shows in the last line of the terminal what is being looked at.
#[derive(Debug)]
struct LastLine;

impl Progress for LastLine {
    fn begins(&self, check: &'static str, number: usize, total: usize) {
        show_progress(&format!("{number}/{total} {check} .."));
    }

    fn goes_on(&self, check: &'static str, what: &Shown) {
        show_progress(&format!("{check}: {what}"));
    }

    fn ended(&self) {
        show_progress("");
    }
}

fn listed() -> String {
    list().iter().fold(String::new(), |mut text, check| {
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "{:16} {:14} {}", check.id, check.layer.word(), check.about);
        text
    })
}
