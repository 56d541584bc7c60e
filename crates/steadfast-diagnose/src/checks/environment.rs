//! Which variables say which database it is, whether they agree, and whether they survived shell and platform.

use crate::check::{Applies, Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::input::{Input, Source, URL_VARIABLES};
use crate::layer::Layer;
use crate::shown::{Shown, shown};
use crate::story;

/// Which variables say which database it is.
#[derive(Debug)]
pub(crate) struct Environment;

impl Check for Environment {
    fn id(&self) -> &'static str {
        "environment"
    }

    fn layer(&self) -> Layer {
        Layer::Configuration
    }

    fn about(&self) -> &'static str {
        "variables that name the database: conflicts, placeholders, quotes, private names"
    }

    fn applies(&self) -> Applies {
        Applies::Both
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(async { look(context) })
    }
}

const LIBPQ_VARIABLES: &[&str] = &[
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGSERVICE",
    "PGOPTIONS",
    "PGCONNECT_TIMEOUT",
];

fn look(context: &Context) -> Outcome {
    let input = &context.input;
    let set: Vec<&'static str> = URL_VARIABLES
        .iter()
        .chain(LIBPQ_VARIABLES)
        .copied()
        .filter(|name| get(input, name).is_some())
        .collect();
    let mut outcome = Outcome::new(match input.source {
        Source::Argument => "the URL was given as an argument",
        Source::Variable => "DATABASE_URL is set",
        Source::LibpqVariables => "the PG variables name the server",
        Source::Nothing => "nothing is set: the SQLite file of development is used",
    });
    if !set.is_empty() {
        outcome.add("variables", Shown::join(set.iter().map(|name| Shown::from(*name)), ", "));
    }
    outcome.problems.extend(set.iter().filter_map(|name| damaged(input, name)));
    outcome.problems.extend(private_name(context));
    outcome.problems.extend(conflict(context));
    outcome.problems.extend(elsewhere(input));
    match &input.config {
        Ok(config) => {
            let warnings = config.warnings.iter();
            outcome.problems.extend(warnings.map(|warning| {
                Problem::warning(
                    context.shown(warning),
                    "remove it, or set what was meant: docs/configuration.md lists all names",
                )
            }));
        }
        // What is wrong with the URL is the next check's part.
        Err(errors) => {
            let others = errors.iter().filter(|error| !is_about_url(error.field()));
            outcome.problems.extend(others.map(|error| {
                let cause = shown!(context.shown(error.field()), ": ", context.shown(error.problem()));
                Problem::failure(cause, context.shown(error.accepted()))
            }));
        }
    }
    outcome
}

/// Whether an error of the configuration is about the URL itself.
pub(super) fn is_about_url(field: &str) -> bool {
    field.starts_with("DATABASE_URL") || field.starts_with("database.url")
}

fn get<'a>(input: &'a Input, name: &str) -> Option<&'a str> {
    input.environment.get(name).filter(|value| !value.is_empty())
}

/// What shell, platform or editor left in a value. The URL in use has a check of its own.
fn damaged(input: &Input, name: &'static str) -> Option<Problem> {
    let value = get(input, name)?;
    let in_use = name == "DATABASE_URL" && input.source == Source::Variable;
    if is_placeholder(value) {
        let cause = shown!(name, " still holds a placeholder that nobody replaced");
        let remedy = "let the platform or the shell replace it: check the spelling of the reference, and that the service it names exists";
        let problem = if in_use { Problem::failure(cause, remedy) } else { Problem::warning(cause, remedy) };
        return Some(problem.explained(story::PLACEHOLDER));
    }
    if in_use {
        return None;
    }
    let trimmed = value.trim();
    let what = if trimmed.len() != value.len() {
        "begins or ends with a blank or line break"
    } else if trimmed.starts_with(['"', '\'', '`']) {
        "stands in quotes, which are part of its value"
    } else {
        return None;
    };
    let remedy = "set it without them; most programs take them literally";
    Some(Problem::warning(shown!(name, " ", what), remedy).explained(story::BLANK_IN_URL))
}

fn is_placeholder(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    ["${", "{{", "$("].iter().any(|open| value.contains(open))
        || (value.starts_with('$') && !value.contains("://"))
}

