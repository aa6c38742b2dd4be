//! Which compressed form of a file a browser takes.

use axum::http::{HeaderMap, header};

/// A form that stands beside the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// As HTTP names it.
    pub(super) name: &'static str,
    /// Of the file's name.
    pub(super) extension: &'static str,
}

const FORMS: [Form; 2] = [Form { name: "br", extension: "br" }, Form { name: "gzip", extension: "gz" }];

/// The forms that may be sent, the smaller first.
pub(super) fn accepted(headers: &HeaderMap) -> Vec<&'static Form> {
    let values = headers.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    let named: Vec<(&str, bool)> = values.flat_map(|value| value.split(',')).map(read).collect();
    FORMS
        .iter()
        .filter(|form| named.iter().any(|(name, wanted)| *wanted && name.eq_ignore_ascii_case(form.name)))
        .collect()
}

/// A name, and whether it is wanted at all.
fn read(text: &str) -> (&str, bool) {
    let (name, weight) = text.split_once(';').unwrap_or((text, ""));
    let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), |weight| weight.trim().parse::<f32>());
    (name.trim(), weight.is_ok_and(|weight| weight > 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(value: &str) -> Vec<&'static str> {
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]);
        accepted(&headers).iter().map(|form| form.name).collect()
    }

    #[test]
    fn browsers_get_what_they_take() {
        assert_eq!(names("gzip, deflate, br, zstd"), ["br", "gzip"]);
        assert_eq!(names("GZIP;q=0.5"), ["gzip"]);
        assert_eq!(names("br;q=0, gzip"), ["gzip"]);
        assert!(names("identity").is_empty());
    }
}
