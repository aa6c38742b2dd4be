//! A JSON scanner that checks a text and hands interesting scalars to a [`Sink`], in one pass, without recursion.
//!
//! Owns the grammar (RFC 8259; the same texts pass as with serde_json, whatever their depth) and nothing else: which
//! fields matter is the sink's business (`payload`).

mod expected;
mod number;
mod pick;
mod scanner;
mod string;

pub(crate) use expected::ExpectedNames;
pub(crate) use pick::pick;
pub(crate) use scanner::{Fault, Path, Scanned, Sink, scan};
pub(crate) use string::unescape;

#[cfg(test)]
mod tests;
