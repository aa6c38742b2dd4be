//! Answers of lists: sentences and a table on a terminal, plain rows in a pipe, JSON as the server said it.

use std::io::IsTerminal;

use serde::Serialize;
use tapline_api::{Bytes, SqlAnswer, SqlColumn};

use crate::exit::{Exit, Fault};
use crate::output;

/// A value of a row.
pub(super) type Cell = serde_json::Value;

/// Prints rows, on a terminal after what there is to say.
pub(super) fn print(sentences: &[Option<&str>], columns: &[&str], rows: Vec<Vec<Cell>>) -> Result<Exit, Fault> {
    if std::io::stdout().is_terminal() {
        sentences.iter().flatten().for_each(|sentence| println!("{}", harmless_lines(&plain(sentence))));
    }
    let column = |name: &&str| SqlColumn { name: (*name).to_owned(), data_type: String::new(), description: None };
    let columns = columns.iter().map(column).collect();
    let answer = SqlAnswer { columns, rows, truncated: false, elapsed_ms: 0.0, warnings: Vec::new() };
    output::rows(&answer, false)?;
    Ok(Exit::Done)
}

/// Prints an answer as it came.
pub(super) fn json(answer: &impl Serialize) -> Result<Exit, Fault> {
    println!("{}", serde_json::to_string(answer).map_err(anyhow::Error::from)?);
    Ok(Exit::Done)
}

pub(super) fn text(text: &str) -> Cell {
    Cell::from(text)
}

pub(super) fn count(count: u64) -> Cell {
    Cell::from(count)
}

/// Sentences mark names by backticks for the page.
pub(super) fn plain(sentence: &str) -> String {
    sentence.replace('`', "")
}

/// Lines without what would steer a terminal: names and messages come from anybody's events.
pub(super) fn harmless_lines(text: &str) -> String {
    output::harmless(text)
}

/// A key, also if it is no text.
pub(super) fn bytes(bytes: &Bytes) -> String {
    match bytes {
        Bytes::Text(text) => text.clone(),
        Bytes::Base64 { base64 } => format!("base64:{base64}"),
    }
}

/// A share in percent, with a decimal where whole ones would say nothing.
pub(super) fn share(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 1.0 || percent > 99.0 && percent < 100.0 {
        format!("{percent:.1}%")
    } else {
        format!("{percent:.0}%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_near_none_and_all_keep_a_decimal() {
        assert_eq!([0.0, 0.004, 0.5, 0.996, 1.0].map(share), ["0%", "0.4%", "50%", "99.6%", "100%"]);
    }
}
