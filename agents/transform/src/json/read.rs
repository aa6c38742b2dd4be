//! A strict reader (RFC 8259): a text becomes a tree of places in it.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use crate::meter;
use crate::value::{Num, Val};

/// What a place of a tree takes.
const NODE: usize = 64;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) shape: Shape,
}

#[derive(Debug)]
pub(crate) enum Shape {
    Null,
    Bool(bool),
    Number,
    String,
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A field, which may stand in its object more than once.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) key: Rc<[u8]>,
    /// With its quotes.
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

/// Where a text stops being JSON, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoJson {
    pub(crate) at: usize,
}

/// Reads one value with nothing but white space around it. What stands deeper than a value may be is no JSON.
pub(crate) fn read(text: &str) -> Result<Node, NoJson> {
    let mut reader = Reader { text, at: 0 };
    reader.space();
    let node = reader.value(0)?;
    reader.space();
    if reader.at < text.len() { Err(NoJson { at: reader.at }) } else { Ok(node) }
}

/// What stands at a place.
pub(crate) fn value(text: &str, node: &Node) -> Val {
    meter::steps(1);
    match &node.shape {
        Shape::Null => Val::Null,
        Shape::Bool(bool) => Val::Bool(*bool),
        Shape::Number => Val::Num(Num::read(&text[node.span.clone()])),
        Shape::String => Val::str(unescape(&text[node.span.clone()]).as_bytes()),
        Shape::Array(items) => Val::arr(items.iter().map(|item| value(text, item))),
        Shape::Object(members) => {
            Val::obj(members.iter().map(|member| (Rc::clone(&member.key), value(text, &member.value))))
        }
    }
}

/// The text of a string between its quotes. Halves of a surrogate pair, which UTF-8 has not, become U+FFFD.
pub(super) fn unescape(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (letter, length) = escaped(&rest[at..]);
        out.push(letter);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What an escape that was read stands for, and how long it is.
fn escaped(text: &str) -> (char, usize) {
    let unit = |at: usize| text.get(at..at + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    match text.as_bytes().get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => {
            let first = unit(2).unwrap_or_default();
            let second = if text.get(6..8) == Some("\\u") { unit(8) } else { None };
            match (first, second) {
                (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
                    let letter = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
                    (char::from_u32(letter).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
                }
                _ => (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
            }
        }
        Some(other) => (char::from(*other), 2),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn refuse<T>(&self) -> Result<T, NoJson> {
        Err(NoJson { at: self.at })
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) -> usize {
        let begin = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        self.at - begin
    }

    fn space(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn take(&mut self, word: &str) -> Result<(), NoJson> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return self.refuse();
        }
        self.at += word.len();
        Ok(())
    }

    fn value(&mut self, depth: u16) -> Result<Node, NoJson> {
        meter::steps(1);
        meter::bytes(NODE);
        let begin = self.at;
        let shape = match self.peek() {
            Some(b'{') => Shape::Object(self.members(depth)?),
            Some(b'[') => Shape::Array(self.items(depth)?),
            Some(b'"') => self.string().map(|()| Shape::String)?,
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| Shape::Number)?,
            Some(b't') => self.take("true").map(|()| Shape::Bool(true))?,
            Some(b'f') => self.take("false").map(|()| Shape::Bool(false))?,
            Some(b'n') => self.take("null").map(|()| Shape::Null)?,
            _ => return self.refuse(),
        };
        Ok(Node { span: begin..self.at, shape })
    }

    /// What stands between two brackets, with commas between.
    fn list<T>(
        &mut self,
        depth: u16,
        close: u8,
        item: impl Fn(&mut Self) -> Result<T, NoJson>,
    ) -> Result<Vec<T>, NoJson> {
        // An event holds its payload, so one level is taken.
        if depth + 2 > meter::DEPTH {
            return self.refuse();
        }
        self.at += 1;
        self.space();
        let mut all = Vec::new();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(all);
        }
        loop {
            all.push(item(self)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(all);
                }
                _ => return self.refuse(),
            }
            self.space();
        }
    }

    fn items(&mut self, depth: u16) -> Result<Vec<Node>, NoJson> {
        self.list(depth, b']', |reader| reader.value(depth + 1))
    }

    fn members(&mut self, depth: u16) -> Result<Vec<Member>, NoJson> {
        self.list(depth, b'}', |reader| {
            let begin = reader.at;
            reader.string()?;
            let key_span = begin..reader.at;
            let key = unescape(&reader.text[key_span.clone()]);
            meter::bytes(NODE + key.len());
            let key = key.as_bytes().into();
            reader.space();
            reader.take(":")?;
            reader.space();
            Ok(Member { key, key_span, value: reader.value(depth + 1)? })
        })
    }

    fn string(&mut self) -> Result<(), NoJson> {
        self.take("\"")?;
        loop {
            let read = self.skip(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            meter::steps(read / 64);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                _ => return self.refuse(),
            }
        }
    }

    fn escape(&mut self) -> Result<(), NoJson> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                let hex = self.text.as_bytes().get(self.at..self.at + 4);
                if !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
                    return self.refuse();
                }
                self.at += 4;
            }
            _ => return self.refuse(),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), NoJson> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), NoJson> {
        if self.skip(|byte| byte.is_ascii_digit()) == 0 { self.refuse() } else { Ok(()) }
    }
}
