//! What is a question and what is not: statements are parsed, walked and refused with a sentence before planning.

use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, Query, Select, SetExpr,
    Statement as Sql, TableFactor, Value, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::catalog;
use crate::error::EngineError;
use crate::session::MAX_NESTING;

/// Bytes of SQL text.
const MAX_TEXT: usize = 256 * 1024;

/// Operators in one text. Chains of them become trees as deep as they are long.
const MAX_OPERATORS: usize = 4_000;

/// Tables named in one text, each time counted.
const MAX_TABLES: usize = 64;

/// Single questions joined by `UNION` and its like, or inside of each other.
const MAX_SELECTS: usize = 128;

/// Columns of one answer, as in PostgreSQL.
const MAX_COLUMNS: usize = 1_664;

/// Length up to which a text may be repeated or padded.
const MAX_PADDING: u32 = 1_000;

/// Functions that may stand where a table does.
const TABLE_FUNCTIONS: [&str; 3] = ["generate_series", "range", "unnest"];

/// Reads one statement that only asks.
pub(crate) fn parse(sql: &str) -> Result<Statement, EngineError> {
    if sql.len() > MAX_TEXT {
        return refuse(format!("the text has {} bytes, more than {MAX_TEXT}; ask in smaller steps", sql.len()));
    }
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, sql).tokenize_with_location().map_err(|error| EngineError::tokens(&error))?;
    let operators = tokens.iter().filter(|token| is_operator(&token.token)).count();
    if operators > MAX_OPERATORS {
        return refuse(format!("the text has {operators} operators, more than {MAX_OPERATORS}; use IN for long lists"));
    }
    let first = first_word(&tokens);
    let mut parser = DFParserBuilder::new(tokens)
        .with_dialect(&dialect)
        .with_recursion_limit(MAX_NESTING)
        .build()
        .map_err(EngineError::datafusion)?;
    let mut statements = parser.parse_statements().map_err(|error| EngineError::syntax(error, &first))?;
    let Some(statement) = statements.pop_front() else {
        return Err(EngineError::Syntax { line: None, column: None, message: "there is no statement".to_owned() });
    };
    if !statements.is_empty() {
        return refuse("one statement at a time; send the others on their own".to_owned());
    }
    check(&statement, &first)?;
    Ok(statement)
}

fn refuse<T>(sentence: String) -> Result<T, EngineError> {
    Err(EngineError::Refused(sentence))
}

fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::BETWEEN
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
                | Keyword::JOIN
                | Keyword::COLLATE
                | Keyword::AT
        ),
        Token::EOF
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Comma
        | Token::Whitespace(_)
        | Token::LParen
        | Token::RParen
        | Token::Period
        | Token::SemiColon => false,
        _ => true,
    }
}

/// The word that tells what a statement does, in capitals.
fn first_word(tokens: &[TokenWithSpan]) -> String {
    let words = tokens.iter().filter_map(|token| match &token.token {
        Token::Word(word) => Some(word.value.to_uppercase()),
        _ => None,
    });
    let telling = words.skip_while(|word| matches!(word.as_str(), "EXPLAIN" | "ANALYZE" | "VERBOSE"));
    telling.take(1).collect()
}

fn check(statement: &Statement, first: &str) -> Result<(), EngineError> {
    match statement {
        Statement::Explain(explain) => check(&explain.statement, first),
        Statement::Statement(sql) => match sql.as_ref() {
            Sql::Query(_) | Sql::ExplainTable { .. } | Sql::ShowTables { .. } | Sql::ShowColumns { .. } => walk(sql),
            Sql::ShowFunctions { .. } => walk(sql),
            Sql::Explain { statement, .. } if matches!(statement.as_ref(), Sql::Query(_)) => walk(sql),
            _ => refuse(not_a_question(first)),
        },
        _ => refuse(not_a_question(first)),
    }
}

/// The sentence for a statement that does something else than ask.
pub(crate) fn not_a_question(first: &str) -> String {
    let instead = match first {
        "SET" | "RESET" => "settings belong to the configuration file",
        "COPY" | "EXPORT" | "UNLOAD" => "to save an answer, ask for it as CSV, Arrow or Parquet",
        "CREATE" | "ALTER" | "DROP" => "the tables are fixed, and WITH names a part of a query",
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" => "every query sees one snapshot of its own",
        _ => "write SELECT, EXPLAIN, SHOW TABLES, SHOW COLUMNS or DESCRIBE",
    };
    format!("`{first}` is refused, queries only read; {instead}")
}

