//! The grammar of the filter line, in words that the address, the API and the page share:
//!
//! ```text
//! line  = term *( blank term )
//! term  = column ":" value        a column of the event: destination:orders
//!       | path op value           a field of the payload: amount>100, payment.card.type:VISA
//!       | "dead_letter:" ( "true" | "false" )
//!       | value                   words anywhere in the event
//! op    = ":" | "=" | "!=" | ">" | "<" | ">=" | "<="
//! value = word | quoted           "card declined", \" for a quote within
//! ```
//!
//! What a term means in SQL is the server's; its answer says it.

use std::fmt::{self, Write};

use crate::state::url::Query;

/// Columns of the event that the API filters by, with what they hold.
pub(crate) const COLUMNS: [(&str, &str); 6] = [
    ("destination", "topic, stream or queue"),
    ("type", "event type"),
    ("source", "configured source"),
    ("producer", "service"),
    ("key", "message key"),
    ("id", "name=value or any value"),
];
/// The column that is true or false.
pub(crate) const DEAD_LETTER: &str = "dead_letter";
const OPERATORS: [&str; 7] = [">=", "<=", "!=", ">", "<", ":", "="];

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    /// A column of the event has a value.
    Column {
        /// One of [`COLUMNS`].
        name: &'static str,
        /// As it was written, without quotes.
        value: String,
    },
    /// A field of the payload compares with a value.
    Field {
        /// Names from the root, with dots.
        path: String,
        /// `:`, `!=`, `>`, `<`, `>=`, `<=`.
        operator: &'static str,
        /// As it was written, without quotes.
        value: String,
    },
    /// Only dead letters, or none.
    DeadLetter(bool),
    /// Words anywhere in the event.
    Text(String),
}

impl Term {
    /// The condition of one word of the line.
    fn of(word: &Word) -> Option<Self> {
        let Some((name, operator, value)) = word.split() else {
            return (!word.text.is_empty()).then(|| Self::Text(word.text.clone()));
        };
        if value.is_empty() {
            return None;
        }
        if let (DEAD_LETTER, Some(dead)) = (name.as_str(), flag(&value)) {
            return Some(Self::DeadLetter(dead));
        }
        let column = COLUMNS.iter().find(|(column, _)| *column == name);
        match (column, operator) {
            (Some((name, _)), ":") => Some(Self::Column { name, value }),
            _ => Some(Self::Field { path: name, operator, value }),
        }
    }

