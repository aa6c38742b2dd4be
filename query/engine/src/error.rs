//! Why a query has no answer, whose fault that is, and what to do.

use std::time::Duration;

use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::TokenizerError;
use parquet::errors::ParquetError;
use tapline_archive::ArchiveError;

use crate::bounds::TooLarge;
use crate::refuse::not_a_question;

/// Characters of what a library says.
const MAX_MESSAGE: usize = 1_000;

/// One variant a cause. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The text is not SQL.
    #[error("{message}{}", place(*line, *column))]
    Syntax {
        /// Line in the text.
        line: Option<u32>,
        /// Column in that line.
        column: Option<u32>,
        /// What was expected and found.
        message: String,
    },
    /// A name or type does not fit the tables.
    #[error("{message}{}", place(*line, *column))]
    Planning {
        /// Line in the text.
        line: Option<u32>,
        /// Column in that line.
        column: Option<u32>,
        /// What does not fit, and the nearest that would.
        message: String,
    },
    /// The statement does something else than ask, or asks too much at once.
    #[error("{0}")]
    Refused(String),
    /// A value could not be computed: a cast, a division by zero, an overflow.
    #[error("{0}")]
    Value(String),
    /// The query took too long and was stopped.
    #[error(
        "the query was stopped after {0} ms; narrow it down by `timestamp`, `destination` or an ID, or allow a longer timeout"
    )]
    Timeout(u64),
    /// The query needs more memory than all queries may use.
    #[error(
        "the query needs more memory than the {0} MiB for queries; group by fewer values, sort fewer rows, or narrow it down by `timestamp`"
    )]
    Memory(usize),
    /// One value or row is larger than a step may make.
    #[error("{0}")]
    TooLarge(String),
    /// Too many queries run already.
    #[error("{0} queries are running already; try again in a moment")]
    Busy(usize),
    /// A file of the archive failed while it was read. The next query leaves it out.
    #[error("data file {path} is damaged or missing ({what}); repeat the query to get an answer without its rows")]
    Damaged {
        /// Relative to the archive.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// The operating system refused to read.
    #[error("{0}")]
    Archive(String),
    /// A bug of ours or of a library.
    #[error("the query failed by a bug; please report it with the text of the query: {0}")]
    Internal(String),
}

fn place(line: Option<u32>, column: Option<u32>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
        _ => String::new(),
    }
}

