//! The order in which the concerns surround a handler.
//!
//! A concern that only looks at a request before it is handled, or at the answer, is a function that is called there; only
//! what must be around the handler while it works has its future inside its own. These are no `async fn`: such a one keeps
//! what it was given beside what it made of it, and the request would be in each of them twice.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::Route;
use futures_util::FutureExt as _;
use futures_util::future::lazy;
use steadfast::time::Instant;
use tower::layer::layer_fn;
use tower::{Service as _, service_fn};
use tracing::Instrument as _;

use crate::app::App;
use crate::middleware::{access_log, admission, cut_off, fixed_headers, measure, panics, schema_gate};

/// Surrounds routes with what concerns them all.
pub(crate) fn around_all(app: &App, routes: Router) -> Router {
    surround(app, routes, |app, route, request| all(app, request, |request, _begun| handle(route, request)))
}

/// Surrounds routes that work on the database with what concerns them all, and inside of that with what concerns these. It is one layer:
/// each copies the route behind it for every request, and moves the request into a box.
pub(crate) fn around_work(app: &App, routes: Router<App>) -> Router<App> {
    surround(app, routes, |app, route, request| {
        let inner = app.clone();
        all(app, request, move |request, begun| work(&inner, route, request, begun))
    })
}

fn all<N, F>(app: &App, request: Request, next: N) -> impl Future<Output = Response> + use<N, F>
where
    N: FnOnce(Request, Instant) -> F,
    F: Future<Output = Response>,
{
    let begun = Instant::now();
    let (log, span) = access_log(app.in_flight(), &request, begun);
    let counted = measure(app, &request, begun);
    let answered = move |mut response| {
        let took = begun.elapsed();
        if let Some(counted) = counted {
            counted.answered(&response, took);
        }
        fixed_headers(&mut response);
        log.answered(&mut response, took);
        response
    };
    // Inside of the net, and of the span.
    let handled = lazy(move |_| next(request, begun)).flatten();
    panics(handled).map(answered).instrument(span)
}

fn work(app: &App, route: Route, request: Request, begun: Instant) -> impl Future<Output = Response> + use<> {
    match admission(app).and_then(|slot| schema_gate(app).map(|()| slot)) {
        Ok(slot) => {
            let handled = cut_off(app.clone(), request, begun, |request| handle(route, request));
            handled.inspect(move |_response| drop(slot)).left_future()
        }
        Err(refused) => ready(refused.into_response()).right_future(),
    }
}

fn handle(mut route: Route, request: Request) -> impl Future<Output = Response> {
    // A route is always ready.
    route.call(request).map(|answer| {
        let Ok(response) = answer;
        response
    })
}

/// What `axum::middleware::from_fn` does, without a box for its future and another one for the route: axum puts what a layer
/// makes in a box anyway.
fn surround<S, F, Fut>(app: &App, routes: Router<S>, concerns: F) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    F: Fn(&App, Route, Request) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    let app = app.clone();
    routes.layer(layer_fn(move |route: Route| {
        // Every request copies the layer; the route behind it is copied once, when it is called.
        let (app, route) = (app.clone(), Arc::new(route));
        service_fn(move |request| concerns(&app, Route::clone(&route), request).map(Ok::<_, Infallible>))
    }))
}
