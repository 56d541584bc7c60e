//! Which address is answered by whom, and what surrounds it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use thread_local::ThreadLocal;

use crate::app::App;
use crate::middleware::{around_all, around_work};
use crate::problem::{Problem, ProblemKind};
use crate::{index, openapi, outcomes, users};

/// The whole service as one router. `outside` are routes that must answer whatever happens to the others:
/// health and metrics. They are neither counted nor refused when too many requests are being worked on, and
/// bring their own deadlines; everything else (names, log, headers, panics) is theirs as well.
pub fn router(app: &App, outside: Router) -> Router {
    let limited = Router::new().merge(users::routes()).merge(outcomes::routes());
    let limited = around_work(app, limited.method_not_allowed_fallback(wrong_method));
    let others = Router::new()
        .merge(index::routes(app))
        .merge(openapi::routes())
        .merge(outside)
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method);
    around_all(app, others).merge(limited.with_state(app.clone()))
}

/// The whole service, once for each thread that answers. Every request counts references to the routes and to what their handlers
/// share, a dozen times; threads that counted the same ones would wait for each other's processor each time.
#[derive(Clone)]
pub(crate) struct Routers(Arc<Parts>);

struct Parts {
    app: App,
    outside: Router,
    by_thread: ThreadLocal<Router>,
}

impl Routers {
    /// As [`router`].
    pub(crate) fn new(app: App, outside: Router) -> Self {
        let routers = Self(Arc::new(Parts { app, outside, by_thread: ThreadLocal::new() }));
        // Routes that contradict each other end whoever starts the service, and not the first client's connection.
        let _sound = routers.here();
        routers
    }

    /// That of this thread. It is good in any other one as well.
    pub(crate) fn here(&self) -> Router {
        let Parts { app, outside, by_thread } = &*self.0;
        by_thread.get_or(|| router(&app.counted_apart(), outside.clone())).clone()
    }
}

async fn nothing_here(uri: Uri) -> Response {
    let detail = if uri.path().len() > 1 && uri.path().ends_with('/') {
        "No resource has this address; addresses do not end with a slash."
    } else {
        "No resource has this address."
    };
    Problem::new(ProblemKind::NotFound, detail).into_response()
}

async fn wrong_method(request: Request) -> Response {
    // A method is a token of any length that the client invented; only the registered ones are repeated.
    let detail = match request.method().as_str() {
        name @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT") => {
            format!("This address does not know the method {name}.")
        }
        _ => "This address does not know the method.".to_owned(),
    };
    Problem::new(ProblemKind::MethodNotAllowed, detail).into_response()
}