impl EngineError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "sql_syntax",
            Self::Planning { .. } => "sql_planning",
            Self::Refused(_) => "sql_refused",
            Self::Value(_) => "sql_value",
            Self::Timeout(_) => "sql_timeout",
            Self::Memory(_) | Self::TooLarge(_) => "sql_memory",
            Self::Busy(_) => "sql_busy",
            Self::Damaged { .. } => "archive_damaged",
            Self::Archive(_) => "archive_unreadable",
            Self::Internal(_) => "internal",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Syntax { .. } | Self::Planning { .. } | Self::Refused(_) | Self::Value(_) => 400,
            Self::Timeout(_) => 408,
            Self::Memory(_) | Self::TooLarge(_) => 422,
            Self::Busy(_) => 429,
            Self::Damaged { .. } | Self::Archive(_) | Self::Internal(_) => 500,
        }
    }

    /// Whether the same query may succeed later.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Timeout(_) | Self::Busy(_) | Self::Damaged { .. } | Self::Archive(_))
    }

    /// Line and column in the text, from 1, where known.
    pub fn position(&self) -> Option<(u32, u32)> {
        match self {
            Self::Syntax { line, column, .. } | Self::Planning { line, column, .. } => (*line).zip(*column),
            _ => None,
        }
    }

    pub(crate) fn too_long(timeout: Duration) -> Self {
        Self::Timeout(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn tokens(error: &TokenizerError) -> Self {
        let (line, column) = (to_u32(error.location.line), to_u32(error.location.column));
        Self::Syntax { line, column, message: lower_first(&error.message) }
    }

    /// An error of the parser; `first` is the word that the text begins with.
    pub(crate) fn syntax(error: DataFusionError, first: &str) -> Self {
        // Words that only begin other statements fail in the parser of this dialect before they can be refused.
        const NOT_PARSED: [&str; 5] = ["COPY", "INSTALL", "LOAD", "ATTACH", "PRAGMA"];
        if NOT_PARSED.contains(&first) {
            return Self::Refused(not_a_question(first));
        }
        Self::datafusion(error)
    }

    /// An error of DataFusion.
    pub(crate) fn datafusion(error: DataFusionError) -> Self {
        if let Some(own) = archive_error(&error) {
            return Self::from(own);
        }
        if let Some(large) = TooLarge::of(&error) {
            return Self::TooLarge(large.0.clone());
        }
        if let Some(fault) = pattern_fault(&error) {
            return fault;
        }
        let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
        let (line, column) = span.map_or((None, None), |span| (to_u32(span.start.line), to_u32(span.start.column)));
        let planning = |message: String| Self::Planning { line, column, message: lower_first(&message) };
        match error.find_root() {
            DataFusionError::SQL(parser, _) => parser_error(parser),
            DataFusionError::SchemaError(schema, _) => planning(schema_sentence(schema)),
            DataFusionError::Plan(message) => planning(hint(message)),
            DataFusionError::NotImplemented(message) if message.starts_with("Dot access not supported") => {
                planning("a part of a structure is written `dead_letter['exception']`".to_owned())
            }
            DataFusionError::NotImplemented(message) => planning(format!("not supported: {message}")),
            DataFusionError::Configuration(message) => planning(message.clone()),
            DataFusionError::Diagnostic(diagnostic, _) => planning(diagnostic.message.clone()),
            DataFusionError::Execution(message) => Self::Value(lower_first(message)),
            DataFusionError::ArrowError(arrow, _) => arrow_error(arrow),
            // The limit is filled in by the engine, which knows it.
            DataFusionError::ResourcesExhausted(_) => Self::Memory(0),
            other => Self::Internal(shortened(&other.strip_backtrace())),
        }
    }
}

/// A regular expression that cannot be read is its writer's. Libraries tell it in many lines that repeat it.
fn pattern_fault(error: &DataFusionError) -> Option<EngineError> {
    let told = match error.find_root() {
        DataFusionError::ArrowError(arrow, _) => match arrow.as_ref() {
            ArrowError::ComputeError(told) => told.clone(),
            _ => return None,
        },
        DataFusionError::Execution(told) | DataFusionError::Internal(told) => told.clone(),
        DataFusionError::External(_) | DataFusionError::Context(..) => error.to_string(),
        _ => return None,
    };
    const FAULTS: [&str; 4] = [
        "Regular expression did not compile",
        "Invalid regex",
        "regex parse error",
        "Compiled regex exceeds size limit",
    ];
    if !FAULTS.iter().any(|fault| told.contains(fault)) {
        return None;
    }
    if told.contains("CompiledTooBig") || told.contains("size limit") {
        return Some(EngineError::Value("a regular expression cannot be used: it becomes too large".to_owned()));
    }
    let told = told.replace("\\n", "\n");
    let reason = told.rsplit_once("\nerror: ").map(|(_, reason)| reason.lines().next().unwrap_or_default());
    let reason = reason.unwrap_or("it is not of the syntax of https://docs.rs/regex");
    let reason = shortened(reason.trim_end_matches(['"', ')', '\'']));
    Some(EngineError::Value(format!("a regular expression cannot be used: {reason}")))
}

impl From<&ArchiveError> for EngineError {
    fn from(error: &ArchiveError) -> Self {
        match error {
            ArchiveError::Damaged { path, what } => Self::Damaged { path: path.clone(), what: what.clone() },
            ArchiveError::Io { source, .. } => Self::Archive(format!("{error}: {source}; try again")),
            other => Self::Internal(other.to_string()),
        }
    }
}

/// Whether decoding a file may have failed, without a word on which. Batches that do not fit together are made by
/// decoders of rotten bytes, and by nothing else that we know of.
pub(crate) fn is_decoding(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::ParquetError(_) => true,
        DataFusionError::ArrowError(arrow, _) => {
            use ArrowError::{ExternalError, InvalidArgumentError, ParquetError};
            matches!(arrow.as_ref(), ParquetError(_) | ExternalError(_) | InvalidArgumentError(_))
        }
        _ => false,
    }
}

/// Our own error inside DataFusion's.
fn archive_error(error: &DataFusionError) -> Option<&ArchiveError> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let inner = match error.downcast_ref::<ParquetError>() {
            Some(ParquetError::External(inner)) => inner.downcast_ref(),
            _ => error.downcast_ref(),
        };
        if inner.is_some() {
            return inner;
        }
        cause = error.source();
    }
    None
}

