//! Values that programs work on. They are this crate's own, because the interpreter's
//!
//! - grow without limit: here everything that makes, copies, compares or reads a value is counted (`meter`);
//! - are a superset of JSON (comments, NaN, bytes, keys of any type), which payloads are not;
//! - change the order of an object's fields when one is deleted;
//! - compare NaN in a way that makes Rust's sorting panic.

mod access;
mod arithmetic;
mod number;
mod order;

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use indexmap::IndexMap;

use crate::json;
use crate::meter;

pub(crate) use number::Num;

/// What an element of an array takes, and about what a field of an object takes.
const ELEMENT: usize = 32;
const FIELD: usize = 80;
/// Bytes that are looked at in the time of a step.
const BYTES_A_STEP: usize = 64;
/// Bytes of a value that an error tells.
const TOLD: usize = 80;

/// A JSON value. Strings are bytes, UTF-8 unless a program decoded something else.
#[derive(Debug, Default)]
pub(crate) enum Val {
    #[default]
    Null,
    Bool(bool),
    Num(Num),
    Str(Rc<[u8]>),
    Arr(Rc<Nested<Vec<Val>>>),
    Obj(Rc<Nested<Fields>>),
}

/// Fields of an object, in order.
pub(crate) type Fields = IndexMap<Rc<[u8]>, Val>;

/// What holds values, with an upper bound of how deep they stand in it: 1 for one that holds no other.
#[derive(Debug, Clone)]
pub(crate) struct Nested<T> {
    pub(crate) items: T,
    depth: u16,
}

/// Why a value cannot be what it should.
pub(crate) type Error = jaq_core::Error<Val>;
pub(crate) type ValR<T = Val> = Result<T, Error>;

impl Val {
    pub(crate) fn str(bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        meter::bytes(bytes.len());
        meter::steps(bytes.len() / BYTES_A_STEP);
        Self::Str(bytes.into())
    }

    pub(crate) fn arr(items: impl IntoIterator<Item = Self>) -> Self {
        let (mut all, mut depth) = (Vec::new(), 0);
        for item in items {
            meter::steps(1);
            meter::bytes(ELEMENT);
            depth = depth.max(item.depth());
            all.push(item);
        }
        Self::Arr(Rc::new(Nested { items: all, depth: meter::depth(depth + 1) }))
    }

    pub(crate) fn obj(fields: impl IntoIterator<Item = (Rc<[u8]>, Self)>) -> Self {
        let mut all = Nested { items: Fields::default(), depth: 1 };
        for (key, value) in fields {
            all.put(key, value);
        }
        Self::Obj(Rc::new(all))
    }

    fn depth(&self) -> u16 {
        match self {
            Self::Arr(array) => array.depth,
            Self::Obj(object) => object.depth,
            _ => 0,
        }
    }

    /// The bytes of a string.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Str(bytes) => {
                meter::steps(bytes.len() / BYTES_A_STEP);
                Some(bytes)
            }
            _ => None,
        }
    }

    /// A string that is UTF-8.
    pub(crate) fn text(&self) -> ValR<&str> {
        let text = self.bytes().map(std::str::from_utf8);
        text.and_then(Result::ok).ok_or_else(|| Error::typ(self.clone(), "text"))
    }

    pub(crate) fn json(&self) -> ValR {
        let mut out = Vec::new();
        json::write(self, &mut out).map_err(Error::str)?;
        Ok(Self::Str(out.into()))
    }
}

impl Nested<Vec<Val>> {
    /// To change it; a copy if others hold it too.
    fn own(shared: &mut Rc<Self>) -> &mut Self {
        if Rc::strong_count(shared) > 1 {
            meter::bytes(shared.items.len() * ELEMENT);
        }
        Rc::make_mut(shared)
    }

    fn extend(&mut self, more: impl IntoIterator<Item = Val>) {
        for item in more {
            meter::steps(1);
            meter::bytes(ELEMENT);
            self.cover(&item);
            self.items.push(item);
        }
    }
}

impl Nested<Fields> {
    /// To change it; a copy if others hold it too.
    fn own(shared: &mut Rc<Self>) -> &mut Self {
        if Rc::strong_count(shared) > 1 {
            meter::bytes(shared.items.len() * FIELD);
        }
        Rc::make_mut(shared)
    }

    fn get(&self, key: &[u8]) -> Option<&Val> {
        meter::steps(1 + key.len() / BYTES_A_STEP);
        self.items.get(key)
    }

    fn put(&mut self, key: Rc<[u8]>, value: Val) {
        meter::steps(1 + key.len() / BYTES_A_STEP);
        meter::bytes(FIELD);
        self.cover(&value);
        self.items.insert(key, value);
    }

    /// Those behind it stay in order.
    fn remove(&mut self, key: &[u8]) {
        meter::steps(1 + self.items.len() / 8);
        self.items.shift_remove(key);
    }
}

impl<T> Nested<T> {
    fn cover(&mut self, item: &Val) {
        self.depth = meter::depth(self.depth.max(item.depth() + 1));
    }
}

impl Clone for Val {
    fn clone(&self) -> Self {
        meter::steps(1);
        match self {
            Self::Null => Self::Null,
            Self::Bool(bool) => Self::Bool(*bool),
            Self::Num(number) => Self::Num(number.clone()),
            Self::Str(bytes) => Self::Str(Rc::clone(bytes)),
            Self::Arr(items) => Self::Arr(Rc::clone(items)),
            Self::Obj(fields) => Self::Obj(Rc::clone(fields)),
        }
    }
}

impl From<bool> for Val {
    fn from(bool: bool) -> Self {
        meter::steps(1);
        Self::Bool(bool)
    }
}

impl From<isize> for Val {
    fn from(number: isize) -> Self {
        meter::steps(1);
        Self::Num(Num::Int(number as i128))
    }
}

impl From<usize> for Val {
    fn from(number: usize) -> Self {
        meter::steps(1);
        Self::Num(Num::Int(number as i128))
    }
}

impl From<f64> for Val {
    fn from(number: f64) -> Self {
        meter::steps(1);
        Self::Num(Num::Float(number))
    }
}

impl From<String> for Val {
    fn from(text: String) -> Self {
        Self::str(text)
    }
}

/// As a path shows it: `{"start": 1, "end": 2}`.
impl From<Range<Option<Val>>> for Val {
    fn from(range: Range<Option<Val>>) -> Self {
        let bounds = [("start", range.start), ("end", range.end)];
        Self::obj(bounds.into_iter().filter_map(|(name, bound)| Some((name.as_bytes().into(), bound?))))
    }
}

impl FromIterator<Self> for Val {
    fn from_iter<T: IntoIterator<Item = Self>>(items: T) -> Self {
        Self::arr(items)
    }
}

/// For errors: the beginning is enough.
impl fmt::Display for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&json::shorten(self, TOLD))
    }
}
