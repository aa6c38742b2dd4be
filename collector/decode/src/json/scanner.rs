//! The pass over the text: an explicit stack instead of recursion, so that no nesting can exhaust the thread's stack.

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::number::number;
use super::string::{escape, stop, unescape};

/// Takes what the scanner finds. Scalars come only for fields that the sink said it cares about.
pub(crate) trait Sink<'a> {
    /// What the sink remembers about a field.
    type Interest: Copy + 'a;

    /// Asked once for each field at most `max_depth` deep; `depth` is 1 for the fields of the outermost object.
    fn field(&mut self, name: &'a str, depth: usize) -> Option<Self::Interest>;

    /// A string, unescaped.
    fn text(&mut self, path: &Path<'_, 'a, Self::Interest>, interest: Self::Interest, value: &'a str);

    /// A number written without fraction and exponent, of any length.
    fn integer(&mut self, path: &Path<'_, 'a, Self::Interest>, interest: Self::Interest, digits: &'a str);
}

/// Where a scalar stands.
pub(crate) struct Path<'s, 'a, I> {
    /// The field that holds the scalar, or the array of it.
    pub(crate) name: &'a str,
    frames: &'s [Frame<'a, I>],
}

impl<'a, I> Path<'_, 'a, I> {
    /// Whether the scalar is an element of an array.
    pub(crate) fn in_array(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.array)
    }

    /// Names of the fields that hold the enclosing objects, from the inside out; arrays stand for their elements.
    pub(crate) fn owners(&self) -> impl Iterator<Item = &'a str> {
        let objects = self.frames.iter().rev().filter(|frame| !frame.array);
        objects.filter_map(|frame| frame.field.as_ref().map(|field| field.name))
    }
}

#[derive(Clone, Copy)]
struct Frame<'a, I> {
    /// The field that holds this container; an element of an array inherits the array's.
    field: Option<Field<'a, I>>,
    array: bool,
}

#[derive(Clone, Copy)]
struct Field<'a, I> {
    name: &'a str,
    interest: Option<I>,
}

/// What is wrong with the text, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Position in bytes.
    pub(crate) at: usize,
    /// What the grammar wants there.
    pub(crate) expected: &'static str,
    /// Nothing wrong but that the text ends too early.
    pub(crate) ended: bool,
}

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// `None` for a JSON text.
    pub(crate) fault: Option<Fault>,
    /// Some container was nested deeper than searched.
    pub(crate) too_deep: bool,
}

/// Checks `text` to its end or first fault and feeds `sink` on the way.
pub(crate) fn scan<'a, S: Sink<'a>>(arena: &'a Bump, text: &'a str, max_depth: usize, sink: &mut S) -> Scanned {
    let frames = Vec::with_capacity_in(max_depth.min(64), arena);
    let deeper = Vec::new_in(arena);
    let mut scanner = Scanner {
        arena,
        text,
        bytes: text.as_bytes(),
        frames,
        deeper,
        max_depth,
        field: None,
        too_deep: false,
        fault: None,
        sink,
    };
    let _ = scanner.document();
    Scanned { fault: scanner.fault, too_deep: scanner.too_deep }
}

/// The scan has come to an end. What is wrong stands in the scanner: a result of no size stays in a register.
struct Stop;

/// The position is handed from call to call instead of being kept here: each step depends on it, and a register is
/// read sooner than memory just written.
struct Scanner<'a, 's, S: Sink<'a>> {
    arena: &'a Bump,
    text: &'a str,
    bytes: &'a [u8],
    frames: Vec<'a, Frame<'a, S::Interest>>,
    /// Containers below `max_depth`: whether each is an array.
    deeper: Vec<'a, bool>,
    max_depth: usize,
    field: Option<Field<'a, S::Interest>>,
    too_deep: bool,
    /// Set before [`Stop`] is returned.
    fault: Option<Fault>,
    sink: &'s mut S,
}

impl<'a, S: Sink<'a>> Scanner<'a, '_, S> {
    fn document(&mut self) -> Result<(), Stop> {
        let mut at = self.value(0)?;
        while let Some(array) = self.innermost_is_array() {
            let (byte, here) = self.peek(at);
            at = match byte {
                b',' if array => self.value(here + 1)?,
                b',' => {
                    let value = self.name(here + 1)?;
                    self.value(value)?
                }
                b']' if array => self.close(here),
                b'}' if !array => self.close(here),
                _ if array => return Err(self.stop(here, "a comma or a closing bracket")),
                _ => return Err(self.stop(here, "a comma or a closing brace")),
            };
        }
        let (_, end) = self.peek(at);
        if end == self.bytes.len() { Ok(()) } else { Err(self.stop(end, "the end")) }
    }

