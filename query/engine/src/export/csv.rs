//! CSV whose fields read as the JSON answer does: arrow's own writer refuses lists and structs.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use serde_json::Value;

use crate::json;

/// Writes the line of names before the first row.
pub(super) struct Csv {
    head: Option<String>,
}

impl Csv {
    pub(super) fn new(schema: &SchemaRef) -> Self {
        let mut head = String::new();
        let names: Vec<String> = schema.fields().iter().map(|field| quoted(field.name())).collect();
        line(&mut head, names.iter().map(String::as_str));
        Self { head: Some(head) }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        let mut text = self.head.take().unwrap_or_default();
        for row in 0..batch.num_rows() {
            let fields: Vec<String> = json::row(batch, row)?.into_iter().map(field).collect();
            line(&mut text, fields.iter().map(String::as_str));
        }
        Ok(text.into_bytes())
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.head.unwrap_or_default().into_bytes()
    }
}

/// Null is an empty field; empty text is `""` (see [`line`]), so that both can be told apart.
fn field(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => quoted(&text),
        other => quoted(&other.to_string()),
    }
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn line<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>) {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(field);
    }
    text.push_str("\r\n");
}