fn arrow_error(error: &ArrowError) -> EngineError {
    match error {
        ArrowError::DivideByZero => EngineError::Value("division by zero; guard it with nullif(divisor, 0)".to_owned()),
        ArrowError::CastError(message)
        | ArrowError::ComputeError(message)
        | ArrowError::ParseError(message)
        | ArrowError::ArithmeticOverflow(message)
        | ArrowError::InvalidArgumentError(message) => EngineError::Value(lower_first(message)),
        other => EngineError::Internal(other.to_string()),
    }
}

/// `sql parser error: Expected: ..., found: ... at Line: 1, Column: 20`.
fn parser_error(error: &ParserError) -> EngineError {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message.as_str(),
        ParserError::RecursionLimitExceeded => {
            return EngineError::Refused("the statement is nested too deeply; use WITH to name its parts".to_owned());
        }
    };
    let (message, place) = message.rsplit_once(" at Line: ").unwrap_or((message, ""));
    let (line, column) = place.split_once(", Column: ").unwrap_or_default();
    let (line, column) = (line.parse().ok(), column.trim_end_matches('.').parse().ok());
    EngineError::Syntax { line, column, message: lower_first(message) }
}

fn schema_sentence(error: &SchemaError) -> String {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let names: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
            let nearest = nearest(&field.name, &names).map_or_else(
                || "DESCRIBE lists the columns of a table".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            // A column of another table, or a structure taken for a table, has the right name behind the wrong one.
            let known = names.contains(&field.name.as_str());
            format!("there is no column `{}`; {nearest}", if known { field.flat_name() } else { field.name.clone() })
        }
        SchemaError::AmbiguousReference { field } => {
            format!("column `{}` is in more than one table; write the table's name before it", field.name)
        }
        other => other.to_string(),
    }
}

/// What a person meant by a name that does not exist.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let rated = known.iter().map(|known| (strsim::jaro_winkler(&name, &known.to_lowercase()), *known));
    rated.filter(|(likeness, _)| *likeness > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// Adds what to do to errors that people run into first.
fn hint(message: &str) -> String {
    if message.starts_with("table '") {
        let name = message.split('\'').nth(1).unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or_default();
        let tables: Vec<&str> = crate::tables::TABLES.iter().map(|table| table.name).collect();
        let near = nearest(name, &tables)
            .map_or_else(|| format!("there are `{}`", tables.join("`, `")), |near| format!("did you mean `{near}`?"));
        return format!("there is no table `{name}`; {near}");
    }
    if message.contains("BinaryView") && message.contains("expected a string") {
        return "JSON operators work on text; write `body` instead of `payload`".to_owned();
    }
    if message.starts_with("Projections require unique expression names") {
        return "two columns of the answer have the same name; give one another name with AS".to_owned();
    }
    let quoted = |at: usize| message.split(['\'', '"']).nth(at).unwrap_or_default();
    if message.starts_with("Invalid function '") {
        return format!("there is no function `{}`; did you mean `{}`?", quoted(1), quoted(3));
    }
    if message.starts_with("Column in SELECT must be in GROUP BY") {
        return format!("column `{}` must be in GROUP BY or inside an aggregate function", quoted(1));
    }
    match message.split_once("Candidate functions:") {
        Some((told, candidates)) => no_function_fits(told, candidates),
        None => message.to_owned(),
    }
}

/// DataFusion tells it in five sentences and a list over several lines.
fn no_function_fits(told: &str, candidates: &str) -> String {
    let call = told.split("argument types '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or("this call");
    let candidates: Vec<String> =
        candidates.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("`{line}`")).collect();
    format!("no function fits `{call}`; there is {}", candidates.join(", "))
}

/// Values and texts of callers stand in messages, whatever their length.
fn shortened(message: &str) -> String {
    match message.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

fn lower_first(message: &str) -> String {
    let message = shortened(&message.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = message.trim_end_matches('.');
    let mut letters = message.chars();
    match letters.next() {
        // A word in capitals stays: `SELECT`, `UTF-8`.
        Some(first) if !letters.clone().next().is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => message.to_owned(),
    }
}

fn to_u32(number: u64) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number > 0)
}
