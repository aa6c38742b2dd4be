//! What a replay changes in events: a program in jq, run on one event after the other.
//!
//! Owns how an event looks to a program, what a program may call and use up, and what of its answer is a change. Which
//! events are changed, and what is sent, belongs to who replays.
//!
//! # What a program sees
//!
//! `{"key": .., "headers": [[name, value], ..], "payload": ..}`, and its one result is the same, changed:
//!
//! - `payload` is JSON if its bytes are, else text if they are UTF-8, else `{"base64": text}`, and null without one. Key
//!   and values of headers are text, `{"base64": text}` or null: a key `0042` is no number.
//! - Headers are pairs, because an object would lose duplicates and order. `header("name")`, `set_header("name"; "value")`
//!   and `del_header("name")` spare one to walk through them.
//!
//! # What is kept
//!
//! A part whose value is the same as before is untouched: its bytes stay. Of a JSON payload that did change everything
//! that did not keeps its bytes too (`json::patch`): notation of numbers of any size, escapes, white space, order of
//! fields, fields that stand there twice. Whole numbers up to 38 digits are calculated exactly; larger ones and fractions
//! are kept as they are written until somebody calculates with them. A string that replaces a JSON payload is written with
//! quotes; `{"base64": text}` writes bytes as they are, null a tombstone.
//!
//! # What is bounded
//!
//! Programs come from who may call the API, payloads from anywhere. Nothing can be read but the event: no file, no clock,
//! no environment. Steps, memory made, stack and depth are counted (`meter`), so that whatever is run ends, within the same
//! bounds whatever it is; regular expressions take time proportional to text and expression, both bounded.

mod error;
mod event;
mod functions;
mod json;
mod meter;
mod program;
mod value;

use jaq_core::{Ctx, Vars};
use tapline_model::Header;

use crate::event::Read;
use crate::functions::{Program, Regexes, Run};
use crate::meter::{Failure, Spent, isolated};
use crate::value::Val;

pub use error::TransformError;

/// An event as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Event<'a> {
    /// Its key; `None` is null, which is not empty.
    pub key: Option<&'a [u8]>,
    /// Its headers, in order.
    pub headers: &'a [Header<'a>],
    /// Its payload; `None` is a tombstone.
    pub payload: Option<&'a [u8]>,
}

/// Names and values in order; a value may be null.
pub type Headers = Vec<(String, Option<Vec<u8>>)>;

/// What a program changed; `None` is untouched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// The key, null or not.
    pub key: Option<Option<Vec<u8>>>,
    /// All headers.
    pub headers: Option<Headers>,
    /// The payload, null or not.
    pub payload: Option<Option<Vec<u8>>>,
}

impl Changed {
    /// Whether nothing was changed.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// A program that was read, to be applied by as many threads as there are.
pub struct Transform {
    text: String,
    filter: jaq_core::Filter<Program>,
    regexes: Regexes,
}

impl Transform {
    /// Reads a program.
    ///
    /// # Errors
    ///
    /// If it is too long, cannot be read, or calls what is not there: `TransformError::is_of_the_program`.
    pub fn parse(program: &str) -> Result<Self, TransformError> {
        let filter = program::compile(program)?;
        Ok(Self { text: program.to_owned(), filter, regexes: Regexes::default() })
    }

    /// The program.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Changes an event. Runs on a thread of its own, and blocks until that ends, at worst for a few seconds.
    ///
    /// # Errors
    ///
    /// If the program fails on this event, has not exactly one result, its result is no event, or it needs too much.
    pub fn apply(&self, event: Event<'_>) -> Result<Changed, TransformError> {
        isolated(|| self.run(event)).map_err(|failure| match failure {
            Failure::Spent(spent) => TransformError::TooMuch(match spent {
                Spent::Steps => "time",
                Spent::Bytes => "memory",
                Spent::Stack => "definitions that call each other",
                Spent::Depth => "values within each other",
            }),
            Failure::NoThread(error) => TransformError::NoThread(error),
            Failure::Panicked => TransformError::Internal,
        })?
    }

    fn run(&self, event: Event<'_>) -> Result<Changed, TransformError> {
        let read = Read::new(event);
        let value = read.value();
        meter::begin(size(&event));
        let run = Run { lut: &self.filter.lut, regexes: &self.regexes };
        let mut results = self.filter.id.run((Ctx::<Program>::new(run, Vars::new([])), value));
        let answer = results.next().ok_or(TransformError::NoResult)?.map_err(failed)?;
        match results.next() {
            None => read.changed(&answer),
            Some(Ok(_)) => Err(TransformError::SeveralResults),
            Some(Err(error)) => Err(failed(error)),
        }
    }
}

impl std::fmt::Debug for Transform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Transform").field(&self.text).finish()
    }
}

/// Bytes that a program may walk through.
fn size(event: &Event<'_>) -> usize {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers: usize = event.headers.iter().map(|header| header.name.len() + length(header.value)).sum();
    length(event.key) + headers + length(event.payload)
}

fn failed(error: jaq_core::Exn<'_, Val>) -> TransformError {
    let Ok(error) = error.get_err() else { return TransformError::Internal };
    let message = match error.into_val() {
        Val::Str(text) => String::from_utf8_lossy(text.get(..text.len().min(1_000)).unwrap_or_default()).into_owned(),
        other => other.to_string(),
    };
    TransformError::Failed { message }
}