/// Name endings that exist only inside one platform's network, the variable that is set there, and what to use outside.
const PRIVATE: &[(&str, &[&str], &str)] = &[
    (
        ".railway.internal",
        &["RAILWAY_ENVIRONMENT", "RAILWAY_PROJECT_ID"],
        "use DATABASE_PUBLIC_URL outside of Railway, and do not connect while building",
    ),
    (
        ".flycast",
        &["FLY_APP_NAME"],
        "outside of Fly's network use `fly proxy 5432`, or the cluster's public address",
    ),
    (
        ".internal",
        &["FLY_APP_NAME", "RAILWAY_ENVIRONMENT", "GOOGLE_CLOUD_PROJECT"],
        "use the database's public address, or connect from inside its network",
    ),
    (
        ".svc.cluster.local",
        &["KUBERNETES_SERVICE_HOST"],
        "outside of the cluster use `kubectl port-forward`, or a service with a public address",
    ),
    (".local", &["KUBERNETES_SERVICE_HOST"], "use an address that this machine can find"),
];

fn private_name(context: &Context) -> Option<Problem> {
    let options = context.postgres()?;
    let inside = |marks: &[&str]| marks.iter().any(|name| context.input.environment.get(name).is_some());
    for (host, _) in &options.hosts {
        for (ending, marks, remedy) in PRIVATE {
            if host.ends_with(ending) && !inside(marks) {
                let cause = shown!(
                    context.shown(host),
                    " is a name of a private network (",
                    *ending,
                    "), and nothing says that this program runs inside it"
                );
                return Some(Problem::warning(cause, *remedy).explained(story::HOST_NOT_FOUND));
            }
        }
        // Render's internal names have no dot at all.
        if host.starts_with("dpg-") && !host.contains('.') && !inside(&["RENDER"]) {
            let cause = shown!(
                context.shown(host),
                " is Render's internal name, and nothing says that this program runs there"
            );
            let remedy = "use the External Database URL of the database's page outside of Render";
            return Some(Problem::warning(cause, remedy).explained(story::HOST_NOT_FOUND));
        }
    }
    None
}

/// `PGHOST` and its like beside a URL that says something else: other programs will follow them.
fn conflict(context: &Context) -> Option<Problem> {
    if !matches!(context.input.source, Source::Argument | Source::Variable) {
        return None;
    }
    let options = context.postgres()?;
    let hosts: Vec<&str> = options.hosts.iter().map(|(host, _)| host.as_str()).collect();
    let ports: Vec<String> = options.hosts.iter().map(|(_, port)| port.to_string()).collect();
    let differs = |name: &str, value: &str| match name {
        "PGHOST" => !value.split(',').all(|host| hosts.contains(&host)),
        "PGPORT" => !value.split(',').all(|port| ports.iter().any(|known| known == port)),
        "PGDATABASE" => value != options.database,
        "PGUSER" => value != options.user,
        _ => false,
    };
    let names = ["PGHOST", "PGPORT", "PGDATABASE", "PGUSER"];
    let wrong: Vec<Shown> = names
        .into_iter()
        .filter(|name| get(&context.input, name).is_some_and(|value| differs(name, value.trim())))
        .map(Shown::from)
        .collect();
    if wrong.is_empty() {
        return None;
    }
    let several = wrong.len() > 1;
    let cause = shown!(
        Shown::join(wrong, ", "),
        if several { " name" } else { " names" },
        " something else than the URL; programs that read the URL and programs that read the variables talk to different databases"
    );
    Some(Problem::warning(cause, "remove the variables, or make them agree with the URL"))
}

/// A URL in another variable than the one that is read.
fn elsewhere(input: &Input) -> Option<Problem> {
    if input.source != Source::Nothing {
        return None;
    }
    let name = URL_VARIABLES.iter().copied().find(|name| get(input, name).is_some())?;
    let cause = shown!("DATABASE_URL is not set and ", name, " is: SQLite is used");
    let remedy = shown!(
        "set DATABASE_URL to what ",
        name,
        " holds, or diagnose it: steadfast diagnose \"$",
        name,
        "\""
    );
    Some(Problem::warning(cause, remedy).explained(story::EMPTY_URL))
}
