//! The changes that a client can ask for, and the answer to each.

use http::StatusCode;
use steadfast::Error;
use steadfast::transaction::Transaction;

use crate::idempotency::{Answer, Fingerprint};
use crate::problem::{FieldError, Problem, ProblemKind};
use crate::users::model::{NewUser, UserPatch};
use crate::users::repository::{delete, insert, taken_field, update};

/// What a client asks for, in the spelling that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Create(NewUser),
    Replace { id: i64, patch: UserPatch },
    Patch { id: i64, patch: UserPatch },
    Delete { id: i64 },
}

impl Change {
    /// Does it, and gives the answer in the case that it is committed.
    pub(crate) async fn run(&self, tx: &Transaction) -> Result<Answer, Error> {
        match self {
            Self::Create(user) => {
                let stored = insert(tx, user).await?;
                Ok(Answer::json(StatusCode::CREATED, &stored).at(format!("{USERS}/{}", stored.id)))
            }
            Self::Replace { id, patch } | Self::Patch { id, patch } => {
                let stored = update(tx, *id, patch).await?;
                Ok(stored.map_or_else(|| gone(*id), |user| Answer::json(StatusCode::OK, &user)))
            }
            Self::Delete { id } => {
                let found = delete(tx, *id).await?;
                Ok(if found { Answer::empty(StatusCode::NO_CONTENT) } else { gone(*id) })
            }
        }
    }

    /// By which a repetition of the request is told from another one.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let of = |method, id: Option<i64>, username: Option<&str>, email: Option<&str>| {
            let path = id.map_or_else(|| USERS.to_owned(), |id| format!("{USERS}/{id}"));
            Fingerprint::of(method, &path, &[("username", username), ("email", email)])
        };
        match self {
            Self::Create(user) => of("POST", None, Some(&user.username), Some(&user.email)),
            Self::Replace { id, patch } => {
                of("PUT", Some(*id), patch.username.as_deref(), patch.email.as_deref())
            }
            Self::Patch { id, patch } => {
                of("PATCH", Some(*id), patch.username.as_deref(), patch.email.as_deref())
            }
            Self::Delete { id } => of("DELETE", Some(*id), None, None),
        }
    }
}

/// There is no user with this id.
pub(crate) fn absent(id: i64) -> Problem {
    let entry = FieldError::new("id", "not_found", "names no user");
    Problem::new(ProblemKind::UserNotFound, format!("No user has the id {id}.")).with_errors(vec![entry])
}

/// The answer to a change that the database refused because a value is taken: nothing was stored, and another try
/// would be told the same.
pub(crate) fn taken(error: &Error) -> Option<Problem> {
    let field = taken_field(error)?;
    let entry = FieldError::new(field, "taken", "is used by another user");
    let problem = Problem::new(ProblemKind::Duplicate, format!("Another user has this {field}."));
    Some(problem.with_errors(vec![entry]))
}

fn gone(id: i64) -> Answer {
    Answer::problem(&absent(id))
}

const USERS: &str = "/api/v1/users";
