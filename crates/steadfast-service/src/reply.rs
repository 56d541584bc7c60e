//! Answers in JSON.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use crate::problem::Problem;

/// What axum's `Json` is, with room for the whole of most answers: that one moves a body of more than 128 bytes, and the headers when
/// they become more than three, which was a thirtieth of a request.
pub(crate) struct Reply<T>(pub(crate) T);

/// More bytes than one user has.
const BODY: usize = 512;

/// As many headers as an answer has in the end.
const HEADERS: usize = 9;

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(BODY);
        if let Err(error) = serde_json::to_writer(&mut body, &self.0) {
            tracing::error!(%error, "bug: an answer cannot be written as JSON");
            return Problem::internal().into_response();
        }
        let mut response = Response::new(Body::from(body));
        let headers = response.headers_mut();
        headers.reserve(HEADERS);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::body::to_bytes;
    use http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn it_is_what_axum_answers() {
        let value = serde_json::json!({ "name": "x".repeat(2 * BODY), "number": 7 });
        let [ours, theirs] = [Reply(&value).into_response(), axum::Json(&value).into_response()];
        assert_eq!((ours.status(), ours.headers()), (theirs.status(), theirs.headers()));
        let [ours, theirs] = [ours, theirs].map(|response| to_bytes(response.into_body(), 1 << 20));
        assert_eq!(ours.await.unwrap(), theirs.await.unwrap());
    }

    #[tokio::test]
    async fn what_is_no_json_is_a_problem_without_a_word_of_it() {
        let answer = Reply(BTreeMap::from([((1, 2), "secret")])).into_response();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }
}
