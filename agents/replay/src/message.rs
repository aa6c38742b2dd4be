//! An item as it is sent: its bytes as they were, without headers of its failure, with ours, and with what somebody
//! changed.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::array::{Array, BinaryViewArray, ListArray, RecordBatch, StringViewArray};
use tapline_api::{Bytes, Edit, ItemEdit};
use tapline_model::columns::{ColumnError, EventColumns, HeaderColumns};
use tapline_model::{Address, Header};
use tapline_transform::{Event, Transform};

use crate::headers::{ATTEMPT, is_taken_off};

/// A header's name and value.
pub(crate) type Pair<'a> = (Cow<'a, str>, Option<Cow<'a, [u8]>>);

/// An event without what belongs to its failure, and with what was changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message<'a> {
    pub(crate) key: Option<Cow<'a, [u8]>>,
    pub(crate) payload: Option<Cow<'a, [u8]>>,
    /// In order, without ours.
    pub(crate) headers: Vec<Pair<'a>>,
}

impl Message<'_> {
    /// As text, to be read and compared: a header a line, an empty line, the payload.
    pub(crate) fn text(&self) -> String {
        let text = |bytes: &Option<Cow<'_, [u8]>>| match bytes {
            Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            None => "null".to_owned(),
        };
        let mut lines = format!("key: {}\n", text(&self.key));
        for (name, value) in &self.headers {
            lines.push_str(&format!("{name}: {}\n", text(value)));
        }
        format!("{lines}\n{}", text(&self.payload))
    }
}

/// What somebody changes.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// By hash of the event's address.
    edits: HashMap<u64, Edit>,
    transform: Option<Transform>,
    /// Headers of failures that the configuration names.
    own: Vec<String>,
}

impl Changes {
    /// # Errors
    /// A sentence: an address or a program that is none.
    pub(crate) fn new(edits: &[ItemEdit], transform: Option<&str>, own: Vec<String>) -> Result<Self, String> {
        let edit = |edit: &ItemEdit| {
            let address = Address::parse(&edit.address).map_err(|error| format!("`{}`: {error}", edit.address))?;
            check(&edit.edit)?;
            Ok((address.hash(), edit.edit.clone()))
        };
        let transform = transform.map(Transform::parse).transpose().map_err(|error| error.to_string())?;
        Ok(Self { edits: edits.iter().map(edit).collect::<Result<_, String>>()?, transform, own })
    }

    /// Whether an item is sent otherwise than it was.
    pub(crate) fn concerns(&self, address: u64) -> bool {
        self.transform.is_some() || self.edits.contains_key(&address)
    }

    /// Headers of failures that the configuration names.
    pub(crate) fn own(&self) -> &[String] {
        &self.own
    }

    /// Addresses that are edited.
    pub(crate) fn edited(&self) -> impl Iterator<Item = u64> + '_ {
        self.edits.keys().copied()
    }

    /// The message that a row becomes.
    ///
    /// # Errors
    /// A sentence: why this one cannot be changed so.
    pub(crate) fn message<'a>(&self, row: &Row<'a>, address: u64) -> Result<Message<'a>, String> {
        let message = row.message(&self.own);
        let message = match self.edits.get(&address) {
            Some(edit) => edited(message, edit)?,
            None => message,
        };
        let mut message = match &self.transform {
            Some(transform) => transformed(message, transform)?,
            None => message,
        };
        // Ours are put on afterwards: nobody else says which replay this is.
        message.headers.retain(|(name, _)| !is_taken_off(name, false, &[]));
        Ok(message)
    }
}

/// A row of the archive.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    key: Option<&'a [u8]>,
    payload: Option<&'a [u8]>,
    headers: Vec<(&'a str, Option<&'a [u8]>)>,
    failed: bool,
}

/// What is sent of the rows of a batch: looked up by name once, not for each of a million events.
#[derive(Debug)]
pub(crate) struct Rows {
    keys: BinaryViewArray,
    payloads: BinaryViewArray,
    headers: ListArray,
    names: StringViewArray,
    values: BinaryViewArray,
}

impl Rows {
    pub(crate) fn of(batch: &RecordBatch) -> Result<Self, ColumnError> {
        let columns = EventColumns::new(batch);
        let (keys, payloads) = (columns.binary("key")?.clone(), columns.binary("payload")?.clone());
        let HeaderColumns { list, names, values } = columns.header_columns()?;
        Ok(Self { keys, payloads, headers: list.clone(), names: names.clone(), values: values.clone() })
    }

    pub(crate) fn key(&self, row: usize) -> Option<&[u8]> {
        self.keys.is_valid(row).then(|| self.keys.value(row))
    }

