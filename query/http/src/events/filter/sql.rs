//! A filter as SQL: what the page shows beside a list, to be copied and taken further.
//!
//! Values are written as literals with doubled quotes, the one thing that ends a literal in this dialect; nothing of
//! a caller's stands outside a literal.

use tapline_model::id::{self, IdQuery};
use tapline_model::time;

use super::Filter;
use super::condition::{Comparison, Condition, Target};

impl Filter {
    /// The query that finds the same rows, newest first.
    pub(crate) fn sql(&self) -> String {
        let conditions = self.conditions_sql();
        let mut sql = "SELECT *\nFROM events".to_owned();
        if !conditions.is_empty() {
            sql.push_str("\nWHERE ");
            sql.push_str(&conditions.join("\n  AND "));
        }
        sql.push_str("\nORDER BY timestamp DESC NULLS LAST");
        sql
    }

    fn conditions_sql(&self) -> Vec<String> {
        let mut all: Vec<String> = self.lists().iter().filter_map(|(name, values)| any_of(name, values)).collect();
        all.extend(self.from.map(|from| format!("timestamp >= {}", timestamp(from))));
        all.extend(self.to.map(|to| format!("timestamp < {}", timestamp(to))));
        all.extend(self.dead_letter.map(|is| format!("dead_letter IS {}NULL", if is { "NOT " } else { "" })));
        all.extend(self.key.as_ref().map(|key| format!("key_text = {}", literal(key))));
        all.extend(self.id.as_ref().map(identifier));
        all.extend(self.conditions.iter().map(Condition::sql));
        all.extend(self.text.as_ref().map(|text| {
            let pattern = literal(&format!("%{}%", like(text)));
            format!("(body ILIKE {pattern} OR key_text ILIKE {pattern} OR headers_text(headers) ILIKE {pattern})")
        }));
        all
    }
}

impl Condition {
    fn sql(&self) -> String {
        let (comparison, value) = (self.comparison.sql(), literal(&self.value));
        match &self.target {
            Target::Body(path) => self.body_sql(path),
            Target::Header(name) => self.text_sql(&format!("header(headers, {})", literal(name))),
            Target::DeadLetter("attempts") => match self.number {
                Some(number) => format!("dead_letter['attempts'] {comparison} {number}"),
                None => format!("CAST(dead_letter['attempts'] AS VARCHAR) {comparison} {value}"),
            },
            Target::DeadLetter(name) => self.text_sql(&format!("dead_letter['{name}']")),
        }
    }

    fn body_sql(&self, path: &[String]) -> String {
        let steps: Vec<String> = path.iter().map(|step| step_literal(step)).collect();
        let steps = steps.join(", ");
        let (comparison, value) = (self.comparison.sql(), literal(&self.value));
        let text = format!("json_as_text(body, {steps}) {comparison} {value}");
        let Some(number) = self.number else { return text };
        let number = format!("json_get_float(body, {steps}) {comparison} {number}");
        match self.comparison {
            Comparison::Equal => format!("({text} OR {number})"),
            Comparison::Unequal => format!("({text} AND coalesce({number}, true))"),
            _ => number,
        }
    }

    /// A column that may hold numbers as text.
    fn text_sql(&self, column: &str) -> String {
        let (comparison, value) = (self.comparison.sql(), literal(&self.value));
        let text = format!("{column} {comparison} {value}");
        let Some(number) = self.number else { return text };
        let number = format!("TRY_CAST({column} AS DOUBLE) {comparison} {number}");
        match self.comparison {
            Comparison::Equal => format!("({text} OR {number})"),
            Comparison::Unequal => format!("({text} AND coalesce({number}, true))"),
            _ => number,
        }
    }
}

/// An identifier in any of the columns that its name allows.
fn identifier(query: &IdQuery) -> String {
    let value = literal(&query.value);
    let named = |name: &&str| query.name.as_deref().is_none_or(|wanted| id::normal_name(name) == wanted);
    let columns = id::COLUMN_NAMES.into_iter().filter(named);
    let columns = columns.map(|name| if name == "key" { "key_text" } else { name });
    let mut all: Vec<String> = columns.map(|column| format!("{column} = {value}")).collect();
    all.push(match &query.name {
        Some(name) => format!("id(ids, {}) = {value}", literal(name)),
        None => {
            let pattern = literal(&format!("%={}", like(&query.value)));
            format!("array_to_string(ids, chr(10)) || chr(10) LIKE {pattern} || chr(10) || '%'")
        }
    });
    if all.len() == 1 { all.remove(0) } else { format!("({})", all.join(" OR ")) }
}

fn any_of(column: &str, values: &[String]) -> Option<String> {
    match values {
        [] => None,
        [value] => Some(format!("{column} = {}", literal(value))),
        _ => {
            let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
            Some(format!("{column} IN ({})", values.join(", ")))
        }
    }
}

fn timestamp(micros: i64) -> String {
    format!("TIMESTAMP '{}'", time::format(micros))
}

/// A text as SQL writes it. Only quotes end a literal: backslashes have no meaning outside of `E''`.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A step of a path: a number is an index.
fn step_literal(step: &str) -> String {
    match step.parse::<u32>() {
        Ok(index) => index.to_string(),
        Err(_) => literal(step),
    }
}

/// Takes their meaning from the signs of a pattern.
fn like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;

    fn sql(query: &str) -> String {
        Filter::read(&Params::parse(query).unwrap(), 0, |name| name == "orderid").unwrap().sql()
    }

    #[test]
    fn filters_are_written_as_people_would_write_them() {
        assert_eq!(sql(""), "SELECT *\nFROM events\nORDER BY timestamp DESC NULLS LAST");
        let query = "destination=orders&type=A&type=B&field=payment.card.type:CARTE_BANCAIRE&field=amount>100";
        assert_eq!(
            sql(query),
            "SELECT *\nFROM events\nWHERE destination = 'orders'\n  AND type IN ('A', 'B')\n  \
             AND json_as_text(body, 'payment', 'card', 'type') = 'CARTE_BANCAIRE'\n  \
             AND json_get_float(body, 'amount') > 100\nORDER BY timestamp DESC NULLS LAST"
        );
        assert!(sql("id=orderId=42").contains("WHERE id(ids, 'orderid') = '42'"));
        assert!(sql("from=2026-11-21T03:12:44Z").contains("timestamp >= TIMESTAMP '2026-11-21T03:12:44.000000Z'"));
    }

    #[test]
    fn a_value_cannot_end_its_literal() {
        for hostile in ["'; DROP TABLE events; --", "\\'", "''", "a'b"] {
            let encoded: String = hostile.bytes().map(|byte| format!("%{byte:02X}")).collect();
            for name in ["destination", "key", "q", "id"] {
                let sql = sql(&format!("{name}={encoded}"));
                // What stands outside of literals must be free of the value.
                let outside: String = sql.replace("''", "").split('\'').step_by(2).collect();
                assert!(!outside.contains("DROP"), "{sql}");
                assert_eq!(sql.matches('\'').count() % 2, 0, "{sql}");
            }
            let sql = sql(&format!("field={encoded}:1"));
            let outside: String = sql.replace("''", "").split('\'').step_by(2).collect();
            assert!(!outside.contains("DROP"), "{sql}");
        }
    }

    #[test]
    fn patterns_match_literally() {
        assert!(sql("q=100%25_a").contains("body ILIKE '%100\\%\\_a%'"));
    }
}
