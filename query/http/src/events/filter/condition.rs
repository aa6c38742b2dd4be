//! One `field` condition: `amount>100`, `payment.card.type:CARTE_BANCAIRE`, `header.tenant=acme`.
//!
//! A path leads into the body; `header.` and `dead_letter.` before it lead to these columns. Comparison is by number
//! where both sides are numbers, else by text.

use arrow::array::Array;
use arrow::util::display::array_value_to_string;
use serde_json::Value;
use tapline_model::columns::{ColumnError, EventColumns};

use crate::events::columns::{body, field_column};
use crate::params::shorten;
use crate::problem::{Code, Refusal};

/// Steps of a path into a body.
const MOST_STEPS: usize = 32;

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// As SQL writes it.
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// As it is typed; the longer ones first.
    const TYPED: [(&'static str, Self); 7] = [
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("!=", Self::Unequal),
        ("<", Self::Less),
        (">", Self::Greater),
        (":", Self::Equal),
        ("=", Self::Equal),
    ];

    fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// Where a condition looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Steps into the JSON body; a number is an index where it meets an array.
    Body(Vec<String>),
    /// The last header of that name.
    Header(String),
    /// A field of the column.
    DeadLetter(&'static str),
}

/// A comparison of a field with a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) target: Target,
    pub(crate) comparison: Comparison,
    pub(crate) value: String,
    /// The value, if it is a number.
    pub(crate) number: Option<f64>,
}

const DEAD_LETTER: [&str; 9] = [
    "framework",
    "origin_destination",
    "consumer_group",
    "exception",
    "root_cause",
    "message",
    "attempts",
    "stage",
    "fingerprint",
];

impl Condition {
    /// Reads `path`, comparison and value; the value may stand between double quotes.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let fault = || {
            let text = shorten(text);
            let detail = format!("`{text}` is no condition; write a field, one of : = != < <= > >=, and a value");
            Refusal::new(Code::BadFilter, detail)
        };
        let at = text.find(['<', '>', '!', ':', '=']).filter(|at| *at > 0).ok_or_else(fault)?;
        let (path, rest) = text.split_at(at);
        let typed = Comparison::TYPED.iter().find_map(|(word, it)| Some((*it, rest.strip_prefix(word)?)));
        let (comparison, value) = typed.ok_or_else(fault)?;
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
        let number = value.parse().ok().filter(|number: &f64| number.is_finite());
        Ok(Self { target: Target::parse(path.trim())?, comparison, value: value.to_owned(), number })
    }

    /// Columns that [`Self::retain`] reads.
    pub(crate) fn columns(&self) -> &'static [&'static str] {
        match self.target {
            Target::Body(_) => &["payload", "decoded"],
            Target::Header(_) => &["headers"],
            Target::DeadLetter(_) => &["dead_letter"],
        }
    }

    /// Keeps the rows whose field compares so. A field that is absent or null compares with nothing.
    pub(crate) fn retain(&self, columns: &EventColumns<'_>, rows: &mut Vec<u32>) -> Result<(), ColumnError> {
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows.iter().copied() {
            if self.matches(columns, row as usize)? {
                kept.push(row);
            }
        }
        *rows = kept;
        Ok(())
    }

    fn matches(&self, columns: &EventColumns<'_>, row: usize) -> Result<bool, ColumnError> {
        match &self.target {
            Target::Body(path) => Ok(body(columns, row)?.is_some_and(|body| self.body_matches(body, path))),
            Target::Header(name) => {
                let headers = columns.headers(row)?;
                let last = headers.iter().rev().find(|(header, _)| header == name);
                let text = last.and_then(|(_, value)| std::str::from_utf8((*value)?).ok());
                Ok(text.is_some_and(|text| self.text_matches(text)))
            }
            Target::DeadLetter(name) => {
                let record = columns.record("dead_letter")?;
                let column = field_column(record, name).ok_or(ColumnError("dead_letter"))?;
                if record.is_null(row) || column.is_null(row) {
                    return Ok(false);
                }
                Ok(array_value_to_string(column, row).is_ok_and(|text| self.text_matches(&text)))
            }
        }
    }

    fn body_matches(&self, body: &str, path: &[String]) -> bool {
        // Parsing is what costs: a body without the last step's letters cannot hold the field.
        let step = path.last().map(String::as_str).unwrap_or_default();
        if step.parse::<usize>().is_err()
            && step.is_ascii()
            && memchr::memmem::find(body.as_bytes(), step.as_bytes()).is_none()
        {
            return false;
        }
        let Ok(value) = serde_json::from_str::<Value>(body) else { return false };
        let found = path.iter().try_fold(&value, |value, step| match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            Value::Object(fields) => fields.get(step),
            _ => None,
        });
        found.is_some_and(|value| self.value_matches(value))
    }

    fn value_matches(&self, value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Number(found) => match (found.as_f64(), self.number) {
                (Some(found), Some(number)) => {
                    found.partial_cmp(&number).is_some_and(|order| self.comparison.holds(order))
                }
                _ => self.compare(&found.to_string()),
            },
            // An order between a text and a number is none.
            Value::String(_) if self.number.is_some() && !self.is_equality() => false,
            Value::String(text) => self.compare(text),
            other => self.compare(&other.to_string()),
        }
    }

    /// For columns that hold numbers as text.
    fn text_matches(&self, text: &str) -> bool {
        match (text.trim().parse::<f64>(), self.number) {
            (Ok(found), Some(number)) => found.partial_cmp(&number).is_some_and(|order| self.comparison.holds(order)),
            (Err(_), Some(_)) if !self.is_equality() => false,
            _ => self.compare(text),
        }
    }

    fn compare(&self, text: &str) -> bool {
        self.comparison.holds(text.cmp(self.value.as_str()))
    }

    pub(crate) fn is_equality(&self) -> bool {
        matches!(self.comparison, Comparison::Equal | Comparison::Unequal)
    }
}

