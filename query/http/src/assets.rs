//! The page: files of `ui/dist`, embedded in the binary (read from the disk by debug builds, so that a page built
//! anew is there at once). Without a built page a placeholder says how to build it.
//!
//! Files under `assets/` carry a hash of their content in their name and are kept by browsers for ever; `index.html`
//! names them and is asked for each time. Paths without an extension are the page's own and all answer with it; so do
//! chains, whose ids may hold anything.

mod encoding;

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::params::{decode, shorten};
use crate::problem::{Code, Refusal};

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Dist;

const PLACEHOLDER: &str = include_str!("assets/placeholder.html");

/// The page and its files; everything that no other route knows.
pub(crate) async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    let path = decode(uri.path())?;
    let name = path.trim_start_matches('/');
    if name == "api" || name.starts_with("api/") {
        let detail = format!("there is no `{}`; `/api/openapi.json` describes every call", shorten(&path));
        return Err(Refusal::new(Code::UnknownPath, detail));
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(Refusal::new(Code::MethodNotAllowed, "the page knows GET and HEAD only"));
    }
    if is_of_the_page(uri.path(), name) {
        return Ok(match Dist::get("index.html") {
            Some(file) => answer("index.html", file, &headers),
            None => placeholder(),
        });
    }
    match Dist::get(name).filter(|_| !is_variant(name) && !climbs(name)) {
        Some(file) => Ok(answer(name, file, &headers)),
        None => Err(Refusal::new(Code::UnknownPath, format!("the page has no file `{}`; reload it", shorten(&path)))),
    }
}

/// Whether the page shows something under this path, given as sent and decoded. What looks like a file or climbs out of a
/// folder it does not.
fn is_of_the_page(sent: &str, name: &str) -> bool {
    // An ID with dots and slashes is one segment as it was sent.
    if sent.starts_with("/chain/") {
        return !climbs(sent);
    }
    let last = name.rsplit('/').next().unwrap_or_default();
    !climbs(name) && !last.contains('.') && name.split('/').next() != Some("assets")
}

fn climbs(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

/// Compressed forms are chosen by `Accept-Encoding`, not asked for by name.
fn is_variant(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(whole, extension)| matches!(extension, "br" | "gz") && Dist::get(whole).is_some())
}

fn placeholder() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, PLACEHOLDER).into_response()
}

fn answer(name: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16]));
    let immutable = name.starts_with("assets/");
    let cache = if immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.extend(HeaderValue::from_str(&etag).ok().map(|etag| (header::ETAG, etag)));
    if is_known(asked, &etag) {
        return (axum::http::StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
    let mut compressed = encoding::accepted(asked).into_iter();
    let compressed = compressed.find_map(|form| Some((form, Dist::get(&format!("{name}.{}", form.extension))?)));
    let content = match compressed {
        Some((form, file)) => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(form.name));
            file.data
        }
        None => file.data,
    };
    (headers, body(content)).into_response()
}

fn body(content: Cow<'static, [u8]>) -> axum::body::Bytes {
    match content {
        Cow::Borrowed(embedded) => axum::body::Bytes::from_static(embedded),
        Cow::Owned(read) => axum::body::Bytes::from(read),
    }
}

fn is_known(asked: &HeaderMap, etag: &str) -> bool {
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').any(|known| known.trim().trim_start_matches("W/") == etag)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        // Browsers compile while they load only by this name.
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(path: &str) -> (u16, Option<String>) {
        let response = page(Method::GET, path.parse().unwrap(), HeaderMap::new()).await.into_response();
        let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        (response.status().as_u16(), kind)
    }

    #[tokio::test]
    async fn the_pages_paths_answer_with_the_page() {
        for path in
            ["/", "/events", "/chain/order.id%3D1.5", "/chain/a%2Fb.c", "/chain/a%2F..%2Fb", "/nowhere", "/no/where"]
        {
            assert_eq!(get(path).await, (200, Some("text/html; charset=utf-8".into())), "{path}");
        }
    }

    #[tokio::test]
    async fn what_is_no_file_is_not_found() {
        for path in [
            "/api",
            "/api/v2/x",
            "/favicon.xyz",
            "/no/favicon.xyz",
            "/assets",
            "/assets/",
            "/assets/none.js",
            "/assets/none",
            "/assets/../../Cargo.toml",
            "/assets/../index.html",
            "/assets%2F..%2Fx",
            "/../../etc/passwd",
            "/..%2F..%2Fetc%2Fpasswd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "//etc/./passwd",
            "/chain/../../etc/passwd",
        ] {
            assert_eq!(get(path).await, (404, Some("application/problem+json".into())), "{path}");
        }
        assert_eq!(get("/%ff").await.0, 400);
    }

    #[test]
    fn types_are_those_that_browsers_insist_on() {
        assert_eq!(media_type("assets/tapline-1.wasm"), "application/wasm");
        assert_eq!(media_type("a.b.js"), "text/javascript; charset=utf-8");
        assert_eq!(media_type("LICENSE"), "application/octet-stream");
    }

    #[test]
    fn known_content_is_not_sent_again() {
        let asked = |value: &str| HeaderMap::from_iter([(header::IF_NONE_MATCH, value.parse().unwrap())]);
        assert!(is_known(&asked("\"x\", W/\"y\""), "\"y\""));
        assert!(!is_known(&asked("\"z\""), "\"y\"") && !is_known(&HeaderMap::new(), "\"y\""));
    }
}