    /// Name and operator as the line shows them, then the value.
    pub(crate) fn parts(&self) -> (String, String) {
        match self {
            Self::Column { name, value } => (format!("{name}:"), value.clone()),
            Self::Field { path, operator, value } => (format!("{path}{operator}"), value.clone()),
            Self::DeadLetter(dead) => (format!("{DEAD_LETTER}:"), dead.to_string()),
            Self::Text(text) => (String::new(), text.clone()),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, value) = self.parts();
        let bare = !value.is_empty()
            && !value.starts_with('=')
            && !value.contains(|c: char| c.is_whitespace() || c == '"' || c == '\\')
            && (!name.is_empty() || !value.contains([':', '=', '<', '>', '!']));
        if bare {
            return write!(f, "{name}{value}");
        }
        write!(f, "{name}\"")?;
        for c in value.chars() {
            if matches!(c, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('"')
    }
}

/// A word of the line: its text without quotes, and where the first character stood that was not quoted.
struct Word {
    text: String,
    /// Byte ranges of `text` that were quoted hold no operator.
    quoted_from: Option<usize>,
}

impl Word {
    /// Splits at the first operator outside quotes.
    fn split(&self) -> Option<(String, &'static str, String)> {
        let plain = &self.text[..self.quoted_from.unwrap_or(self.text.len())];
        let at = plain
            .char_indices()
            .find_map(|(at, c)| (matches!(c, ':' | '=' | '<' | '>') || plain[at..].starts_with("!=")).then_some(at))?;
        let operator = OPERATORS.into_iter().find(|operator| plain[at..].starts_with(operator))?;
        let shown = if operator == "=" { ":" } else { operator };
        (at > 0).then(|| (plain[..at].to_owned(), shown, self.text[at + operator.len()..].to_owned()))
    }
}

fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let (mut quoted, mut escaped) = (false, false);
    for c in line.chars() {
        match c {
            _ if escaped => {
                escaped = false;
                push(&mut word, c);
            }
            '\\' if quoted => escaped = true,
            '"' => {
                quoted = !quoted;
                let word = word.get_or_insert(Word { text: String::new(), quoted_from: None });
                word.quoted_from.get_or_insert(word.text.len());
            }
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            c => push(&mut word, c),
        }
    }
    words.extend(word);
    words
}

fn push(word: &mut Option<Word>, c: char) {
    word.get_or_insert(Word { text: String::new(), quoted_from: None }).text.push(c);
}

fn flag(value: &str) -> Option<bool> {
    match value {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The terms of a line. Never fails: what is no condition is words to look for; a name without a value is left out.
pub(crate) fn parse(line: &str) -> Vec<Term> {
    words(line).iter().filter_map(Term::of).collect()
}

/// The line that parses to these terms.
pub(crate) fn line(terms: &[Term]) -> String {
    terms.iter().map(Term::to_string).collect::<Vec<_>>().join(" ")
}

/// The terms that an address or a call holds.
pub(crate) fn of_query(query: &Query) -> Vec<Term> {
    query.pairs().filter_map(|(name, value)| of_pair(name, value)).collect()
}

fn of_pair(name: &str, value: &str) -> Option<Term> {
    if value.is_empty() {
        return None;
    }
    match name {
        "q" => Some(Term::Text(value.to_owned())),
        DEAD_LETTER => flag(value).map(Term::DeadLetter),
        "field" => {
            let word = Word { text: value.to_owned(), quoted_from: None };
            word.split().map(|(path, operator, value)| Term::Field { path, operator, value })
        }
        _ => {
            let (name, _) = COLUMNS.iter().find(|(column, _)| *column == name)?;
            Some(Term::Column { name, value: value.to_owned() })
        }
    }
}

/// Says the terms in an address or a call, in place of those that it holds. Words become one `q`.
pub(crate) fn write(terms: &[Term], query: &mut Query) {
    let ours =
        |name: &str| matches!(name, "q" | "field" | DEAD_LETTER) || COLUMNS.iter().any(|(column, _)| *column == name);
    query.keep(|name| !ours(name));
    let mut text = String::new();
    for term in terms {
        match term {
            // A key or an ID stands once: the last one holds.
            Term::Column { name: name @ ("key" | "id"), value } => query.set(name, Some(value)),
            Term::Column { name, value } => query.add(name, value),
            Term::Field { path, operator, value } => query.add("field", &format!("{path}{operator}{value}")),
            Term::DeadLetter(dead) => query.set(DEAD_LETTER, Some(&dead.to_string())),
            Term::Text(words) => {
                let _infallible = write!(text, "{}{words}", if text.is_empty() { "" } else { " " });
            }
        }
    }
    if !text.is_empty() {
        query.add("q", &text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(name: &'static str, value: &str) -> Term {
        Term::Column { name, value: value.into() }
    }

    fn field(path: &str, operator: &'static str, value: &str) -> Term {
        Term::Field { path: path.into(), operator, value: value.into() }
    }

    #[test]
    fn the_line_of_the_brief() {
        let terms = parse(r#"destination:orders type:OrderPlaced amount>100 "card declined""#);
        let want = [
            column("destination", "orders"),
            column("type", "OrderPlaced"),
            field("amount", ">", "100"),
            Term::Text("card declined".into()),
        ];
        assert_eq!(terms, want);
    }

    #[test]
    fn operators_are_read_greedily_and_equals_means_is() {
        assert_eq!(
            parse("e!=7 a>=5 b<=6 c=x d:y"),
            [
                field("e", "!=", "7"),
                field("a", ">=", "5"),
                field("b", "<=", "6"),
                field("c", ":", "x"),
                field("d", ":", "y")
            ]
        );
        assert_eq!(parse("at:2026-11-21T03:12:44Z"), [field("at", ":", "2026-11-21T03:12:44Z")]);
        assert_eq!(parse("id:orderId=ORD-1"), [column("id", "orderId=ORD-1")]);
        assert_eq!(parse("key>5"), [field("key", ">", "5")]);
    }

    #[test]
    fn a_key_stands_once_and_columns_with_several_values_more_often() {
        let mut query = Query::default();
        write(&parse("key:a type:A type:B key:b"), &mut query);
        assert_eq!(query.to_string(), "key=b&type=A&type=B");
    }

    #[test]
    fn quotes_keep_blanks_and_operators_together() {
        assert_eq!(
            parse(r#"key:"a b" "x:y" "say \"hi\"""#),
            [column("key", "a b"), Term::Text("x:y".into()), Term::Text("say \"hi\"".into())]
        );
    }

    #[test]
    fn half_a_term_is_not_a_condition_yet() {
        assert_eq!(parse("destination: amount> "), []);
        assert_eq!(parse("\"open quote"), [Term::Text("open quote".into())]);
        assert_eq!(
            parse("dead_letter:true :x >5"),
            [Term::DeadLetter(true), Term::Text(":x".into()), Term::Text(">5".into())]
        );
    }

    #[test]
    fn the_address_holds_the_same_terms() {
        let mut query = Query::parse("from=now-1h&type=Old&q=old&event=x");
        write(&parse("type:A field.x>5 dead_letter:true one two"), &mut query);
        assert_eq!(query.to_string(), "from=now-1h&event=x&type=A&field=field.x%3E5&dead_letter=true&q=one%20two");
        assert_eq!(line(&of_query(&query)), r#"type:A field.x>5 dead_letter:true "one two""#);
    }

    fn terms() -> impl Strategy<Value = Vec<Term>> {
        let value = "[ -~äß\\\\\":<>=]{1,10}";
        let term = prop_oneof![
            (0..COLUMNS.len(), value).prop_map(|(column, value)| Term::Column { name: COLUMNS[column].0, value }),
            ("[a-z]{1,3}x(\\.[a-z]{1,3})?", prop::sample::select(vec![":", "!=", ">", "<", ">=", "<="]), value)
                .prop_map(|(path, operator, value)| Term::Field { path, operator, value }),
            any::<bool>().prop_map(Term::DeadLetter),
            value.prop_map(Term::Text),
        ];
        prop::collection::vec(term, 0..5)
    }

    proptest! {
        #[test]
        fn a_line_of_terms_parses_to_these_terms(terms in terms()) {
            prop_assert_eq!(parse(&line(&terms)), terms);
        }

        #[test]
        fn no_line_makes_the_parser_panic(text in "\\PC{0,60}") {
            let terms = parse(&text);
            prop_assert_eq!(parse(&line(&terms)), terms);
        }
    }
}
