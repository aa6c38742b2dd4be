//! The pass over the text: an explicit stack instead of recursion, so that no nesting can exhaust the thread's stack.

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::expected::ExpectedNames;
use super::number::number;
use super::string::{escape, stop, unescape};

/// Takes what the scanner finds. Scalars come only for fields that the sink said it cares about.
pub(crate) trait Sink<'a> {
    /// What the sink remembers about a field.
    type Interest: Copy + 'static;

    /// Asked about a field at most `max_depth` deep, and not again while [`ExpectedNames`] hold the answer; `depth` is 1
    /// for the fields of the outermost object.
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
        objects.skip(1).filter_map(|frame| frame.field.as_ref().map(|field| field.name))
    }
}

struct Frame<'a, I> {
    array: bool,
    /// The field last named in this object. It stays while its value is read: nothing is copied from frame to frame.
    field: Option<Field<'a, I>>,
}

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

/// Checks `text` to its end or first fault and feeds `sink` on the way. `expected` holds what the same sink, or
/// one that answers alike, said before.
pub(crate) fn scan<'a, S: Sink<'a>>(
    arena: &'a Bump,
    text: &'a str,
    max_depth: usize,
    expected: &mut ExpectedNames<S::Interest>,
    sink: &mut S,
) -> Scanned {
    expected.restart();
    let frames = Vec::with_capacity_in(max_depth.min(64), arena);
    let deeper = Vec::new_in(arena);
    let mut scanner = Scanner {
        arena,
        text,
        bytes: text.as_bytes(),
        frames,
        deeper,
        max_depth,
        too_deep: false,
        fault: None,
        expected,
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
    too_deep: bool,
    /// Set before [`Stop`] is returned.
    fault: Option<Fault>,
    expected: &'s mut ExpectedNames<S::Interest>,
    sink: &'s mut S,
}

impl<'a, S: Sink<'a>> Scanner<'a, '_, S> {
    fn document(&mut self) -> Result<(), Stop> {
        let mut at = 0;
        loop {
            let end = self.value(at)?;
            match self.next_value(end)? {
                Some(next) => at = next,
                None => return Ok(()),
            }
        }
    }

    /// Closes what is closed at `at` and finds the value behind it; `None` at the end of the text.
    #[inline(always)]
    fn next_value(&mut self, mut at: usize) -> Result<Option<usize>, Stop> {
        while let Some(array) = self.innermost_is_array() {
            let (byte, here) = self.peek(at);
            match byte {
                b',' if array => return Ok(Some(here + 1)),
                b',' => return self.name(here + 1).map(Some),
                b']' if array => at = self.close(here),
                b'}' if !array => at = self.close(here),
                _ if array => return Err(self.stop(here, "a comma or a closing bracket")),
                _ => return Err(self.stop(here, "a comma or a closing brace")),
            }
        }
        let (_, end) = self.peek(at);
        if end == self.bytes.len() { Ok(None) } else { Err(self.stop(end, "the end")) }
    }

    /// Reads a scalar, or opens containers up to their first scalar or to an empty one.
    #[inline(always)]
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
            self.frames.push(Frame { array, field: None });
        } else {
            self.too_deep = true;
            self.deeper.push(array);
        }
    }

    fn close(&mut self, at: usize) -> usize {
        if self.deeper.pop().is_none() {
            self.frames.pop();
        }
        at + 1
    }

    #[inline]
    fn innermost_is_array(&self) -> Option<bool> {
        self.deeper.last().copied().or_else(|| self.frames.last().map(|frame| frame.array))
    }

    /// Reads a name and its colon.
    #[inline(always)]
    fn name(&mut self, at: usize) -> Result<usize, Stop> {
        let (byte, here) = self.peek(at);
        if byte != b'"' {
            return Err(self.stop(here, "a name"));
        }
        // Below what is searched no name matters.
        let depth = if self.deeper.is_empty() { self.frames.len() } else { 0 };
        let start = here + 1;
        let rest = self.bytes.get(start..).unwrap_or_default();
        if let Some((length, interest)) = self.expected.find(rest, depth) {
            let name = self.text.get(start..start + length).unwrap_or_default();
            self.set_field(name, interest);
            return Ok(start + length + 2);
        }
        self.unexpected_name(here, depth)
    }

    #[inline(never)]
    fn unexpected_name(&mut self, at: usize, depth: usize) -> Result<usize, Stop> {
        let (raw, escaped, end) = self.string(at)?;
        let (byte, colon) = self.peek(end);
        if byte != b':' {
            return Err(self.stop(colon, "a colon"));
        }
        if depth > 0 {
            let name = if escaped { unescape(self.arena, raw).unwrap_or_default() } else { raw };
            let interest = self.sink.field(name, depth);
            self.set_field(name, interest);
            if !escaped && colon == end {
                self.expected.learn(self.bytes.get(at + 1..).unwrap_or_default(), raw.len(), depth, interest);
            }
        }
        Ok(colon + 1)
    }

    #[inline]
    fn set_field(&mut self, name: &'a str, interest: Option<S::Interest>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.field = Some(Field { name, interest });
        }
    }

    /// Of the field that holds a scalar, or the array of it.
    #[inline]
    fn interest(&self) -> Option<(&'a str, S::Interest)> {
        let frame = self.frames.last().filter(|_| self.deeper.is_empty())?;
        let object = if frame.array { self.frames.iter().rev().find(|frame| !frame.array) } else { Some(frame) };
        object.and_then(|object| object.field.as_ref()).and_then(|field| Some((field.name, field.interest?)))
    }

    #[inline(always)]
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
