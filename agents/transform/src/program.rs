//! From the text of a program to what can be run, with places in its errors.

mod recursion;

use jaq_core::compile::Undefined;
use jaq_core::load::{self, Arena, File, Loader, span};
use jaq_core::{Compiler, Filter};

use crate::error::TransformError;
use crate::functions::{self, Program};
use crate::meter::{Failure, on_stack};

/// Bytes of a program.
const LONGEST: usize = 8 << 10;
/// Stack for reading one, and more of it for each byte, as the parser calls itself for as little as a bracket.
const STACK: usize = 1 << 20;
const STACK_A_BYTE: usize = 32 << 10;

/// Reads a program.
pub(crate) fn compile(text: &str) -> Result<Filter<Program>, TransformError> {
    if text.len() > LONGEST {
        return Err(TransformError::TooLong { length: text.len(), most: LONGEST });
    }
    on_stack(STACK + STACK_A_BYTE * text.len(), || compile_here(text)).map_err(unusable)?
}

/// Only the parser's own mistakes end here.
fn unusable(failure: Failure) -> TransformError {
    match failure {
        Failure::NoThread(error) => TransformError::NoThread(error),
        Failure::Spent(_) | Failure::Panicked => TransformError::Internal,
    }
}

fn compile_here(text: &str) -> Result<Filter<Program>, TransformError> {
    let arena = Arena::default();
    let loader = Loader::new(functions::defs());
    let modules = loader.load(&arena, File { code: text, path: () }).map_err(|errors| unread(text, errors))?;
    load::import(&modules, |_| Err(String::new())).map_err(|_| TransformError::Import)?;
    let term = load::parse(text, |parser| parser.term()).ok_or(TransformError::Import)?;
    if let Some((name, arguments)) = recursion::with_filters(&term) {
        let (line, column) = place(text, name);
        return Err(TransformError::Recursion { name: format!("{name}/{arguments}"), line, column });
    }
    let compiler = Compiler::default().with_funs(functions::funs());
    compiler.compile(modules).map_err(|errors| {
        let first = errors.into_iter().flat_map(|(_, errors)| errors).next();
        first.map_or(TransformError::Internal, |(name, undefined)| unknown(text, name, &undefined))
    })
}

fn unread(text: &str, errors: load::Errors<&str, ()>) -> TransformError {
    let Some((_, error)) = errors.into_iter().next() else { return TransformError::Internal };
    let (expected, found) = match error {
        load::Error::Io(_) => return TransformError::Import,
        load::Error::Lex(errors) => match errors.into_iter().next() {
            Some((expected, found)) => (expected.as_str(), found),
            None => return TransformError::Internal,
        },
        load::Error::Parse(errors) => match errors.into_iter().next() {
            Some((expected, found)) => (expected.as_str(), found),
            None => return TransformError::Internal,
        },
    };
    let (line, column) = place(text, found);
    // What is left of the program is told up to its next space.
    let found = match found.split_whitespace().next() {
        Some(word) => format!("`{}`", word.chars().take(20).collect::<String>()),
        None => "its end".to_owned(),
    };
    TransformError::Syntax { line, column, expected: wanted(expected), found }
}

fn wanted(expected: &str) -> String {
    match expected {
        "" | "nothing" => "an operator such as `|`, or the end".to_owned(),
        "term" => "an expression".to_owned(),
        "else or end" => "`else` or `end`".to_owned(),
        word if word.contains(' ') => format!("a {word}"),
        "token" | "key" | "identifier" | "argument" | "string" | "variable" | "pattern" | "digit" => {
            format!("{} {expected}", if expected.starts_with(['a', 'i']) { "an" } else { "a" })
        }
        symbol => format!("`{symbol}`"),
    }
}

fn unknown(text: &str, name: &str, undefined: &Undefined) -> TransformError {
    let (line, column) = place(text, name);
    let advice = functions::advice(name);
    let name = match undefined {
        Undefined::Filter(arguments) if *arguments > 0 => format!("{name}/{arguments}"),
        _ => name.to_owned(),
    };
    TransformError::Unknown { name, line, column, advice }
}

/// Line and column of a part of the text, from 1.
fn place(text: &str, part: &str) -> (usize, usize) {
    // What a definition of the library lacks stands in another text.
    let within = text.as_bytes().as_ptr_range().contains(&part.as_ptr());
    let at = if within { span(text, part).start } else { text.len() };
    let before = text.get(..at).unwrap_or(text);
    let line_begin = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before.get(line_begin..).unwrap_or_default().chars().count() + 1)
}
