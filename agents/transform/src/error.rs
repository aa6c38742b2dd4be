//! Why a program cannot be used, or cannot change an event.

/// What is the matter with a program, or with what it makes of an event.
#[derive(Debug, thiserror::Error)]
pub enum TransformError {
    /// The text is no program.
    #[error("the program cannot be read at line {line}, column {column}: {expected} is expected there, not {found}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What would go on from there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// It calls what is not there.
    #[error("`{name}` at line {line}, column {column} is not known; {advice}")]
    Unknown {
        /// A filter with its number of arguments, a variable, ...
        name: String,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What to do.
        advice: &'static str,
    },
    /// It asks for a file.
    #[error("a program cannot be a module, nor import or include others; write everything into one")]
    Import,
    /// A definition hands filters to itself, which takes memory without end.
    #[error(
        "`{name}` at line {line}, column {column} calls itself and takes filters; have it take values, such as `$x`"
    )]
    Recursion {
        /// The definition with its number of arguments.
        name: String,
        /// From 1, where it is called.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// Its text is too long.
    #[error("the program is {length} bytes long, more than {most}; shorten it")]
    TooLong {
        /// Its length.
        length: usize,
        /// The longest.
        most: usize,
    },
    /// It failed, by `error(..)` or otherwise.
    #[error("the program fails: {message}")]
    Failed {
        /// What it says, or what is wrong.
        message: String,
    },
    /// It ended without a result.
    #[error(
        "the program has no result for this event; end with one, such as `if .. then .. else . end` in place of `select`"
    )]
    NoResult,
    /// It has more than one.
    #[error(
        "the program has more than one result for this event; have one, such as `.payload.items |= map(..)` in place of `.payload.items[]`"
    )]
    SeveralResults,
    /// The result is something else.
    #[error("the program's result is no event but {found}; have it change the event, as `.payload.amount = 1` does")]
    NoEvent {
        /// Its beginning.
        found: String,
    },
    /// The result has a part too many.
    #[error("the program's result has a part {name}; an event has key, headers and payload only")]
    UnknownPart {
        /// Quoted.
        name: String,
    },
    /// The result lacks a part.
    #[error("the program's result lacks `{name}`; have it change the event, as `.payload.amount = 1` does")]
    MissingPart {
        /// `key`, `headers` or `payload`.
        name: &'static str,
    },
    /// A part cannot be sent as it is.
    #[error("`{part}` of the program's result must be {wanted}; it is {found}")]
    WrongPart {
        /// `key` or `headers`.
        part: &'static str,
        /// What it can be.
        wanted: &'static str,
        /// Its beginning.
        found: String,
    },
    /// A part says that it is encoded, and is not.
    #[error("`{part}` of the program's result is not base64; write it by `{{base64: @base64}}`")]
    NoBase64 {
        /// Which.
        part: &'static str,
        /// Where it ends to be.
        source: base64::DecodeError,
    },
    /// The payload cannot be written as JSON.
    #[error("`payload` of the program's result cannot be written: {reason}")]
    NoJson {
        /// Why.
        reason: String,
    },
    /// It did more than a program may do with one event.
    #[error("the program needs more than one event may take: {0}; look for a loop without end, or do less")]
    TooMuch(&'static str),
    /// No thread could be had.
    #[error("the system gives no thread to run the program on; try again")]
    NoThread(#[source] std::io::Error),
    /// A mistake of ours.
    #[error("the program made tapline fail; please report it with the program and, if it can be told, the event")]
    Internal,
}

impl TransformError {
    /// Whether the program's text is the cause, whatever the event.
    pub fn is_of_the_program(&self) -> bool {
        use TransformError::{Import, Recursion, Syntax, TooLong, Unknown};
        matches!(self, Syntax { .. } | Unknown { .. } | Import | Recursion { .. } | TooLong { .. })
    }
}