impl Target {
    fn parse(path: &str) -> Result<Self, Refusal> {
        if let Some(name) = path.strip_prefix("header.").filter(|name| !name.is_empty()) {
            return Ok(Self::Header(name.to_owned()));
        }
        if let Some(name) = path.strip_prefix("dead_letter.") {
            let known = DEAD_LETTER.iter().find(|known| **known == name).ok_or_else(|| {
                let (name, known) = (shorten(name), DEAD_LETTER.join(", "));
                Refusal::new(Code::BadFilter, format!("a dead letter has no `{name}`; it has {known}"))
            })?;
            return Ok(Self::DeadLetter(known));
        }
        let steps: Vec<String> = path.strip_prefix("body.").unwrap_or(path).split('.').map(str::to_owned).collect();
        if steps.len() > MOST_STEPS || steps.iter().any(String::is_empty) {
            let detail = format!("`{}` is no path; write fields with single dots between them", shorten(path));
            return Err(Refusal::new(Code::BadFilter, detail));
        }
        Ok(Self::Body(steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(condition: &str, body: &str) -> bool {
        let condition = Condition::parse(condition).unwrap();
        let Target::Body(path) = &condition.target else { panic!("a body's field") };
        condition.body_matches(body, path)
    }

    #[test]
    fn fields_are_compared_by_number_or_text() {
        let body = r#"{"total": 5.20, "n": "17", "payment": {"card": {"type": "CARTE_BANCAIRE"}}, "lines": [{"sku": "A"}],
                       "paid": true, "note": null, "big": 12345678901234567890}"#;
        for condition in [
            "total>5",
            "total<=5.2",
            "total:5.2",
            "total=5.20",
            "total!=6",
            "n:17",
            "n!=18",
            "payment.card.type:CARTE_BANCAIRE",
            "lines.0.sku=A",
            "paid:true",
            "payment.card.type>B",
            "body.total>5",
            "payment.card.type:\"CARTE_BANCAIRE\"",
            "big>1",
        ] {
            assert!(holds(condition, body), "{condition}");
        }
        for condition in [
            "total>5.2",
            "n>1",
            "payment.card:x",
            "lines.1.sku:A",
            "note:null",
            "note!=1",
            "absent!=1",
            "paid:1",
            "payment.card.type:carte_bancaire",
            "total:abc",
        ] {
            assert!(!holds(condition, body), "{condition}");
        }
        assert!(!holds("a:1", "not json a"));
        assert!(!holds("a:1", &"[".repeat(100_000)), "depth is bounded");
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in ["", "amount", ">5", "a..b:1", ".a:1", "dead_letter.x:1", "a!b", &"a.".repeat(40)] {
            assert_eq!(Condition::parse(text).unwrap_err().code, Code::BadFilter, "{text}");
        }
        let quoted = Condition::parse(r#"note:"a:b=c""#).unwrap();
        assert_eq!((quoted.value.as_str(), quoted.comparison), ("a:b=c", Comparison::Equal));
        assert_eq!(Condition::parse("header.X-Tenant=acme").unwrap().target, Target::Header("X-Tenant".into()));
    }
}
