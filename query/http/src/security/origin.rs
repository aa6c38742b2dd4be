//! Whose page asks: `Host` against DNS rebinding, `Origin` and `Sec-Fetch-Site` against other sites' pages, a JSON
//! content type on every write, which no foreign form can send.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::params::shorten;
use crate::problem::{Code, Refusal};
use crate::state::App;

/// The names under which this server may be asked.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    listen: IpAddr,
    /// Lower case, without port.
    names: Vec<String>,
}

impl Hosts {
    pub(crate) fn new(listen: SocketAddr, allowed: &[String]) -> Self {
        let names = allowed.iter().map(|name| name_of(name).to_ascii_lowercase()).collect();
        Self { listen: listen.ip().to_canonical(), names }
    }

    /// Whether a `Host` value names this server. Behind a wildcard address every literal address is a name of it: a
    /// literal cannot be rebound.
    fn allow(&self, host: &str) -> bool {
        let name = name_of(host).to_ascii_lowercase();
        let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal.map(|address| address.to_canonical()) {
            Ok(address) => address.is_loopback() || address == self.listen || self.listen.is_unspecified(),
            Err(_) => name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name),
        }
    }
}

/// `name:port` without the port; brackets of an IPv6 literal stay.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

/// Middleware: refuses calls that another site's page may have caused.
pub(crate) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    match verdict(&app.hosts, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn verdict(hosts: &Hosts, request: &Request) -> Result<(), Refusal> {
    let host = host(request)?;
    if !hosts.allow(host) {
        let host = shorten(host);
        return Err(Refusal::new(
            Code::BadHost,
            format!("this server is not known as `{host}`; use its address, or add the name to `http.hosts`"),
        ));
    }
    origin(request.headers(), host)?;
    fetch_site(request)?;
    json(request)
}

/// The one host that the request names: in its target and in its header it must be the same.
fn host(request: &Request) -> Result<&str, Refusal> {
    let fault = |detail: &str| Refusal::new(Code::BadHost, detail);
    let mut headers = request.headers().get_all(header::HOST).iter();
    let named = headers.next().ok_or_else(|| fault("the call names no host; send a `host` header"))?;
    let named = named.to_str().map_err(|_| fault("the `host` header is not text"))?;
    let target = request.uri().authority().map(|authority| authority.as_str());
    if headers.next().is_some() || target.is_some_and(|target| !target.eq_ignore_ascii_case(named)) {
        return Err(fault("the call names several hosts"));
    }
    Ok(named)
}

fn origin(headers: &HeaderMap, host: &str) -> Result<(), Refusal> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let own =
        origin.to_str().ok().and_then(|text| text.split_once("://")).is_some_and(|(scheme, authority)| {
            matches!(scheme, "http" | "https") && authority.eq_ignore_ascii_case(host)
        });
    if own { Ok(()) } else { Err(foreign()) }
}

/// Browsers say for every call where it comes from; following a link is allowed, fetching is not.
fn fetch_site(request: &Request) -> Result<(), Refusal> {
    let value = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let foreign_site = matches!(value("sec-fetch-site"), Some("cross-site" | "same-site"));
    let followed = request.method() == Method::GET && value("sec-fetch-mode") == Some("navigate");
    if foreign_site && !followed { Err(foreign()) } else { Ok(()) }
}

fn json(request: &Request) -> Result<(), Refusal> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Refusal::new(Code::JsonRequired, "send every write with `content-type: application/json`"))
}

fn foreign() -> Refusal {
    Refusal::new(Code::ForeignOrigin, "another site's page caused this call; only Tapline's own page may")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listen: &str) -> Hosts {
        Hosts::new(listen.parse().unwrap(), &["Tapline.corp:8270".to_owned()])
    }

    #[test]
    fn names_of_this_server_are_allowed() {
        let local = hosts("127.0.0.1:8270");
        for host in ["localhost", "LOCALHOST:8270", "127.0.0.1:1", "[::1]:8270", "[::1]", "tapline.corp", "a.localhost"]
        {
            assert!(local.allow(host), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.7", "", "evil.example:8270"] {
            assert!(!local.allow(host), "{host}");
        }
        assert!(hosts("0.0.0.0:8270").allow("10.0.0.7:8270"));
        assert!(!hosts("0.0.0.0:8270").allow("evil.example"));
        assert!(hosts("10.0.0.7:8270").allow("10.0.0.7") && !hosts("10.0.0.7:8270").allow("10.0.0.8"));
    }

    fn request(method: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = Request::builder().method(method).uri("/api/v1/status").header("host", "localhost:8270");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(axum::body::Body::empty()).unwrap()
    }

    fn code(method: &str, headers: &[(&str, &str)]) -> Option<Code> {
        verdict(&hosts("127.0.0.1:8270"), &request(method, headers)).err().map(|refusal| refusal.code)
    }

    #[test]
    fn other_pages_are_refused() {
        assert_eq!(code("GET", &[]), None);
        assert_eq!(code("GET", &[("origin", "http://localhost:8270")]), None);
        assert_eq!(code("GET", &[("host", "localhost:8270")]), Some(Code::BadHost), "two host headers");
        for origin in
            ["null", "http://localhost:9999", "https://evil.example", "localhost:8270", "file://localhost:8270"]
        {
            assert_eq!(code("GET", &[("origin", origin)]), Some(Code::ForeignOrigin), "{origin}");
        }
        let cross = ("sec-fetch-site", "cross-site");
        assert_eq!(code("GET", &[cross, ("sec-fetch-mode", "no-cors")]), Some(Code::ForeignOrigin));
        assert_eq!(code("GET", &[cross, ("sec-fetch-mode", "navigate")]), None);
        assert_eq!(code("GET", &[("sec-fetch-site", "same-origin")]), None);
    }

    #[test]
    fn writes_are_json() {
        for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
            assert_eq!(code("POST", &[("content-type", kind)]), None, "{kind}");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            assert_eq!(code("DELETE", &[("content-type", kind)]), Some(Code::JsonRequired), "{kind}");
        }
        assert_eq!(code("PUT", &[]), Some(Code::JsonRequired));
    }
}
