//! Who may ask: requests that name this machine, from pages of this very address.
//!
//! A web page elsewhere can make a browser send requests to a loopback address, under its own host name (DNS
//! rebinding) or from its own origin (WebSockets know no same-origin rule). Both are refused here, before any route.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Nothing but what the binary itself serves, and no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Which `Host` headers are answered: loopback addresses and `localhost` always, and the names given.
#[derive(Clone, Debug, Default)]
pub struct HostRule {
    names: Vec<String>,
}

impl HostRule {
    /// Also answers to these names, for a console behind a proxy. Names are compared without port and case.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(|n| n.into().to_ascii_lowercase()).collect() }
    }

    /// Whether a `Host` header of this value is answered.
    #[must_use]
    pub fn allows(&self, authority: &str) -> bool {
        let host = host_of(authority).to_ascii_lowercase();
        let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        loopback || host == "localhost" || self.names.contains(&host)
    }
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(host, _)| host),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    }
}

/// Why a request is refused, or nothing.
fn refusal(rule: &HostRule, headers: &HeaderMap) -> Option<&'static str> {
    let Some(host) = text(headers, HOST) else {
        return Some("a Host header is required");
    };
    if !rule.allows(host) {
        return Some("this console answers only to its own address; allow the host name in its configuration");
    }
    let origin = headers.get(ORIGIN)?.to_str().unwrap_or_default();
    let same = origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
    (!same).then_some("this console answers only to its own page")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Refuses strangers, and puts the protective headers on every answer.
pub(crate) async fn protect(State(rule): State<Arc<HostRule>>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&rule, request.headers()) {
        Some(reason) => (StatusCode::FORBIDDEN, format!("{reason}\n")).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_loopback_or_named() {
        let rule = HostRule::new(["Map.Example"]);
        for (host, allowed) in [
            ("127.0.0.1", true),
            ("127.0.0.1:7780", true),
            ("127.8.9.1:80", true),
            ("[::1]", true),
            ("[::1]:7780", true),
            ("localhost", true),
            ("LOCALHOST:7780", true),
            ("map.example:443", true),
            ("MAP.example", true),
            ("", false),
            (":80", false),
            ("[::1", false),
            ("10.0.0.1", false),
            ("0.0.0.0:7780", false),
            ("evil.example", false),
            ("evil.example:7780", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("evil.example#localhost", false),
        ] {
            assert_eq!(rule.allows(host), allowed, "{host:?}");
        }
    }
}
