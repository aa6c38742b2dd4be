//! Files made by a query, handed to the browser.

use leptos::prelude::*;
use tapline_api::SqlRequest;
use wasm_bindgen::JsCast;

use super::toast::Toasts;
use crate::api::client::{Abort, Ended, file};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Comma separated.
    Csv,
    /// The answer of the API.
    Json,
    /// For other engines.
    Parquet,
}

impl Format {
    fn mime(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }
}

/// Runs the query and saves its answer under a name.
pub(crate) fn download_sql(sql: String, format: Format, name: &'static str, toasts: Toasts) {
    leptos::task::spawn_local(async move {
        toasts.say("Asking for the rows");
        let abort = Abort::new();
        let request = SqlRequest { sql, max_rows: None, timeout_ms: None };
        match file("/api/v1/sql", &request, format.mime(), &abort.stop()).await {
            Ok(content) => {
                let file = format!("{name}.{}", format.ending());
                toasts.say(if save(&content, &file).is_some() {
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

fn save(content: &web_sys::Blob, file: &str) -> Option<()> {
    let url = web_sys::Url::create_object_url_with_blob(content).ok()?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a").ok()?.unchecked_into();
    link.set_href(&url);
    link.set_download(file);
    link.click();
    web_sys::Url::revoke_object_url(&url).ok()
}
