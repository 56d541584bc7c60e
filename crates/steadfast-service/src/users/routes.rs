//! The routes of users.

use std::fmt;

use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::LINK;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::json;

use crate::app::App;
use crate::deadline::Deadline;
use crate::idempotency::Key;
use crate::json::JsonObject;
use crate::problem::{FieldError, Problem, ProblemKind};
use crate::reply::Reply;
use crate::users::change::{Change, absent};
use crate::users::input;
use crate::users::model::{User, UserPatch};
use crate::users::paging::{Page, number};
use crate::users::repository::Users;
use crate::users::writing::write;

/// `/api/v1/users` and `/api/v1/users/{id}`.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/users", get(list).post(create))
        .route("/api/v1/users/{id}", get(read).put(replace).patch(change).delete(remove))
}

async fn create(
    State(app): State<App>,
    deadline: Deadline,
    key: Option<Key>,
    body: JsonObject,
) -> Result<Response, Problem> {
    let user = input::new_user(body)?;
    write(&app, &deadline, key, &Change::Create(user)).await
}

async fn list(
    State(app): State<App>,
    deadline: Deadline,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(parameters) = query.map_err(|_rejection| {
        Problem::new(ProblemKind::InvalidParameter, "The part of the address after the ? cannot be read.")
    })?;
    let page = Page::of(&parameters)?;
    let mut found = users(&app, &deadline).list(page).await?;
    let more = found.len() > page.limit as usize;
    found.truncate(page.limit as usize);
    let next = found.last().filter(|_| more).map(|last| page.next(last.id));
    let mut response = Reply(json!({ "users": found, "next": next })).into_response();
    let link = next.and_then(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).ok());
    if let Some(link) = link {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

async fn read(State(app): State<App>, deadline: Deadline, id: UserId) -> Result<Reply<User>, Problem> {
    let id = user_id(id)?;
    users(&app, &deadline).get(id).await?.map(Reply).ok_or_else(|| absent(id))
}

async fn replace(
    State(app): State<App>,
    deadline: Deadline,
    id: UserId,
    key: Option<Key>,
    body: JsonObject,
) -> Result<Response, Problem> {
    let id = user_id(id)?;
    let user = input::new_user(body)?;
    let patch = UserPatch { username: Some(user.username), email: Some(user.email) };
    write(&app, &deadline, key, &Change::Replace { id, patch }).await
}

async fn change(
    State(app): State<App>,
    deadline: Deadline,
    id: UserId,
    key: Option<Key>,
    body: JsonObject,
) -> Result<Response, Problem> {
    let id = user_id(id)?;
    let patch = input::patch(body)?;
    write(&app, &deadline, key, &Change::Patch { id, patch }).await
}

async fn remove(
    State(app): State<App>,
    deadline: Deadline,
    id: UserId,
    key: Option<Key>,
) -> Result<Response, Problem> {
    let id = user_id(id)?;
    write(&app, &deadline, key, &Change::Delete { id }).await
}

fn users<'a>(app: &'a App, deadline: &Deadline) -> Users<'a> {
    Users::new(app.database(), deadline.database())
}

type UserId = Result<Path<Id>, PathRejection>;

/// What stands for an id in the address, if it is a number.
struct Id(Option<i64>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(address: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a segment of the address")
            }

            fn visit_str<E>(self, text: &str) -> Result<Id, E> {
                Ok(Id(number(text)))
            }
        }

        // Where it lies: a text of its own would be a copy.
        address.deserialize_str(Digits)
    }
}

/// An id is a positive number of 64 bits; anything else cannot name a user, and saying so helps more than
/// "not found".
fn user_id(id: UserId) -> Result<i64, Problem> {
    let id = id.ok().and_then(|Path(Id(number))| number).filter(|id| *id > 0);
    id.ok_or_else(|| {
        let entry = FieldError::new("id", "invalid", "must be a whole number from 1 to 9223372036854775807");
        Problem::new(ProblemKind::InvalidParameter, "This cannot be the id of a user.")
            .with_errors(vec![entry])
    })
}
