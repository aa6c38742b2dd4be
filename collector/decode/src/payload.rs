//! What kind of payload a record has, and what its outermost fields and identifiers say.
//!
//! The grammar of JSON is `json`'s, the choice of identifiers `ids`'s. Looks at a bounded part of the payload.

mod top;
pub(crate) use top::{TopField, TopLevel, table};

use bumpalo::Bump;
use tapline_model::id;

use crate::encoding;
use crate::header::{Headers, Slot};
use crate::ids::{self, IdSet, Kind, Scalar};
use crate::json::{self, ExpectedNames, Fault, Path, Scanned, Sink};
use crate::name_table::NameTable;
use crate::rules::Rules;
use crate::trace;

/// A payload, decoded as far as possible. Field by field as in [`crate::Meaning`].
#[derive(Debug, Default)]
pub(crate) struct Payload<'a> {
    pub(crate) format: &'static str,
    pub(crate) schema_id: Option<i32>,
    pub(crate) decoded: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) top: TopLevel<'a>,
}

/// Decodes a payload and adds its identifiers to `ids`.
pub(crate) fn decode<'a>(
    arena: &'a Bump,
    rules: &Rules,
    fields: &NameTable<TopField>,
    expected: &mut ExpectedNames<Interest>,
    headers: &Headers<'a>,
    payload: Option<&'a [u8]>,
    ids: &mut IdSet<'a>,
) -> Payload<'a> {
    match payload {
        None => Payload { format: "null", ..Payload::default() },
        Some([]) => Payload { format: "empty", ..Payload::default() },
        Some(bytes) => Reader { arena, rules, fields, expected, headers, ids, top: TopLevel::default() }.read(bytes),
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

struct Reader<'a, 's> {
    arena: &'a Bump,
    rules: &'s Rules,
    fields: &'s NameTable<TopField>,
    expected: &'s mut ExpectedNames<Interest>,
    headers: &'s Headers<'a>,
    ids: &'s mut IdSet<'a>,
    top: TopLevel<'a>,
}

impl<'a> Reader<'a, '_> {
    fn read(mut self, bytes: &'a [u8]) -> Payload<'a> {
        let mut payload = match registry_frame(bytes) {
            Some((schema, body)) => self.framed(schema, body),
            None => self.plain(bytes),
        };
        payload.top = self.top;
        payload
    }

    fn plain(&mut self, bytes: &'a [u8]) -> Payload<'a> {
        // RFC 8259: a reader may ignore a byte order mark; .NET's writers put it there.
        let marked = bytes.strip_prefix(BYTE_ORDER_MARK);
        let bytes = marked.unwrap_or(bytes);
        let part = bytes.get(..self.rules.max_scan).unwrap_or(bytes);
        let cut = part.len() < bytes.len();
        let text = match utf8(part, cut) {
            Ok(text) => text,
            Err(at) => return Payload { format: "bytes", error: Some(self.why_bytes(at)), ..Payload::default() },
        };
        if !starts_like_json(text) {
            return self.text(text, cut, None);
        }
        let scanned = self.scan(text);
        match scanned.fault.filter(|fault| !(cut && fault.ended)) {
            None => {
                // Nothing else that reads JSON takes the mark.
                let decoded = marked.and(Some(text)).filter(|_| !cut);
                Payload { format: "json", decoded, error: self.beyond_limits(scanned, cut), ..Payload::default() }
            }
            Some(fault) => self.text(text, cut, Some(fault)),
        }
    }

    /// A payload that is not JSON, `fault` saying why if it begins like an object or an array.
    fn text(&self, text: &str, cut: bool, fault: Option<Fault>) -> Payload<'a> {
        if let Some(at) = text.bytes().position(is_control) {
            return Payload { format: "bytes", error: Some(self.why_bytes(at)), ..Payload::default() };
        }
        let container = text.trim_start().starts_with(['{', '[']);
        let error = fault.filter(|_| container).map(|Fault { at, expected, .. }| {
            encoding::format(self.arena, format_args!("not json: expected {expected} at byte {at}"))
        });
        let error = error.or_else(|| self.is_declared_json().then_some("not json, although `content-type` says so"));
        let error = error.or_else(|| cut.then(|| self.not_all_looked_at()));
        Payload { format: "text", error, ..Payload::default() }
    }

    /// JSON with a schema is readable without the registry, everything else waits for a decoder.
    fn framed(&mut self, schema: i32, body: &'a [u8]) -> Payload<'a> {
        let known = Payload { format: "bytes", schema_id: Some(schema), ..Payload::default() };
        let text =
            utf8(body, false).ok().filter(|text| text.len() <= self.rules.max_scan && text.starts_with(['{', '[']));
        if let Some(text) = text {
            let scanned = self.scan(text);
            if scanned.fault.is_none() {
                return Payload { decoded: Some(text), error: self.beyond_limits(scanned, false), ..known };
            }
        }
        let error =
            encoding::format(self.arena, format_args!("schema {schema}: no schema registry decoder is configured"));
        Payload { error: Some(error), ..known }
    }

    fn scan(&mut self, text: &'a str) -> Scanned {
        let mut fields = Fields { table: self.fields, ids: self.ids, top: &mut self.top };
        json::scan(self.arena, text, self.rules.max_depth, self.expected, &mut fields)
    }

    fn beyond_limits(&self, scanned: Scanned, cut: bool) -> Option<&'a str> {
        let depth = self.rules.max_depth;
        let deep = || {
            encoding::format(
                self.arena,
                format_args!("nested deeper than {depth}: no identifiers were looked for below"),
            )
        };
        if cut { Some(self.not_all_looked_at()) } else { scanned.too_deep.then(deep) }
    }

    fn not_all_looked_at(&self) -> &'a str {
        let bytes = self.rules.max_scan;
        encoding::format(self.arena, format_args!("only the first {bytes} bytes were looked at"))
    }

    fn is_declared_json(&self) -> bool {
        self.headers.text(Slot::ContentType).is_some_and(|media| media.contains("json"))
    }

    fn why_bytes(&self, at: usize) -> &'a str {
        let media = self.headers.text(Slot::ContentType).unwrap_or_default();
        let media = media.get(..media.len().min(80)).unwrap_or_default();
        if media.is_empty() || media.starts_with("text/") || self.is_declared_json() {
            return encoding::format(self.arena, format_args!("not text: byte {at} is not printable utf-8"));
        }
        encoding::format(self.arena, format_args!("no decoder is configured for {media}"))
    }
}

