//! An event as programs see it, and what one made of it.

use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tapline_model::Header;

use crate::error::TransformError;
use crate::json::{self, Node, WriteError};
use crate::value::{Fields, Val};
use crate::{Changed, Event, Headers};

/// An event whose payload was read.
pub(crate) struct Read<'a> {
    event: Event<'a>,
    payload: Payload<'a>,
}

enum Payload<'a> {
    Absent,
    Json(&'a str, Node),
    Text(&'a str),
    Binary(&'a [u8]),
}

impl<'a> Read<'a> {
    pub(crate) fn new(event: Event<'a>) -> Self {
        let payload = match event.payload.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
            None => Payload::Absent,
            Some((bytes, Err(_))) => Payload::Binary(bytes),
            Some((_, Ok(text))) => match json::read(text) {
                Ok(node) => Payload::Json(text, node),
                Err(_) => Payload::Text(text),
            },
        };
        Self { event, payload }
    }

    /// `{"key": .., "headers": [[name, value], ..], "payload": ..}`.
    pub(crate) fn value(&self) -> Val {
        let payload = match &self.payload {
            Payload::Absent => Val::Null,
            Payload::Json(text, node) => json::value(text, node),
            Payload::Text(text) => Val::str(text),
            Payload::Binary(bytes) => binary(bytes),
        };
        let headers = Val::arr(self.event.headers.iter().map(header));
        let parts = [("key", optional(self.event.key)), ("headers", headers), ("payload", payload)];
        Val::obj(parts.map(|(name, part)| (name.as_bytes().into(), part)))
    }

    /// What differs in the program's answer.
    pub(crate) fn changed(&self, answer: &Val) -> Result<Changed, TransformError> {
        let parts = parts(answer)?;
        let [key, headers, payload] = ["key", "headers", "payload"].map(|name| part(parts, name));
        Ok(Changed { key: self.key(key?)?, headers: self.headers(headers?)?, payload: self.payload(payload?)? })
    }

    fn key(&self, key: &Val) -> Result<Option<Option<Vec<u8>>>, TransformError> {
        let bytes = bytes(key, "key")?;
        Ok((bytes.as_deref() != self.event.key).then_some(bytes))
    }

    fn headers(&self, headers: &Val) -> Result<Option<Headers>, TransformError> {
        let Val::Arr(pairs) = headers else { return Err(wrong("headers", "an array of [name, value]", headers)) };
        let headers: Headers = pairs.items.iter().map(pair).collect::<Result<_, _>>()?;
        let same = |(header, (name, value)): (&Header<'_>, &(String, Option<Vec<u8>>))| {
            header.name == name && header.value == value.as_deref()
        };
        let unchanged = headers.len() == self.event.headers.len() && self.event.headers.iter().zip(&headers).all(same);
        Ok((!unchanged).then_some(headers))
    }

    fn payload(&self, payload: &Val) -> Result<Option<Option<Vec<u8>>>, TransformError> {
        if let Payload::Json(text, node) = &self.payload
            && json::is_as_written(text, node, payload)
        {
            return Ok(None);
        }
        let bytes = match payload {
            Val::Null => None,
            Val::Str(text) if !self.quotes() => Some(text.to_vec()),
            _ => match encoded(payload) {
                Some(encoded) => Some(decode(encoded, "payload")?),
                None => Some(self.json(payload).map_err(|error| TransformError::NoJson { reason: error.to_string() })?),
            },
        };
        Ok((bytes.as_deref() != self.event.payload).then_some(bytes))
    }

    /// Whether a string is written with quotes: where JSON stood that shows itself by brackets or quotes. A bare number
    /// or word may just as well be plain text.
    fn quotes(&self) -> bool {
        matches!(&self.payload, Payload::Json(text, node) if text[node.span.clone()].starts_with(['{', '[', '"']))
    }

    fn json(&self, payload: &Val) -> Result<Vec<u8>, WriteError> {
        match &self.payload {
            Payload::Json(text, node) => json::patch(text, node, payload),
            _ => {
                let mut out = Vec::new();
                json::write(payload, &mut out).map(|()| out)
            }
        }
    }
}

fn header(header: &Header<'_>) -> Val {
    Val::arr([Val::str(header.name), optional(header.value)])
}

fn optional(bytes: Option<&[u8]>) -> Val {
    bytes.map_or(Val::Null, |bytes| if std::str::from_utf8(bytes).is_ok() { Val::str(bytes) } else { binary(bytes) })
}

fn binary(bytes: &[u8]) -> Val {
    Val::obj([(b"base64".as_slice().into(), Val::str(STANDARD.encode(bytes)))])
}

fn parts(answer: &Val) -> Result<&Fields, TransformError> {
    let known = |name: &Rc<[u8]>| matches!(&**name, b"key" | b"headers" | b"payload");
    let Val::Obj(object) = answer else { return Err(TransformError::NoEvent { found: answer.to_string() }) };
    match object.items.keys().find(|name| !known(name)) {
        None => Ok(&object.items),
        Some(name) if object.items.keys().any(known) => {
            Err(TransformError::UnknownPart { name: Val::Str(Rc::clone(name)).to_string() })
        }
        Some(_) => Err(TransformError::NoEvent { found: answer.to_string() }),
    }
}

fn part<'v>(parts: &'v Fields, name: &'static str) -> Result<&'v Val, TransformError> {
    parts.get(name.as_bytes()).ok_or(TransformError::MissingPart { name })
}

fn wrong(part: &'static str, wanted: &'static str, found: &Val) -> TransformError {
    TransformError::WrongPart { part, wanted, found: found.to_string() }
}

fn pair(header: &Val) -> Result<(String, Option<Vec<u8>>), TransformError> {
    let refuse = || wrong("headers", "an array of [name, value] with text as names", header);
    let Val::Arr(pair) = header else { return Err(refuse()) };
    let [name, value] = &pair.items[..] else { return Err(refuse()) };
    let name = name.text().map_err(|_| refuse())?;
    Ok((name.to_owned(), bytes(value, "headers")?))
}

fn bytes(value: &Val, part: &'static str) -> Result<Option<Vec<u8>>, TransformError> {
    match value {
        Val::Null => Ok(None),
        Val::Str(bytes) => Ok(Some(bytes.to_vec())),
        other => match encoded(other) {
            Some(encoded) => decode(encoded, part).map(Some),
            None => Err(wrong(part, "text, null or {\"base64\": text}; use tostring or tojson", other)),
        },
    }
}

/// The text of `{"base64": text}`.
fn encoded(value: &Val) -> Option<&[u8]> {
    match value {
        Val::Obj(object) if object.items.len() == 1 => object.items.get(b"base64".as_slice())?.bytes(),
        _ => None,
    }
}

fn decode(encoded: &[u8], part: &'static str) -> Result<Vec<u8>, TransformError> {
    STANDARD.decode(encoded).map_err(|source| TransformError::NoBase64 { part, source })
}
