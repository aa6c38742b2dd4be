//! Query strings, read strictly: a misspelt parameter is refused, not ignored, since a filter that silently does
//! nothing shows other rows than were asked for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::problem::{Code, Refusal};

/// The pairs of a query string, in order. What they mean is decided where they are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `a=b&c=d`. Bytes that are not percent-encoded UTF-8 are refused.
    pub(crate) fn parse(query: &str) -> Result<Self, Refusal> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(&name.replace('+', " "))?, decode(&value.replace('+', " "))?))
        });
        pairs.collect::<Result<_, Refusal>>().map(Self)
    }

    /// Refuses every name that is not among `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => Err(Refusal::new(
                Code::UnknownParameter,
                format!("`{}` is no parameter of this call; it knows {}", shorten(name), known.join(", ")),
            )),
        }
    }

    /// The value of a name that may stand once. An empty value is none.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refusal::new(Code::BadParameter, format!("`{name}` may stand only once"))),
            (value, None) => Ok(value),
        }
    }

    /// Every value of a name that may stand several times, empty ones left out.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(pair, value)| pair == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A whole number between two bounds; one beyond the upper bound is refused, so that nobody takes a cut answer
    /// for a whole one.
    pub(crate) fn number(&self, name: &str, least: usize, most: usize) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let fault = || {
            let text = shorten(text);
            Refusal::new(Code::BadParameter, format!("`{name}` is `{text}`; write a number from {least} to {most}"))
        };
        number.ok_or_else(fault).map(Some)
    }

    /// `true` or `false`; absent is `None`.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.one(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(text) => {
                Err(Refusal::new(Code::BadParameter, format!("`{name}` is `{}`; write true or false", shorten(text))))
            }
        }
    }

    /// A time in microseconds, relative to `now`.
    pub(crate) fn time(&self, name: &str, now: i64) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        if text.len() > 64 {
            return Err(Refusal::new(Code::BadTime, format!("`{name}` is longer than any time")));
        }
        Ok(Some(tapline_model::time::parse(text, now)?))
    }
}

/// Undoes percent encoding; what is not UTF-8 behind it, or not encoded at all, is refused.
pub(crate) fn decode(text: &str) -> Result<String, Refusal> {
    let fault = || Refusal::new(Code::BadEncoding, format!("`{}` is not percent-encoded utf-8", shorten(text)));
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let digits = rest.as_bytes().get(at + 1..at + 3).ok_or_else(fault)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(fault());
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    Ok(percent_decode_str(text).decode_utf8().map_err(|_| fault())?.into_owned())
}

/// A caller's words in an answer, cut: an error must not become an amplifier.
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 80;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(result: Result<T, Refusal>) -> Option<Code> {
        result.err().map(|refusal| refusal.code)
    }

    #[test]
    fn pairs_are_decoded_in_order() {
        let params = Params::parse("field=a%3E1&field=b+c&q=&from=now-15m").unwrap();
        assert_eq!(params.all("field").collect::<Vec<_>>(), ["a>1", "b c"]);
        assert_eq!(params.one("q"), Ok(None));
        assert_eq!(params.time("from", 900_000_000), Ok(Some(0)));
        assert_eq!(code(params.one("field")), Some(Code::BadParameter));
        assert_eq!(params.only(&["field", "q", "from"]), Ok(()));
        assert_eq!(code(params.only(&["field"])), Some(Code::UnknownParameter));
    }

    #[test]
    fn what_is_not_utf_8_is_refused() {
        for query in ["q=%FF", "q=%", "q=%4", "q=%zz", "%C3=1"] {
            assert_eq!(code(Params::parse(query)), Some(Code::BadEncoding), "{query}");
        }
    }

    #[test]
    fn numbers_outside_their_bounds_are_refused() {
        let number = |query: &str| Params::parse(query).unwrap().number("limit", 1, 1_000);
        assert_eq!(number("limit=200"), Ok(Some(200)));
        for query in ["limit=0", "limit=1001", "limit=-1", "limit=1e9", "limit=99999999999999999999"] {
            assert_eq!(code(number(query)), Some(Code::BadParameter), "{query}");
        }
        assert!(shorten(&"x".repeat(10_000)).len() < 100);
    }
}
