//! Texts of annotations: `{{ $labels.group }} is {{ $value | humanizeDuration }} behind`, in Prometheus' words.
//!
//! Read once, when the rule is, so that a misspelt one is refused then. What a label holds is put in as it is: whoever shows
//! or sends it escapes it for where it goes.

use tapline_api::Labels;

/// Longest text that comes of one: labels may be as long as anybody makes them.
const LONGEST: usize = 4_000;

/// Why a text cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Braces that do not end.
    #[error("`{{{{` is not closed by `}}}}`")]
    Open,
    /// Something between braces that is not known.
    #[error(
        "`{{{{ {0} }}}}` is not known; there are $labels.<name>, $value, and | humanize, humanizeDuration, humanizePercentage"
    )]
    Unknown(String),
}

/// A text with places for what is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Label(String),
    Value(Form),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Humanize,
    Duration,
    Percentage,
}

impl Template {
    /// Reads it.
    ///
    /// # Errors
    /// When braces are open, or hold what is not known.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let (inner, behind) = after.split_once("}}").ok_or(TemplateError::Open)?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(piece(inner.trim())?);
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        Ok(Self(pieces))
    }

    /// With what was found. A label that is not there is empty.
    pub(crate) fn fill(&self, labels: &Labels, value: f64) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(words) => text.push_str(words),
                Piece::Label(name) => text.push_str(labels.get(name).map(String::as_str).unwrap_or_default()),
                Piece::Value(form) => text.push_str(&form.write(value)),
            }
            if text.len() > LONGEST {
                let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
                text.truncate(end);
                text.push('…');
                break;
            }
        }
        text
    }
}

fn piece(inner: &str) -> Result<Piece, TemplateError> {
    let unknown = || TemplateError::Unknown(inner.to_owned());
    let (what, form) = match inner.split_once('|') {
        None => (inner, None),
        Some((what, form)) => (what.trim(), Some(form.trim())),
    };
    if let Some(name) = what.strip_prefix("$labels.") {
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        return (is_name && form.is_none()).then(|| Piece::Label(name.to_owned())).ok_or_else(unknown);
    }
    let form = match form {
        None => Form::Plain,
        Some("humanize") => Form::Humanize,
        Some("humanizeDuration") => Form::Duration,
        Some("humanizePercentage") => Form::Percentage,
        Some(_) => return Err(unknown()),
    };
    (what == "$value").then_some(Piece::Value(form)).ok_or_else(unknown)
}

impl Form {
    pub(crate) fn write(self, value: f64) -> String {
        if !value.is_finite() {
            return value.to_string();
        }
        match self {
            Self::Plain => format!("{value}"),
            Self::Humanize => humanize(value),
            Self::Duration => duration(value),
            Self::Percentage => format!("{} %", figures(value * 100.0)),
        }
    }
}

/// `1.234k`, as Prometheus writes it: four figures.
fn humanize(value: f64) -> String {
    const UNITS: [&str; 6] = ["", "k", "M", "G", "T", "P"];
    let (mut scaled, mut unit) = (value, 0);
    while scaled.abs() >= 1_000.0 && unit + 1 < UNITS.len() {
        scaled /= 1_000.0;
        unit += 1;
    }
    format!("{}{}", figures(scaled), UNITS[unit])
}

fn figures(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `48m 34s`.
fn duration(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let whole = seconds.abs();
    if whole < 60.0 {
        return format!("{sign}{}s", figures(whole));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float that is too large saturates")]
    let whole = whole as u64;
    let parts = [(whole / 86_400, "d"), (whole / 3_600 % 24, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")];
    let parts = parts.into_iter().skip_while(|(count, _)| *count == 0);
    format!("{sign}{}", parts.map(|(count, unit)| format!("{count}{unit}")).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(text: &str, value: f64) -> String {
        let labels = Labels::from([("group".to_owned(), "billing".to_owned())]);
        Template::parse(text).unwrap().fill(&labels, value)
    }

    #[test]
    fn labels_and_values_are_put_in() {
        assert_eq!(
            filled("{{ $labels.group }} is {{$value | humanizeDuration}} behind", 2_914.0),
            "billing is 48m 34s behind"
        );
        assert_eq!(filled("{{ $value }}/{{ $value|humanize }}", 1_234.5), "1234.5/1.234k");
        assert_eq!(filled("{{ $value | humanizePercentage }}, {{ $labels.none }}.", 0.125), "12.5 %, .");
        assert_eq!(filled("{ } {{ $value }}", f64::NAN), "{ } NaN");
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        assert_eq!(Template::parse("{{ $value"), Err(TemplateError::Open));
        for text in ["{{ $labels. }}", "{{ .Labels.group }}", "{{ $value | title }}", "{{ $labels.group | humanize }}"]
        {
            assert!(matches!(Template::parse(text), Err(TemplateError::Unknown(_))), "{text}");
        }
    }

    #[test]
    fn a_text_ends_somewhere() {
        let labels = Labels::from([("group".to_owned(), "ä".repeat(9_000))]);
        let text = Template::parse("{{ $labels.group }}").unwrap().fill(&labels, 1.0);
        assert!(text.len() <= LONGEST + 3 && text.ends_with('…'));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}", value in proptest::num::f64::ANY) {
            if let Ok(template) = Template::parse(&text) {
                template.fill(&Labels::new(), value);
            }
        }
    }
}
