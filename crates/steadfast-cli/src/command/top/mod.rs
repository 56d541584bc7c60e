//! `steadfast top`: the status page in a terminal.

mod fetch;
mod paint;
mod screen;

use std::io::{self, IsTerminal as _};

use steadfast::config::Environment;
use steadfast::metrics::Overview;
use steadfast::time::{Duration, sleep};

use self::fetch::Service;
use self::paint::Paint;
use crate::exit::Exit;
use crate::setup;
use crate::terminal::{complain, print};

/// What to show, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) url: &'a str,
    pub(crate) once: bool,
    pub(crate) json: bool,
    /// Seconds from one look to the next.
    pub(crate) every: u32,
}

/// Shows it until Ctrl-C, or once.
pub(crate) async fn run(look: Look<'_>, environment: &Environment) -> Result<Exit, Exit> {
    let wrong = |text: String| {
        complain(&format!("error: {text}"));
        Exit::Configuration
    };
    let token = setup::health_token(environment).map_err(|error| wrong(error.to_string()))?;
    let service = Service::new(look.url, token).map_err(wrong)?;
    let terminal = io::stdout().is_terminal();
    if look.once || !terminal {
        return show_once(&service, look.json, Paint::plain()).await;
    }
    if look.json {
        return stream(&service, look.every).await;
    }
    let colour = environment.get("NO_COLOR").unwrap_or_default().is_empty();
    // A page of its own, so that what was on the terminal is there again afterwards; and no cursor.
    print("\x1b[?1049h\x1b[?25l");
    tokio::select! {
        () = live(&service, look.every, Paint::new(colour)) => {}
        _interrupted = tokio::signal::ctrl_c() => {}
    }
    print("\x1b[?25h\x1b[?1049l");
    Ok(Exit::Done)
}

async fn show_once(service: &Service, json: bool, paint: Paint) -> Result<Exit, Exit> {
    let answer = service.ask().await.map_err(|error| {
        complain(&format!("error: {error}"));
        Exit::Unavailable
    })?;
    if json {
        print(&format!("{}\n", answer.text));
    } else if let Some(overview) = Overview::of(answer.workers) {
        print(&screen::draw(&overview, answer.details, paint, usize::MAX));
    }
    Ok(Exit::Done)
}

async fn stream(service: &Service, every: u32) -> Result<Exit, Exit> {
    let printing = async {
        loop {
            match service.ask().await {
                Ok(answer) => print(&format!("{}\n", answer.text)),
                Err(error) => complain(&format!("error: {error}")),
            }
            sleep(Duration::from_secs(every.into())).await;
        }
    };
    tokio::select! {
        () = printing => {}
        _interrupted = tokio::signal::ctrl_c() => {}
    }
    Ok(Exit::Done)
}

/// Draws over what was drawn before. When the service does not answer, what is known stays, and is called stale.
async fn live(service: &Service, every: u32, paint: Paint) {
    let mut last: Option<(Overview, bool)> = None;
    loop {
        let trouble = match service.ask().await {
            Ok(answer) => {
                last = Overview::of(answer.workers).map(|overview| (overview, answer.details));
                None
            }
            Err(error) => Some(error),
        };
        let (width, height) = size();
        let mut text = trouble.map_or_else(String::new, |error| screen::stale(&error, last.is_some(), paint));
        if let Some((overview, details)) = &last {
            text.push_str(&screen::draw(overview, *details, paint, width));
        }
        let lines = text.lines().take(height.saturating_sub(1));
        let drawn = lines.fold(String::from("\x1b[H"), |all, line| all + line + "\x1b[K\r\n");
        print(&(drawn + "\x1b[J"));
        sleep(Duration::from_secs(every.into())).await;
    }
}

fn size() -> (usize, usize) {
    let size = terminal_size::terminal_size();
    size.map_or((80, 24), |(width, height)| (width.0.into(), height.0.into()))
}
