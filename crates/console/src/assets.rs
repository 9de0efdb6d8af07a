//! The page, embedded in the binary. No build step and no file beside the program.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;

struct Asset {
    path: &'static str,
    kind: &'static str,
    body: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const ASSETS: [Asset; 12] = [
    Asset { path: "/", kind: HTML, body: include_str!("../assets/index.html") },
    Asset { path: "/style.css", kind: CSS, body: include_str!("../assets/style.css") },
    Asset { path: "/favicon.svg", kind: SVG, body: include_str!("../assets/favicon.svg") },
    Asset { path: "/app.js", kind: SCRIPT, body: include_str!("../assets/app.js") },
    Asset { path: "/feed.js", kind: SCRIPT, body: include_str!("../assets/feed.js") },
    Asset { path: "/graph.js", kind: SCRIPT, body: include_str!("../assets/graph.js") },
    Asset { path: "/map.js", kind: SCRIPT, body: include_str!("../assets/map.js") },
    Asset { path: "/panels.js", kind: SCRIPT, body: include_str!("../assets/panels.js") },
    Asset { path: "/sprites.js", kind: SCRIPT, body: include_str!("../assets/sprites.js") },
    Asset { path: "/terrain.js", kind: SCRIPT, body: include_str!("../assets/terrain.js") },
    Asset { path: "/theme.js", kind: SCRIPT, body: include_str!("../assets/theme.js") },
    Asset { path: "/view.js", kind: SCRIPT, body: include_str!("../assets/view.js") },
];

/// A router that serves the page to `S`.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ASSETS.iter().fold(Router::new(), |router, asset| {
        let answer = ([(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, "no-cache")], asset.body);
        router.route(asset.path, get(move || async move { answer }))
    })
}