    /// Reads a scalar, or opens containers up to their first scalar or to an empty one.
    #[inline]
    fn value(&mut self, mut at: usize) -> Result<usize, Stop> {
        loop {
            let (byte, here) = self.peek(at);
            match byte {
                b'"' => return self.string_value(here),
                b'{' => {
                    self.open(false);
                    let (byte, inner) = self.peek(here + 1);
                    if byte == b'}' {
                        return Ok(self.close(inner));
                    }
                    at = self.name(inner)?;
                }
                b'[' => {
                    self.open(true);
                    let (byte, inner) = self.peek(here + 1);
                    if byte == b']' {
                        return Ok(self.close(inner));
                    }
                    at = inner;
                }
                b'-' | b'0'..=b'9' => return self.number_value(here),
                b't' => return self.literal(here, "true"),
                b'f' => return self.literal(here, "false"),
                b'n' => return self.literal(here, "null"),
                _ => return Err(self.stop(here, "a value")),
            }
        }
    }

    fn open(&mut self, array: bool) {
        if self.frames.len() < self.max_depth {
            self.frames.push(Frame { field: self.field, array });
        } else {
            self.too_deep = true;
            self.deeper.push(array);
            self.field = None;
        }
    }

    fn close(&mut self, at: usize) -> usize {
        if self.deeper.pop().is_none() {
            self.frames.pop();
        }
        // In an array the next element stands under the array's field; in an object the next name replaces it.
        self.field = if self.deeper.is_empty() { self.frames.last().and_then(|frame| frame.field) } else { None };
        at + 1
    }

    #[inline]
    fn innermost_is_array(&self) -> Option<bool> {
        self.deeper.last().copied().or_else(|| self.frames.last().map(|frame| frame.array))
    }

    /// Reads a name and its colon.
    #[inline]
    fn name(&mut self, at: usize) -> Result<usize, Stop> {
        let (byte, here) = self.peek(at);
        if byte != b'"' {
            return Err(self.stop(here, "a name"));
        }
        let (raw, escaped, end) = self.string(here)?;
        let (byte, colon) = self.peek(end);
        if byte != b':' {
            return Err(self.stop(colon, "a colon"));
        }
        self.field = None;
        if self.deeper.is_empty() {
            let name = if escaped { unescape(self.arena, raw).unwrap_or_default() } else { raw };
            self.field = Some(Field { name, interest: self.sink.field(name, self.frames.len()) });
        }
        Ok(colon + 1)
    }

    #[inline]
    fn interest(&self) -> Option<(&'a str, S::Interest)> {
        self.field.and_then(|field| Some((field.name, field.interest?)))
    }

    #[inline]
    fn string_value(&mut self, at: usize) -> Result<usize, Stop> {
        let (raw, escaped, end) = self.string(at)?;
        let Some((name, interest)) = self.interest() else { return Ok(end) };
        let value = if escaped { unescape(self.arena, raw) } else { Some(raw) };
        if let Some(value) = value {
            self.sink.text(&Path { name, frames: &self.frames }, interest, value);
        }
        Ok(end)
    }

    fn number_value(&mut self, at: usize) -> Result<usize, Stop> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let number = number(rest).map_err(|wrong| self.stop(at + wrong, "a digit"))?;
        let end = at + number.length;
        // At the very end the number may go on in what was not scanned.
        if let Some((name, interest)) = self.interest().filter(|_| number.integer && end < self.bytes.len()) {
            let digits = self.text.get(at..end).unwrap_or_default();
            self.sink.integer(&Path { name, frames: &self.frames }, interest, digits);
        }
        Ok(end)
    }

    fn literal(&mut self, at: usize, word: &'static str) -> Result<usize, Stop> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            return Ok(at + word.len());
        }
        let same = rest.iter().zip(word.as_bytes()).take_while(|(found, wanted)| found == wanted).count();
        Err(self.stop(at + same, word))
    }

    /// The text between the quote at `at` and the next one, still escaped, whether it holds an escape, and its end.
    #[inline(always)]
    fn string(&mut self, at: usize) -> Result<(&'a str, bool, usize), Stop> {
        let start = at + 1;
        let (mut at, mut escaped) = (start, false);
        loop {
            at = stop(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => return Ok((self.text.get(start..at).unwrap_or_default(), escaped, at + 1)),
                Some(b'\\') => {
                    escaped = true;
                    let rest = self.bytes.get(at..).unwrap_or_default();
                    at += escape(rest).map_err(|wrong| self.stop(at + wrong, "an escape"))?;
                }
                _ => return Err(self.stop(at, "a closing quote")),
            }
        }
    }

    /// The next byte that is no white space and its position; at the end 0, which begins nothing.
    #[inline(always)]
    fn peek(&self, mut at: usize) -> (u8, usize) {
        loop {
            match self.bytes.get(at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => at += 1,
                Some(byte) => return (*byte, at),
                None => return (0, at),
            }
        }
    }

    #[cold]
    fn stop(&mut self, at: usize, expected: &'static str) -> Stop {
        let at = at.min(self.bytes.len());
        self.fault = Some(Fault { at, expected, ended: at == self.bytes.len() });
        Stop
    }
}
