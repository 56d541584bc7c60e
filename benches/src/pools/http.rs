//! A service of axum and deadpool-postgres with nothing else: what one would write in an afternoon.

use std::net::SocketAddr;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use deadpool_postgres::{Pool, RecyclingMethod};
use jiff::Timestamp;
use serde::Serialize;

use crate::error::Result;
use crate::pools::postgres::deadpool_pool;

const SELECT: &str = "SELECT id, username, email, created_at, updated_at FROM users WHERE id = $1";
/// What steadfast's defaults come to: a size of 5 and an overflow of 10.
const CONNECTIONS: usize = 15;

#[derive(Serialize)]
struct User {
    id: i64,
    username: String,
    email: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Serves until the process is ended.
pub async fn serve(url: &str, address: SocketAddr) -> Result<()> {
    let pool = deadpool_pool(url, RecyclingMethod::Fast, CONNECTIONS).await?;
    let router = Router::new().route("/api/v1/users/{id}", get(read)).with_state(pool);
    axum::serve(tokio::net::TcpListener::bind(address).await?, router).await?;
    Ok(())
}

async fn read(State(pool): State<Pool>, Path(id): Path<i64>) -> Response {
    match find(&pool, id).await {
        Ok(Some(user)) => Json(user).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn find(pool: &Pool, id: i64) -> Result<Option<User>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(SELECT).await?;
    let Some(row) = client.query_opt(&statement, &[&id]).await? else { return Ok(None) };
    Ok(Some(User {
        id: row.try_get(0)?,
        username: row.try_get(1)?,
        email: row.try_get(2)?,
        created_at: row.try_get(3)?,
        updated_at: row.try_get(4)?,
    }))
}