/// Confluent's wire format: a zero byte, four bytes of schema id, the body.
fn registry_frame(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (head, body) = bytes.split_at_checked(5)?;
    let schema = encoding::int32(head.strip_prefix(&[0])?)?;
    (schema > 0).then_some((schema, body))
}

/// The text, or the position of the first byte that is none. Where the payload was cut its last character may be too.
fn utf8(bytes: &[u8], cut: bool) -> Result<&str, usize> {
    simdutf8::compat::from_utf8(bytes).or_else(|error| {
        let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let torn = cut && error.error_len().is_none();
        let text = std::str::from_utf8(whole).unwrap_or_default();
        if torn { Ok(text) } else { Err(error.valid_up_to()) }
    })
}

fn starts_like_json(text: &str) -> bool {
    let first = text.bytes().find(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t'));
    first.is_some_and(|b| matches!(b, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'))
}

fn is_control(byte: u8) -> bool {
    (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f
}

/// What the scanner is asked to look for.
struct Fields<'a, 's> {
    table: &'s NameTable<TopField>,
    ids: &'s mut IdSet<'a>,
    top: &'s mut TopLevel<'a>,
}

/// Why a field matters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interest {
    kind: Option<Kind>,
    top: Option<TopField>,
}

/// Objects that only wrap another one: a bare `id` inside belongs to what is around them.
const WRAPPERS: &[&str] = &["data", "payload", "body", "detail", "attributes", "after", "before"];

impl<'a> Fields<'a, '_> {
    fn offer(&mut self, path: &Path<'_, 'a, Interest>, kind: Option<Kind>, scalar: Scalar<'a>) {
        if kind.is_some_and(|kind| kind.plural) && !path.in_array() {
            return;
        }
        let needed = self.ids.needs_owner(kind);
        let owner = needed.then(|| path.owners().find(|owner| !WRAPPERS.contains(owner))).flatten();
        self.ids.offer(kind, owner, path.name, scalar);
    }
}

impl<'a> Sink<'a> for Fields<'a, '_> {
    type Interest = Interest;

    #[inline]
    fn field(&mut self, name: &'a str, depth: usize) -> Option<Interest> {
        let kind = ids::classify(name);
        let top = if depth == 1 { self.table.find(name) } else { None };
        (kind.is_some() || top.is_some() || self.ids.may_add()).then_some(Interest { kind, top })
    }

    fn text(&mut self, path: &Path<'_, 'a, Interest>, interest: Interest, value: &'a str) {
        if value.len() > id::MAX_VALUE {
            return;
        }
        if let Some(top) = interest.top {
            self.top.set(top, path.name, value, path.in_array());
            // Dapr's holds a whole traceparent: its parts have columns.
            if top == TopField::TraceId && trace::w3c_text(value).is_some() {
                return;
            }
        }
        self.offer(path, interest.kind, Scalar::Text(value));
    }

    fn integer(&mut self, path: &Path<'_, 'a, Interest>, interest: Interest, digits: &'a str) {
        self.offer(path, interest.kind, Scalar::Integer(digits));
    }
}

#[cfg(test)]
mod tests;
