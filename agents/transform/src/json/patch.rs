//! Writes a changed value into the text it was read from: what did not change keeps its bytes, white space, escapes,
//! notation of numbers and order of fields included.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::read::{Member, Node, Shape, unescape};
use super::write::{WriteError, write, write_text};
use crate::meter;
use crate::value::{Fields, Val};

/// Whether a value is what stands there. Numbers are the same only if they are written the same, or were calculated.
pub(crate) fn is_as_written(text: &str, node: &Node, value: &Val) -> bool {
    meter::steps(1);
    let written = &text[node.span.clone()];
    match (&node.shape, value) {
        (Shape::Null, Val::Null) => true,
        (Shape::Bool(left), Val::Bool(right)) => left == right,
        (Shape::Number, Val::Num(number)) => number.is_written(written),
        (Shape::String, Val::Str(bytes)) => {
            meter::steps(written.len() / 64);
            unescape(written).as_bytes() == &**bytes
        }
        (Shape::Array(nodes), Val::Arr(array)) => {
            nodes.len() == array.items.len()
                && nodes.iter().zip(&array.items).all(|(node, item)| is_as_written(text, node, item))
        }
        (Shape::Object(members), Val::Obj(object)) => {
            let seen = seen(members);
            seen.len() == object.items.len()
                && seen.iter().all(|member| {
                    object.items.get(&member.key).is_some_and(|item| is_as_written(text, &member.value, item))
                })
        }
        _ => false,
    }
}

/// The text with the value in place of what stands there.
pub(crate) fn patch(text: &str, node: &Node, value: &Val) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    append(&mut out, text, 0..node.span.start);
    put(text, node, value, &mut out)?;
    append(&mut out, text, node.span.end..text.len());
    Ok(out)
}

fn append(out: &mut Vec<u8>, text: &str, span: Range<usize>) {
    meter::bytes(span.len());
    meter::steps(span.len() / 64);
    out.extend_from_slice(&text.as_bytes()[span]);
}

fn put(text: &str, node: &Node, value: &Val, out: &mut Vec<u8>) -> Result<(), WriteError> {
    meter::steps(1);
    match (&node.shape, value) {
        (Shape::Array(nodes), Val::Arr(array)) if !nodes.is_empty() && !array.items.is_empty() => {
            put_array(text, node, nodes, &array.items, out)
        }
        (Shape::Object(members), Val::Obj(object)) if !members.is_empty() && !object.items.is_empty() => {
            put_object(text, node, members, &object.items, out)
        }
        (Shape::Array(_) | Shape::Object(_), _) => write(value, out),
        _ if is_as_written(text, node, value) => {
            append(out, text, node.span.clone());
            Ok(())
        }
        _ => write(value, out),
    }
}

/// What stands between values: after the opening bracket, between two of them, before the closing one.
struct Gaps<'t> {
    text: &'t str,
    first: Range<usize>,
    last: Range<usize>,
    written: bool,
}

impl<'t> Gaps<'t> {
    fn new(text: &'t str, node: &Node, first: usize, last: usize) -> Self {
        Self { text, first: node.span.start..first, last: last..node.span.end, written: false }
    }

    /// Before a value that stood there, with the comma that stood before it.
    fn before(&mut self, own: Option<Range<usize>>, out: &mut Vec<u8>) {
        match (std::mem::replace(&mut self.written, true), own) {
            (false, _) => append(out, self.text, self.first.clone()),
            (true, Some(gap)) => append(out, self.text, gap),
            (true, None) => {
                out.push(b',');
                // As after the opening bracket: on a line of its own, and as far in, where others are.
                append(out, self.text, self.first.start + 1..self.first.end);
            }
        }
    }

    fn close(self, out: &mut Vec<u8>) {
        append(out, self.text, self.last);
    }
}

fn put_array(text: &str, node: &Node, nodes: &[Node], items: &[Val], out: &mut Vec<u8>) -> Result<(), WriteError> {
    let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else { return write_all(items, out) };
    let mut gaps = Gaps::new(text, node, first.span.start, last.span.end);
    let gap = |at: usize| nodes.get(at.wrapping_sub(1)).zip(nodes.get(at)).map(|(a, b)| a.span.end..b.span.start);
    for (item, partner) in items.iter().zip(partners(text, nodes, items)) {
        gaps.before(partner.and_then(gap), out);
        match partner.and_then(|at| nodes.get(at)) {
            Some(node) => put(text, node, item, out)?,
            None => write(item, out)?,
        }
    }
    gaps.close(out);
    Ok(())
}

fn write_all(items: &[Val], out: &mut Vec<u8>) -> Result<(), WriteError> {
    items.iter().try_for_each(|item| write(item, out))
}

/// For each element the one that stood there: from both ends as long as they are the same, in between by their place.
fn partners(text: &str, nodes: &[Node], items: &[Val]) -> Vec<Option<usize>> {
    meter::bytes(items.len() * 16);
    let same = |(node, item): &(&Node, &Val)| is_as_written(text, node, item);
    let head = nodes.iter().zip(items).take_while(same).count();
    let most = nodes.len().min(items.len()) - head;
    let tail = nodes.iter().rev().zip(items.iter().rev()).take(most).take_while(same).count();
    let middle = nodes.len() - tail;
    let partner = |at: usize| match items.len() - at {
        left if left <= tail => Some(nodes.len() - left),
        _ => Some(at).filter(|at| *at < middle),
    };
    (0..items.len()).map(partner).collect()
}

fn put_object(
    text: &str,
    node: &Node,
    members: &[Member],
    fields: &Fields,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let (Some(first), Some(last)) = (members.first(), members.last()) else { return Ok(()) };
    let mut gaps = Gaps::new(text, node, first.key_span.start, last.value.span.end);
    let gap = |at: usize| {
        members.get(at.wrapping_sub(1)).zip(members.get(at)).map(|(a, b)| a.value.span.end..b.key_span.start)
    };
    let seen: HashSet<usize> = seen(members).into_iter().map(|member| member.key_span.start).collect();
    for (at, member) in members.iter().enumerate() {
        let Some(value) = fields.get(&member.key) else { continue };
        gaps.before(gap(at), out);
        append(out, text, member.key_span.start..member.value.span.start);
        if seen.contains(&member.key_span.start) {
            put(text, &member.value, value, out)?;
        } else {
            append(out, text, member.value.span.clone());
        }
    }
    let old: HashSet<&[u8]> = members.iter().map(|member| &*member.key).collect();
    for (key, value) in fields.iter().filter(|(key, _)| !old.contains(&***key)) {
        gaps.before(None, out);
        write_text(key, out)?;
        append(out, text, first.key_span.end..first.value.span.start);
        write(value, out)?;
    }
    gaps.close(out);
    Ok(())
}

/// Of fields that stand there more than once the last, which is the one that readers see.
fn seen(members: &[Member]) -> Vec<&Member> {
    meter::steps(members.len());
    meter::bytes(members.len() * 32);
    let last: HashMap<&[u8], usize> = members.iter().enumerate().map(|(at, member)| (&*member.key, at)).collect();
    members
        .iter()
        .enumerate()
        .filter(|(at, member)| last.get(&*member.key) == Some(at))
        .map(|(_, member)| member)
        .collect()
}
