//! Rows on a terminal as a table, in a pipe as plain lines, with `--json` as JSON.

use std::io::{IsTerminal, Write};

use tapline_api::SqlAnswer;

/// Prints rows in the form that suits where they go. A reader that went away is no fault.
pub(crate) fn rows(answer: &SqlAnswer, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let written = if json {
        serde_json::to_writer(&mut out, answer).map_err(std::io::Error::from).and_then(|()| writeln!(out))
    } else if out.is_terminal() {
        writeln!(out, "{}", table(answer))
    } else {
        plain(&mut out, answer)
    };
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn table(answer: &SqlAnswer) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(answer.columns.iter().map(|column| &column.name));
    for row in &answer.rows {
        table.add_row(row.iter().map(cell));
    }
    table
}

/// Tab-separated, one line a row; tabs and line breaks in values are escaped.
fn plain(out: &mut impl Write, answer: &SqlAnswer) -> std::io::Result<()> {
    for row in &answer.rows {
        let cells: Vec<String> =
            row.iter().map(|value| cell(value).replace('\t', "\\t").replace('\n', "\\n")).collect();
        writeln!(out, "{}", cells.join("\t"))?;
    }
    Ok(())
}

/// Control characters are shown, not sent to the terminal: values come from anybody's payload.
fn cell(value: &serde_json::Value) -> String {
    let text = match value {
        serde_json::Value::Null => return String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    harmless(&text)
}

/// A text without control characters other than line breaks and tabs.
pub(crate) fn harmless(text: &str) -> String {
    let keep = |c: char| !c.is_control() || c == '\n' || c == '\t';
    text.chars().map(|c| if keep(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_cannot_steer_the_terminal() {
        assert_eq!(cell(&serde_json::json!("\u{1b}[2Jx")), "\u{fffd}[2Jx");
    }

    #[test]
    fn plain_rows_stay_on_one_line() {
        let column = tapline_api::SqlColumn { name: "a".into(), data_type: "Utf8".into(), description: None };
        let rows = vec![vec![serde_json::json!("x\ty\nz"), serde_json::json!(1)]];
        let answer = SqlAnswer { columns: vec![column], rows, truncated: false, elapsed_ms: 0.0, warnings: Vec::new() };
        let mut out = Vec::new();
        plain(&mut out, &answer).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "x\\ty\\nz\t1\n");
    }
}
