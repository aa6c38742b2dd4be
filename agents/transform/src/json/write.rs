//! JSON out of values, without white space.

use crate::meter;
use crate::value::Val;

/// Why a value cannot be written as JSON.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub(crate) enum WriteError {
    /// JSON has text only.
    #[error("a string holds bytes that are not UTF-8, which JSON cannot hold; write it by @base64")]
    Bytes,
    /// NaN, or infinite.
    #[error("a number is {0}, which JSON cannot hold; look for a division by zero")]
    Number(f64),
}

/// Appends a value. Unwinds rather than write more than a run may make.
pub(crate) fn write(value: &Val, out: &mut Vec<u8>) -> Result<(), WriteError> {
    meter::steps(1);
    match value {
        Val::Null => append(out, b"null"),
        Val::Bool(true) => append(out, b"true"),
        Val::Bool(false) => append(out, b"false"),
        Val::Num(number) if !number.is_json() => return Err(WriteError::Number(number.as_f64())),
        Val::Num(number) => append(out, number.to_string().as_bytes()),
        Val::Str(bytes) => write_text(bytes, out)?,
        Val::Arr(array) => {
            append(out, b"[");
            for (at, item) in array.items.iter().enumerate() {
                append(out, if at > 0 { b"," } else { b"" });
                write(item, out)?;
            }
            append(out, b"]");
        }
        Val::Obj(object) => {
            append(out, b"{");
            for (at, (key, item)) in object.items.iter().enumerate() {
                append(out, if at > 0 { b"," } else { b"" });
                write_text(key, out)?;
                append(out, b":");
                write(item, out)?;
            }
            append(out, b"}");
        }
    }
    Ok(())
}

/// Appends a string with its quotes.
pub(crate) fn write_text(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), WriteError> {
    let text = std::str::from_utf8(bytes).map_err(|_| WriteError::Bytes)?;
    append(out, b"\"");
    let mut rest = text;
    while let Some(at) = rest.find(|letter| letter < ' ' || letter == '"' || letter == '\\') {
        append(out, &rest.as_bytes()[..at]);
        // All of them are one byte long.
        append(out, escape(rest.as_bytes()[at]).as_bytes());
        rest = &rest[at + 1..];
    }
    append(out, rest.as_bytes());
    append(out, b"\"");
    Ok(())
}

fn escape(byte: u8) -> String {
    match byte {
        b'"' => "\\\"".to_owned(),
        b'\\' => "\\\\".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        other => format!("\\u{other:04x}"),
    }
}

fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    meter::bytes(bytes.len());
    meter::steps(bytes.len() / 64);
    out.extend_from_slice(bytes);
}

/// The beginning of a value, for a person.
pub(crate) fn shorten(value: &Val, most: usize) -> String {
    let mut text = String::new();
    tell(value, most, &mut text);
    if text.len() > most {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

fn tell(value: &Val, most: usize, out: &mut String) {
    if out.len() > most {
        return;
    }
    match value {
        Val::Null => out.push_str("null"),
        Val::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Val::Num(number) => out.push_str(&number.to_string()),
        Val::Str(bytes) => {
            let begin = bytes.get(..bytes.len().min(most + 1)).unwrap_or_default();
            out.push_str(&format!("{:?}", String::from_utf8_lossy(begin)));
        }
        Val::Arr(array) => tell_list(('[', ']'), array.items.iter(), most, out, |item, out| tell(item, most, out)),
        Val::Obj(object) => tell_list(('{', '}'), object.items.iter(), most, out, |(key, item), out| {
            tell(&Val::Str(std::rc::Rc::clone(key)), most, out);
            out.push_str(": ");
            tell(item, most, out);
        }),
    }
}

fn tell_list<T>(
    (open, close): (char, char),
    items: impl Iterator<Item = T>,
    most: usize,
    out: &mut String,
    each: impl Fn(T, &mut String),
) {
    out.push(open);
    for (at, item) in items.enumerate().take_while(|(at, _)| *at <= most) {
        if at > 0 {
            out.push_str(", ");
        }
        each(item, out);
        if out.len() > most {
            return;
        }
    }
    out.push(close);
}
