//! Whether the URL can be read, what had to be mended, and what other libraries would make of it.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use steadfast::config::{ConfigErrors, PostgresOptions};

use super::environment::is_about_url;
use crate::check::{Applies, Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::input::Source;
use crate::layer::Layer;
use crate::readers::{Destination, READERS, Reading};
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::{many, sslmode};

/// Whether the URL can be read.
#[derive(Debug)]
pub(crate) struct Url;

impl Check for Url {
    fn id(&self) -> &'static str {
        "url"
    }

    fn layer(&self) -> Layer {
        Layer::Configuration
    }

    fn about(&self) -> &'static str {
        "the URL: what had to be mended, and what libpq, SQLAlchemy, tokio-postgres and sqlx make of it"
    }

    fn applies(&self) -> Applies {
        Applies::Both
    }

    fn deadline(&self, _context: &Context) -> Duration {
        Duration::from_secs(2)
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(async { look(context) })
    }
}

fn look(context: &Context) -> Outcome {
    let config = match &context.input.config {
        Ok(config) => config,
        Err(errors) => return refused(errors, context),
    };
    let mut outcome = Outcome::new("understood");
    outcome.problems.extend(config.repairs.iter().map(|repair| {
        Problem::warning(
            shown!(named(repair, context), "; steadfast mends it, other programs may not"),
            "write the URL as postgres://user:password@host:5432/database with everything else percent-encoded",
        )
        .explained(story_of(repair, ""))
    }));
    if let Some(options) = context.postgres() {
        outcome.add("sslmode", sslmode(options.tls.mode));
        if let Some(url) = context.input.url_text().filter(|_| context.input.source != Source::LibpqVariables)
        {
            others(&mut outcome, url, options);
        }
    }
    outcome
}

fn refused(errors: &ConfigErrors, context: &Context) -> Outcome {
    let about_url = errors.iter().filter(|error| is_about_url(error.field()));
    let problems: Vec<Problem> = about_url
        .map(|error| {
            let cause = shown!(named(error.field(), context), ": ", context.shown(error.problem()));
            let accepted = context.shown(error.accepted());
            let remedy = match accepted.as_str().starts_with("accepted") {
                true => shown!("correct it; ", accepted),
                false => accepted,
            };
            Problem::failure(cause, remedy).explained(story_of(error.problem(), error.field()))
        })
        .collect();
    if problems.is_empty() {
        // What is wrong stands among the variables; nothing behind this can be looked at all the same.
        let remedy = "mend what the environment check names first";
        return Outcome::of(Problem::failure("the configuration cannot be read", remedy));
    }
    let mut outcome = Outcome::new("it cannot be read");
    outcome.problems = problems;
    outcome
}

/// What the other libraries make of it.
fn others(outcome: &mut Outcome, url: &str, options: &PostgresOptions) {
    let mut odd: Vec<Shown> = Vec::new();
    for reader in READERS {
        let said = match (reader.read)(url) {
            Reading::Refuses(words) => Some(shown!("refuses it: ", words)),
            Reading::Connects(destination) => oddity(&destination, options).map(Shown::from),
            Reading::Lacks(words) => {
                // Hurts nobody who does not use it, and is not for the URL to mend.
                outcome.add(reader.name, shown!("does not know it all: ", words));
                None
            }
        };
        if let Some(said) = said {
            outcome.add(reader.name, said);
            odd.push(reader.name.into());
        }
    }
    if odd.is_empty() {
        outcome.summary = if outcome.problems.is_empty() { "understood" } else { "mended" }.into();
        return;
    }
    outcome.summary = shown!("read in different ways by ", many(odd.len(), "client", "clients"));
    if outcome.problems.is_empty() {
        let cause = shown!(Shown::join(odd, ", "), " would not read this URL as it is meant");
        let remedy = "if your application uses one of them, percent-encode user and password (python: urllib.parse.quote(password, safe='')), and leave out parameters that it does not know";
        outcome.problems.push(Problem::warning(cause, remedy).explained(story::UNENCODED_PASSWORD));
    }
}

/// What is different about the place where another library would go.
fn oddity(theirs: &Destination, ours: &PostgresOptions) -> Option<&'static str> {
    if theirs.oddity.is_some() {
        return theirs.oddity;
    }
    let hosts: Vec<&str> = ours.hosts.iter().map(|(host, _)| host.as_str()).collect();
    let is_default_host = theirs.host.is_empty();
    if !is_default_host
        && theirs.host != hosts.join(",")
        && theirs.host.split(',').any(|host| !hosts.contains(&host))
    {
        return Some("looks up another host: it takes a piece of the password for it");
    }
    let port = theirs.port.split(',').next().unwrap_or_default();
    if !port.is_empty() && !ours.hosts.iter().any(|(_, known)| known.to_string() == port) {
        return Some("takes another port");
    }
    if !theirs.user.is_empty() && theirs.user != ours.user {
        return Some("logs in as another role");
    }
    let password = ours.password.as_ref().map_or("", |password| password.expose_secret());
    if !theirs.password.is_empty() && theirs.password != password {
        return Some("sends another password");
    }
    if !theirs.database.is_empty() && theirs.database != ours.database {
        return Some("asks for another database");
    }
    None
}

/// A text about the URL, in the words of whoever gave it.
fn named(text: &str, context: &Context) -> Shown {
    match text.strip_prefix("database.url") {
        Some(rest) => shown!("the URL", context.shown(rest)),
        None => context.shown(text),
    }
}

/// The entry that tells of a repair or a problem of the URL.
fn story_of(text: &str, field: &str) -> &'static str {
    let is_about = |word: &str| text.contains(word);
    if is_about("reference to a variable") {
        story::PLACEHOLDER
    } else if is_about("set but empty") {
        story::EMPTY_URL
    } else if field.ends_with("parameter sslmode") {
        story::SSLMODE
    } else if is_about("there is no such parameter") || is_about("parameter ") {
        story::UNKNOWN_PARAMETER
    } else if is_about("web page") || is_about("is a MySQL") || is_about("speaks PostgreSQL and SQLite") {
        story::OTHER_SERVICE
    } else if is_about("literally") || is_about("percent") {
        story::UNENCODED_PASSWORD
    } else {
        story::BLANK_IN_URL
    }
}
