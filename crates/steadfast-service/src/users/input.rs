//! From the fields of a JSON object to a valid user, with all that is wrong at once.

use serde_json::Value;

use crate::json::JsonObject;
use crate::problem::{FieldError, Problem, ProblemKind};
use crate::users::model::{NewUser, UserPatch};
use crate::users::{email, username};

/// Reads a whole user (POST, PUT): both fields are needed.
pub(crate) fn new_user(body: JsonObject) -> Result<NewUser, Problem> {
    let mut fields = Fields::of(body);
    let username = fields.take("username", username::check);
    let email = fields.take("email", email::check);
    for (name, field) in [("username", &username), ("email", &email)] {
        if matches!(field, Field::Absent) {
            fields.errors.push(FieldError::new(name, "missing", "is needed"));
        }
    }
    match (username, email, fields.finish()) {
        (Field::Valid(username), Field::Valid(email), Ok(())) => Ok(NewUser { username, email }),
        (_, _, refusal) => Err(refusal.err().unwrap_or_else(Problem::internal)),
    }
}

/// Reads changes (PATCH): one field or both.
pub(crate) fn patch(body: JsonObject) -> Result<UserPatch, Problem> {
    let mut fields = Fields::of(body);
    let username = fields.take("username", username::check);
    let email = fields.take("email", email::check);
    if matches!((&username, &email), (Field::Absent, Field::Absent)) && fields.rest_is_empty() {
        for name in ["username", "email"] {
            let detail = "is not given, nor is the other field; give at least one";
            fields.errors.push(FieldError::new(name, "missing", detail));
        }
    }
    fields.finish()?;
    Ok(UserPatch { username: username.valid(), email: email.valid() })
}

/// At most so many entries are sent back: a body of 64 KiB has room for thousands of unknown names.
const MAX_ERRORS: usize = 20;

/// What became of one field.
enum Field {
    Absent,
    Invalid,
    Valid(String),
}

impl Field {
    fn valid(self) -> Option<String> {
        match self {
            Self::Valid(text) => Some(text),
            Self::Absent | Self::Invalid => None,
        }
    }
}

struct Fields {
    rest: Vec<(String, Value)>,
    errors: Vec<FieldError>,
}

impl Fields {
    fn of(body: JsonObject) -> Self {
        Self { rest: body.0, errors: Vec::new() }
    }

    /// Takes a text field out and checks it; notes at most one entry about it.
    fn take(&mut self, name: &str, check: impl Fn(&str) -> Result<String, FieldError>) -> Field {
        let (mut values, rest): (Vec<_>, _) =
            std::mem::take(&mut self.rest).into_iter().partition(|(n, _)| n == name);
        self.rest = rest;
        let result = match (values.pop(), values.is_empty()) {
            (None, _) => return Field::Absent,
            (Some(_), false) => Err(FieldError::new(name, "repeated", "is given more than once")),
            (Some((_, Value::String(text))), true) => check(&text),
            (Some((_, other)), true) => {
                Err(FieldError::new(name, "wrong_type", format!("must be text, not {}", kind(&other))))
            }
        };
        result.map_or_else(
            |error| {
                self.errors.push(error);
                Field::Invalid
            },
            Field::Valid,
        )
    }

    fn rest_is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Ends with all that was found; what was not taken is unknown.
    fn finish(&mut self) -> Result<(), Problem> {
        let mut names: Vec<_> = std::mem::take(&mut self.rest).into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        let unknown = names.iter().map(|name| FieldError::new(name, "unknown", unknown_detail(name)));
        self.errors.extend(unknown);
        if self.errors.is_empty() {
            return Ok(());
        }
        let count = self.errors.len();
        let detail = match count {
            1 => "One field is not acceptable.".to_owned(),
            count if count > MAX_ERRORS => {
                format!("{count} fields are not acceptable; the first {MAX_ERRORS} are named.")
            }
            count => format!("{count} fields are not acceptable."),
        };
        self.errors.truncate(MAX_ERRORS);
        let errors = std::mem::take(&mut self.errors);
        Err(Problem::new(ProblemKind::InvalidBody, detail).with_errors(errors))
    }
}

fn unknown_detail(name: &str) -> &'static str {
    match name {
        "id" | "created_at" | "updated_at" => "is set by the service and cannot be given",
        _ => "is not a field of a user; username and email are",
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