fn walk(sql: &Sql) -> Result<(), EngineError> {
    match sql.visit(&mut Walk { tables: 0, selects: 0 }) {
        ControlFlow::Break(sentence) => refuse(sentence),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Walk {
    tables: usize,
    selects: usize,
}

impl Visitor for Walk {
    type Break = String;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        match query.body.as_ref() {
            SetExpr::Insert(_) => ControlFlow::Break(not_a_question("INSERT")),
            SetExpr::Update(_) => ControlFlow::Break(not_a_question("UPDATE")),
            SetExpr::Delete(_) => ControlFlow::Break(not_a_question("DELETE")),
            SetExpr::Merge(_) => ControlFlow::Break(not_a_question("MERGE")),
            _ if recursive => ControlFlow::Break(
                "`WITH RECURSIVE` is refused, its rows have no bound; look up a chain by its ID".to_owned(),
            ),
            _ if !query.locks.is_empty() => ControlFlow::Break(
                "`FOR UPDATE` and `FOR SHARE` are refused, nothing is ever locked; leave them out".to_owned(),
            ),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        self.selects += 1;
        if self.selects > MAX_SELECTS {
            return ControlFlow::Break(format!("more than {MAX_SELECTS} times SELECT; ask in smaller steps"));
        }
        if select.projection.len() > MAX_COLUMNS {
            return ControlFlow::Break(format!("more than {MAX_COLUMNS} columns are asked for; ask in smaller steps"));
        }
        match &select.into {
            Some(_) => ControlFlow::Break(not_a_question("SELECT INTO")),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => table_function(name),
            TableFactor::Table { .. } | TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => {
                ControlFlow::Continue(())
            }
            TableFactor::UNNEST { .. } => ControlFlow::Continue(()),
            other => ControlFlow::Break(format!("`{other}` is refused, it is no table of the archive")),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        match expr {
            Expr::Function(function) => bounded(function),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<String> {
        self.tables += 1;
        if self.tables > MAX_TABLES {
            return ControlFlow::Break(format!("more than {MAX_TABLES} tables are named; ask in smaller steps"));
        }
        relation(name)
    }
}

/// Functions whose one result may be larger than any memory limit sees.
fn bounded(function: &Function) -> ControlFlow<String> {
    let name = parts(&function.name).pop().unwrap_or_default().to_lowercase();
    match name.as_str() {
        "range" | "generate_series" => ControlFlow::Break(format!(
            "`{name}` as a value is refused, its length has no bound; write it as a table: FROM {name}(...)"
        )),
        "array_repeat" | "list_repeat" | "array_resize" | "list_resize" => {
            ControlFlow::Break(format!("`{name}` is refused, its length has no bound; leave it out"))
        }
        "repeat" | "lpad" | "rpad" if !has_small_length(function) => ControlFlow::Break(format!(
            "`{name}` is refused unless its second argument is a number up to {MAX_PADDING}"
        )),
        _ => ControlFlow::Continue(()),
    }
}

fn has_small_length(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(length)))) = list.args.get(1) else { return false };
    matches!(&length.value, Value::Number(number, _) if number.parse().is_ok_and(|length: u32| length <= MAX_PADDING))
}

fn parts(name: &ObjectName) -> Vec<String> {
    name.0.iter().filter_map(|part| part.as_ident()).map(|part| part.value.clone()).collect()
}

fn table_function(name: &ObjectName) -> ControlFlow<String> {
    let known = parts(name).last().is_some_and(|last| TABLE_FUNCTIONS.contains(&last.to_lowercase().as_str()));
    if known {
        return ControlFlow::Continue(());
    }
    let known = TABLE_FUNCTIONS.join("`, `");
    ControlFlow::Break(format!(
        "table function `{name}` is refused, queries see the archive's tables only; there are `{known}`"
    ))
}

fn relation(name: &ObjectName) -> ControlFlow<String> {
    let parts = parts(name);
    let table = parts.last().map(String::as_str).unwrap_or_default();
    let file = [".parquet", ".csv", ".json", ".arrow", ".avro"].iter().any(|end| table.to_lowercase().ends_with(end));
    if file || table.contains('/') || table.contains('\\') {
        return ControlFlow::Break(format!(
            "file {name} is refused, queries see the archive's tables only; see SHOW TABLES"
        ));
    }
    let here = match parts.as_slice() {
        [catalog, _, _] => catalog == catalog::CATALOG,
        [schema, _] => [catalog::SCHEMA, "information_schema"].contains(&schema.to_lowercase().as_str()),
        [_] => true,
        _ => false,
    };
    if here {
        return ControlFlow::Continue(());
    }
    ControlFlow::Break(format!("`{name}` is refused, queries see the archive's tables only; see SHOW TABLES"))
}
