//! One call: the browser's fetch, stopped by an [`Abort`], read as JSON or kept as a file.

use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, Blob, RequestInit, Response};

use super::{failure::Failure, reach, session};

/// Stops a call when it is dropped: kept by whoever waits, never by the call itself.
pub(crate) struct Abort(Option<AbortController>);

/// The call's end of an [`Abort`].
#[derive(Clone)]
pub(crate) struct Stop(Option<AbortSignal>);

impl Abort {
    /// For one call.
    pub(crate) fn new() -> Self {
        Self(AbortController::new().ok())
    }

    /// What the call is given.
    pub(crate) fn stop(&self) -> Stop {
        Stop(self.0.as_ref().map(AbortController::signal))
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

/// Why a call ended without an answer.
pub(crate) enum Ended {
    /// Nobody waits any more.
    Aborted,
    /// It failed.
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// `GET` of a path with its query.
pub(crate) async fn get<T: DeserializeOwned>(path: &str, stop: &Stop) -> Result<T, Ended> {
    Ok(read(path, &text_of(path, stop).await?)?)
}

/// The same, not read yet.
pub(crate) async fn text_of(path: &str, stop: &Stop) -> Result<String, Ended> {
    send(path, &request("GET", stop)).await
}

/// `POST` of a JSON body, answered as JSON.
pub(crate) async fn post<T: DeserializeOwned>(path: &str, body: &impl Serialize, stop: &Stop) -> Result<T, Ended> {
    let body = json(path, body)?;
    Ok(read(path, &send_json("POST", path, Some(&body), stop).await?)?)
}

/// `POST` of a JSON body, answered as a file of the type asked for.
pub(crate) async fn file(path: &str, body: &impl Serialize, accept: &str, stop: &Stop) -> Result<Blob, Ended> {
    let response = fetch(path, &with_json("POST", Some(&json(path, body)?), accept, stop)).await?;
    let content = response.blob().map_err(|error| ended(&error))?;
    Ok(JsFuture::from(content).await.map_err(|error| ended(&error))?.unchecked_into())
}

/// `DELETE`, answered as JSON.
pub(crate) async fn delete<T: DeserializeOwned>(path: &str, stop: &Stop) -> Result<T, Ended> {
    Ok(read(path, &send_json("DELETE", path, None, stop).await?)?)
}

/// A call that changes something, with a JSON body where it has one; its answer not read yet.
pub(super) async fn send_json(method: &str, path: &str, body: Option<&str>, stop: &Stop) -> Result<String, Ended> {
    send(path, &with_json(method, body, "application/json", stop)).await
}

fn json(path: &str, body: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(body).map_err(|error| Failure::answer(path, &error.to_string()))
}

fn with_json(method: &str, body: Option<&str>, accept: &str, stop: &Stop) -> RequestInit {
    let init = request(method, stop);
    if let Some(body) = body {
        init.set_body(&JsValue::from_str(body));
    }
    if let Ok(headers) = web_sys::Headers::new() {
        let _valid = headers.set("content-type", "application/json");
        let _valid = headers.set("accept", accept);
        init.set_headers(&headers);
    }
    init
}

fn request(method: &str, stop: &Stop) -> RequestInit {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_signal(stop.0.as_ref());
    init
}

/// Reads an answer.
pub(crate) fn read<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::answer(path, &error.to_string()))
}

async fn send(path: &str, init: &RequestInit) -> Result<String, Ended> {
    text(&fetch(path, init).await?).await
}

async fn text(response: &Response) -> Result<String, Ended> {
    let text = response.text().map_err(|error| ended(&error))?;
    Ok(JsFuture::from(text).await.map_err(|error| ended(&error))?.as_string().unwrap_or_default())
}

/// An answer that is no refusal.
async fn fetch(path: &str, init: &RequestInit) -> Result<Response, Ended> {
    let fetched = JsFuture::from(leptos::prelude::window().fetch_with_str_and_init(path, init)).await;
    let response: Response = fetched.map_err(|error| ended(&error))?.unchecked_into();
    reach::answered();
    if response.ok() {
        return Ok(response);
    }
    // A wrong token is the log in's own affair.
    if response.status() == 401 && path != session::PATH {
        session::refused();
    }
    Err(Failure::of(response.status(), &text(&response).await?).into())
}

fn ended(error: &JsValue) -> Ended {
    let name = js_sys::Reflect::get(error, &JsValue::from_str("name")).ok().and_then(|name| name.as_string());
    if name.as_deref() == Some("AbortError") {
        return Ended::Aborted;
    }
    reach::missed();
    Ended::Failed(Failure::network())
}
