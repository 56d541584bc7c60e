//! Checks on the structure of the project that neither the compiler nor clippy makes.
//!
//! `cargo xtask tidy` prints what it finds, a line each, and ends with 1 when something must be changed.

mod finding;
mod project;
mod rules;
mod source;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use finding::{Finding, Weight};
use project::Project;

const USAGE: &str =
    "usage: cargo xtask tidy\n  tidy   checks layers, sizes, forgotten files, words, manifests and links";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("tidy"), None) => tidy(),
        (Some("help" | "--help" | "-h"), None) => {
            say(USAGE);
            ExitCode::SUCCESS
        }
        _ => {
            say(USAGE);
            ExitCode::from(2)
        }
    }
}

fn tidy() -> ExitCode {
    let findings = match look() {
        Ok(findings) => findings,
        Err(error) => {
            say(&format!("tidy: reading the project: {error}"));
            return ExitCode::from(2);
        }
    };
    for finding in &findings {
        say(&finding.to_string());
    }
    let errors = findings.iter().filter(|finding| finding.weight == Weight::Error).count();
    say(&format!("tidy: {errors} to change, {} to consider", findings.len() - errors));
    if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Everything there is to say about the project, worst first.
fn look() -> std::io::Result<Vec<Finding>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let project = Project::read(&root)?;
    let mut findings = rules::all(&project);
    findings.sort();
    Ok(findings)
}

fn say(line: &str) {
    // Whoever closed our output does not want to hear about it.
    let _closed = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_tidy() {
        let findings = look().unwrap();
        let errors: Vec<String> = findings
            .iter()
            .filter(|finding| finding.weight == Weight::Error)
            .map(ToString::to_string)
            .collect();
        assert!(errors.is_empty(), "\n{}\n", errors.join("\n"));
    }
}
