//! `to_char(timestamp, 'YYYY-MM-DD')`: PostgreSQL's patterns, which DataFusion would answer as they stand, for it knows
//! those of strftime. Formats with a `%` are strftime's and left alone.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;

/// Longer ones before those they begin with. Of PostgreSQL's others chrono has no counterpart.
const PATTERNS: [(&str, &str); 26] = [
    ("IYYY", "%G"),
    ("YYYY", "%Y"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("Month", "%B"),
    ("Mon", "%b"),
    ("Day", "%A"),
    ("DDD", "%j"),
    ("YY", "%y"),
    ("MM", "%m"),
    ("Dy", "%a"),
    ("DD", "%d"),
    ("ID", "%u"),
    ("IW", "%V"),
    ("HH", "%I"),
    ("MI", "%M"),
    ("SS", "%S"),
    ("MS", "%3f"),
    ("US", "%6f"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("am", "%P"),
    ("pm", "%P"),
    ("TZH", "%z"),
    ("TZ", "%Z"),
    ("OF", "%z"),
];

/// Writes formats in strftime's words.
#[derive(Debug)]
pub(super) struct Patterns;

impl FunctionRewrite for Patterns {
    fn name(&self) -> &'static str {
        "to_char_patterns"
    }

    fn rewrite(&self, mut expr: Expr, _schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(call) = &mut expr else { return Ok(Transformed::no(expr)) };
        if call.func.name() != "to_char" {
            return Ok(Transformed::no(expr));
        }
        let Some(Expr::Literal(format, _)) = call.args.get_mut(1) else { return Ok(Transformed::no(expr)) };
        match format.try_as_str().flatten().filter(|text| !text.contains('%')).map(translated) {
            None => Ok(Transformed::no(expr)),
            Some(Ok(text)) => {
                *format = ScalarValue::Utf8View(Some(text));
                Ok(Transformed::yes(expr))
            }
            Some(Err(word)) => plan_err!(
                "`to_char` does not know the pattern `{word}`; write such as 'YYYY-MM-DD HH24:MI:SS.MS', or a format of \
                 strftime"
            ),
        }
    }
}

/// The format in strftime's words, or the letters that are no pattern. Text in double quotes stands for itself.
fn translated(format: &str) -> Result<String, String> {
    let (mut text, mut rest) = (String::new(), format);
    while let Some(first) = rest.chars().next() {
        if let Some((quoted, after)) = rest.strip_prefix('"').and_then(|inner| inner.split_once('"')) {
            text += quoted;
            rest = after;
        } else if begins(rest, "SSSS") {
            // Seconds past midnight, which would be read as seconds twice.
            return Err("SSSS".to_owned());
        } else if let Some((pattern, meant)) = PATTERNS.iter().find(|(pattern, _)| begins(rest, pattern)) {
            text += meant;
            rest = &rest[pattern.len()..];
        } else if first.is_alphabetic() {
            return Err(rest.chars().take_while(|letter| letter.is_alphabetic()).collect());
        } else {
            text.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(text)
}

/// Numbers are written in either case; what becomes words shows its case.
fn begins(text: &str, pattern: &str) -> bool {
    let number = pattern.bytes().all(|letter| !letter.is_ascii_lowercase()) && !matches!(pattern, "AM" | "PM");
    let start = text.get(..pattern.len());
    start.is_some_and(|start| start == pattern || (number && start.eq_ignore_ascii_case(pattern)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_formats() {
        assert_eq!(translated("YYYY-MM-DD\"T\"HH24:MI:SS.MS").as_deref(), Ok("%Y-%m-%dT%H:%M:%S.%3f"));
        assert_eq!(translated("yyyy/mm Mon pm").as_deref(), Ok("%Y/%m %b %P"));
        assert_eq!(translated("YYYY é MONTH"), Err("é".to_owned()));
        assert_eq!(translated("MONTH"), Err("MONTH".to_owned()));
        assert_eq!(translated("HH24 SSSSS"), Err("SSSS".to_owned()));
        assert_eq!(translated("\"open"), Err("open".to_owned()));
    }
}