    /// `failed` is whether it is a dead letter or a retry, whose headers tell of a failure.
    pub(crate) fn row(&self, row: usize, failed: bool) -> Row<'_> {
        let headers = HeaderColumns { list: &self.headers, names: &self.names, values: &self.values };
        Row {
            key: self.key(row),
            payload: self.payloads.is_valid(row).then(|| self.payloads.value(row)),
            headers: headers.of(row),
            failed,
        }
    }
}

impl<'a> Row<'a> {
    /// Bytes of key, headers and payload as they are kept. Of a whole event they are as many as it had.
    pub(crate) fn size(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len));
        self.key.map_or(0, <[u8]>::len) + self.payload.map_or(0, <[u8]>::len) + headers.sum::<usize>()
    }

    /// Its key, to be shown.
    pub(crate) fn key_text(&self) -> String {
        self.key.map_or_else(String::new, |key| String::from_utf8_lossy(key).chars().take(200).collect())
    }

    /// Whether it has neither key nor payload.
    pub(crate) fn is_empty(&self) -> bool {
        self.key.is_none() && self.payload.is_none()
    }

    /// How often it was put back, as its header says.
    pub(crate) fn attempts(&self) -> u8 {
        let header = self.headers.iter().find(|(name, _)| *name == ATTEMPT);
        let text = header.and_then(|(_, value)| std::str::from_utf8((*value)?).ok());
        text.map_or(0, |text| text.parse().unwrap_or(u8::MAX))
    }

    /// Headers that are taken off.
    pub(crate) fn taken_off<'s>(&'s self, own: &'s [String]) -> impl Iterator<Item = &'a str> + 's {
        self.headers.iter().map(|(name, _)| *name).filter(|name| is_taken_off(name, self.failed, own))
    }

    fn message(&self, own: &[String]) -> Message<'a> {
        let kept = self.headers.iter().filter(|(name, _)| !is_taken_off(name, self.failed, own));
        Message {
            key: self.key.map(Cow::Borrowed),
            payload: self.payload.map(Cow::Borrowed),
            headers: kept.map(|(name, value)| (Cow::Borrowed(*name), value.map(Cow::Borrowed))).collect(),
        }
    }
}

/// Borrowed, as senders and transforms take them.
pub(crate) fn borrowed<'h>(headers: &'h [Pair<'_>]) -> impl Iterator<Item = Header<'h>> {
    headers.iter().map(|(name, value)| Header { name: name.as_ref(), value: value.as_deref() })
}

fn check(edit: &Edit) -> Result<(), String> {
    let headers = edit.headers.iter().flatten().filter_map(|(_, value)| value.as_ref());
    edit.key.iter().chain(&edit.payload).chain(headers).try_for_each(|bytes| decoded(bytes).map(drop))
}

fn decoded(bytes: &Bytes) -> Result<Vec<u8>, String> {
    bytes.to_vec().map_err(|error| match bytes {
        Bytes::Text(text) | Bytes::Base64 { base64: text } => format!("`{}` is no base64: {error}", shortened(text)),
    })
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(40)]
}

fn edited<'a>(message: Message<'a>, edit: &Edit) -> Result<Message<'a>, String> {
    let replaced = |own: Option<Cow<'a, [u8]>>, by: &Option<Bytes>| match by {
        Some(bytes) => decoded(bytes).map(|bytes| Some(Cow::Owned(bytes))),
        None => Ok(own),
    };
    let pair = |(name, value): &(String, Option<Bytes>)| {
        let value = value.as_ref().map(decoded).transpose()?.map(Cow::Owned);
        Ok((Cow::Owned(name.clone()), value))
    };
    Ok(Message {
        key: replaced(message.key, &edit.key)?,
        payload: replaced(message.payload, &edit.payload)?,
        headers: match &edit.headers {
            Some(headers) => headers.iter().map(pair).collect::<Result<_, String>>()?,
            None => message.headers,
        },
    })
}

fn transformed<'a>(message: Message<'a>, transform: &Transform) -> Result<Message<'a>, String> {
    let headers: Vec<Header<'_>> = borrowed(&message.headers).collect();
    let event = Event { key: message.key.as_deref(), headers: &headers, payload: message.payload.as_deref() };
    let changed = transform.apply(event).map_err(|error| error.to_string())?;
    let pairs = |headers: Vec<(String, Option<Vec<u8>>)>| {
        headers.into_iter().map(|(name, value)| (Cow::Owned(name), value.map(Cow::Owned))).collect()
    };
    let (key, payload) = (changed.key, changed.payload);
    let headers = changed.headers.map(pairs);
    Ok(Message {
        key: key.map_or(message.key, |key| key.map(Cow::Owned)),
        payload: payload.map_or(message.payload, |payload| payload.map(Cow::Owned)),
        headers: headers.unwrap_or(message.headers),
    })
}
