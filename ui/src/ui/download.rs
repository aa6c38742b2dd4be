//! Files made by a query, handed to the browser.

use leptos::prelude::*;
use tapline_api::SqlRequest;
use wasm_bindgen::{JsCast, JsValue};

use super::toast::Toasts;
use crate::api::client::{Abort, Ended, post_for};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Comma separated.
    Csv,
    /// The answer of the API.
    Json,
}

impl Format {
    fn mime(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// Runs the query and saves its answer under a name.
pub(crate) fn download_sql(sql: String, format: Format, name: &'static str, toasts: Toasts) {
    leptos::task::spawn_local(async move {
        toasts.say("Asking for the rows");
        let abort = Abort::new();
        let request = SqlRequest { sql, max_rows: None, timeout_ms: None };
        match post_for("/api/v1/sql", &request, format.mime(), &abort.stop()).await {
            Ok(text) => {
                let file = format!("{name}.{}", format.ending());
                toasts.say(if save(&text, format.mime(), &file).is_some() {
                    format!("Saved as {file}")
                } else {
                    "The browser does not save files here".to_owned()
                });
            }
            Err(Ended::Failed(failure)) => toasts.say(format!("{}: {}", failure.title, failure.detail)),
            Err(Ended::Aborted) => {}
        }
    });
}

fn save(text: &str, mime: &str, file: &str) -> Option<()> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime);
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options).ok()?;
    let url = web_sys::Url::create_object_url_with_blob(&blob).ok()?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a").ok()?.unchecked_into();
    link.set_href(&url);
    link.set_download(file);
    link.click();
    web_sys::Url::revoke_object_url(&url).ok()
}
