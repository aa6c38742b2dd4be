//! Which alerts are meant: matchers as in Alertmanager's and Prometheus' configuration.

use promql_parser::label::Matchers;
use promql_parser::parser::Expr;
use tapline_api::Labels;

use crate::expr;

/// Matchers of one silence or channel; and the characters of each.
const MOST: usize = 20;
const LONGEST: usize = 500;

/// Matchers that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// Not as it should be.
    #[error("`{0}` is no matcher; write such as severity=\"critical\" or group=~\"bill.*\"")]
    Syntax(String),
    /// None would match everything, thousands would be a list of names.
    #[error("there are {0} matchers; write 1 to {MOST}")]
    Count(usize),
}

/// All of these have to be met.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matching(Vec<Matchers>);

impl Matching {
    /// Reads at least one.
    ///
    /// # Errors
    /// When one cannot be read, or there are none, or too many.
    pub fn parse(texts: &[String]) -> Result<Self, MatcherError> {
        if texts.is_empty() || texts.len() > MOST {
            return Err(MatcherError::Count(texts.len()));
        }
        Self::any(texts)
    }

    /// Reads them; none match everything.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn any(texts: &[String]) -> Result<Self, MatcherError> {
        texts.iter().map(|text| one(text)).collect::<Result<_, _>>().map(Self)
    }

    /// What stands between the braces of a selector.
    pub(crate) fn of(matchers: Matchers) -> Self {
        Self(vec![matchers])
    }

    /// Whether labels meet them; one that is absent is empty.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|matchers| meets(matchers, labels))
    }
}

/// Whether labels meet what stands between the braces of a selector.
pub(crate) fn meets(matchers: &Matchers, labels: &Labels) -> bool {
    let is_met = |matcher: &promql_parser::label::Matcher| {
        matcher.is_match(labels.get(&matcher.name).map(String::as_str).unwrap_or_default())
    };
    let either = &matchers.or_matchers;
    matchers.matchers.iter().all(is_met) && (either.is_empty() || either.iter().any(|all| all.iter().all(is_met)))
}

fn one(text: &str) -> Result<Matchers, MatcherError> {
    let wrong = || MatcherError::Syntax(text.chars().take(80).collect());
    // With a name before it: a selector of nothing but `severity!="critical"` is refused.
    if text.len() > LONGEST {
        return Err(wrong());
    }
    match expr::read(&format!("x{{{text}}}")) {
        Ok(Expr::VectorSelector(it)) if it.offset.is_none() && it.at.is_none() => {
            Some(it.matchers).filter(|it| it.matchers.len() == 1 && it.or_matchers.is_empty()).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn matching(texts: &[&str]) -> Result<Matching, MatcherError> {
        Matching::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn all_have_to_be_met() {
        let matching = matching(&["group=~\"bill.*\"", "severity!=\"critical\""]).unwrap();
        assert!(matching.matches(&labels(&[("group", "billing")])), "an absent label is an empty one");
        assert!(!matching.matches(&labels(&[("group", "billing"), ("severity", "critical")])));
        assert!(!matching.matches(&labels(&[("group", "rebilling")])), "a pattern is of the whole label");
    }

    #[test]
    fn what_is_no_matcher_is_refused() {
        for text in ["severity=critical", "group=~\"(\"", "a=\"b\"} or y{c=\"d\"", "a=\"b\", c=\"d\"", ""] {
            assert!(matches!(matching(&[text]), Err(MatcherError::Syntax(_))), "{text}");
        }
        assert_eq!(matching(&[]), Err(MatcherError::Count(0)));
    }
}
