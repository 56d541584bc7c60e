//! `steadfast config`.

use std::fmt::Write as _;

use steadfast::config::{reference, render_settings};
use steadfast_service::settings::SettingRow;

use crate::exit::Exit;
use crate::setup::Setup;
use crate::terminal::{complain, print};

/// Prints what is in effect, or what there is.
pub(crate) fn run(setup: &Setup, wants_reference: bool) -> Exit {
    if wants_reference {
        print(&format!("{}\n{}", reference(), service_reference(&setup.rows)));
        return Exit::Done;
    }
    print(&format!("{}{}", render_settings(&setup.config.describe()), service_settings(&setup.rows)));
    for repair in &setup.config.repairs {
        complain(&format!("mended: {repair}"));
    }
    for warning in &setup.config.warnings {
        complain(&format!("warning: {warning}"));
    }
    Exit::Done
}

fn service_settings(rows: &[SettingRow]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let value_width = rows.iter().map(|row| row.value.chars().count()).max().unwrap_or_default();
    let line = |text: &mut String, row: &SettingRow| {
        // Writing to a String cannot fail.
        let _infallible =
            writeln!(text, "{:width$}  {:value_width$}  {}", row.name, row.value, row.origin.name());
    };
    rows.iter().fold(String::new(), |mut text, row| {
        line(&mut text, row);
        text
    })
}

fn service_reference(rows: &[SettingRow]) -> String {
    let head = "## Service\n\n| variable | default | reason |\n|---|---|---|\n".to_owned();
    let mut text = rows.iter().fold(head, |mut text, row| {
        let _infallible = writeln!(text, "| `{}` | `{}` | {} |", row.name, row.default, row.reason);
        text
    });
    text.push_str(OWN_VARIABLES);
    text
}

/// What only this program reads.
const OWN_VARIABLES: &str = "\
| `STEADFAST_HEALTH_TOKEN` | none | who shows it as a bearer token sees the details of `/api/v1/health` and `/status.json`, and `/metrics`, from anywhere; at least 16 characters |
| `STEADFAST_LOG` | `info` | which events are logged, as `tracing_subscriber::EnvFilter` has it: `steadfast=debug` |
| `STEADFAST_LOG_FORMAT` | `human` on a terminal, else `json` | lines for people or for programs |
";
