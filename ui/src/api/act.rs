//! Calls that change something: sent once, not stopped when the page moves on, their end told to whoever asked.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    client::{self, Abort, Ended},
    failure::Failure,
};

/// `POST` of a JSON body; the end gets the answer or why there is none.
pub(crate) fn post<T: DeserializeOwned>(
    path: String,
    body: &impl Serialize,
    end: impl FnOnce(Result<T, Failure>) + 'static,
) {
    write("POST", path, body, end);
}

/// `PUT` of a JSON body; ends as [`post`] does.
pub(crate) fn put<T: DeserializeOwned>(
    path: String,
    body: &impl Serialize,
    end: impl FnOnce(Result<T, Failure>) + 'static,
) {
    write("PUT", path, body, end);
}

fn write<T: DeserializeOwned>(
    method: &'static str,
    path: String,
    body: &impl Serialize,
    end: impl FnOnce(Result<T, Failure>) + 'static,
) {
    match serde_json::to_string(body) {
        Ok(body) => send(method, path, Some(body), read(end)),
        Err(error) => end(Err(Failure::answer(&path, &error.to_string()))),
    }
}

/// `DELETE`, whatever it answers.
pub(crate) fn delete(path: String, end: impl FnOnce(Result<(), Failure>) + 'static) {
    send("DELETE", path, None, Box::new(|_, answer| end(answer.map(drop))));
}

/// Gets the path and the text of the answer.
type End = Box<dyn FnOnce(&str, Result<String, Failure>)>;

fn read<T: DeserializeOwned>(end: impl FnOnce(Result<T, Failure>) + 'static) -> End {
    Box::new(|path, answer| end(answer.and_then(|text| client::read(path, &text))))
}

/// Compiled once, not once a type of answer.
fn send(method: &'static str, path: String, body: Option<String>, end: End) {
    leptos::task::spawn_local(async move {
        let abort = Abort::new();
        match client::send_json(method, &path, body.as_deref(), &abort.stop()).await {
            Ok(text) => end(&path, Ok(text)),
            Err(Ended::Failed(failure)) => end(&path, Err(failure)),
            Err(Ended::Aborted) => {}
        }
    });
}
