//! Numbers and names as sentences have them.

pub(crate) use tapline_api::{duration, thousands};
pub(crate) use tapline_chains::name;

/// A number with its noun: `1 event`, `1,259 events`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", thousands(number))
}

/// Short, by thousands: `43.1k`, `4.46M`.
pub(crate) fn short(number: f64) -> String {
    let (value, unit) = match number.abs() {
        n if n >= 999.5e6 => (number / 1e9, "G"),
        n if n >= 999.5e3 => (number / 1e6, "M"),
        n if n >= 999.5 => (number / 1e3, "k"),
        _ => (number, ""),
    };
    let digits = match value.abs() {
        n if n >= 99.95 || (unit.is_empty() && (n.fract() == 0.0 || n >= 10.0)) => 0,
        n if n >= 9.995 => 1,
        n if unit.is_empty() && n >= 1.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}{unit}")
}

/// Bytes, by thousands.
pub(crate) fn size(bytes: f64) -> String {
    let text = short(bytes);
    match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => format!("{} {}B", &text[..at], &text[at..]),
        None => format!("{text} B"),
    }
}

/// "1,259 orders wait": by the name of where they came from, if that is a plain plural word.
pub(crate) fn waiting(count: u64, origin: Option<&str>) -> String {
    let plural = origin.filter(|origin| {
        let word = origin.len() > 3 && origin.bytes().all(|b| b.is_ascii_lowercase());
        word && origin.ends_with('s') && !origin.ends_with("ss")
    });
    match (count, plural) {
        (1, Some(origin)) => format!("1 of {} waits", name(origin)),
        (1, None) => "1 event waits".to_owned(),
        (count, Some(origin)) => format!("{} {origin} wait", thousands(count)),
        (count, None) => format!("{} events wait", thousands(count)),
    }
}

/// Small numbers at the begin of a sentence.
pub(crate) fn number_word(number: usize) -> String {
    const WORDS: [&str; 10] = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
    WORDS.get(number).map_or_else(|| thousands(number as u64), |word| (*word).to_owned())
}

/// An error or reason is written in lower case without a full stop; in an answer it stands as a sentence.
pub(crate) fn sentence(reason: &str) -> String {
    let closed = tapline_chains::closed(reason);
    let mut letters = closed.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            [thousands(0), thousands(999), thousands(1_259), thousands(4_460_000)],
            ["0", "999", "1,259", "4,460,000"]
        );
        assert_eq!([counted(1, "event"), counted(1_259, "event")], ["1 event", "1,259 events"]);
        assert_eq!([short(0.0), short(0.26), short(38.0), short(14.8), short(1.25)], ["0", "0.26", "38", "15", "1.2"]);
        assert_eq!([short(43_100.0), short(4_460_000.0), short(999_700.0)], ["43.1k", "4.46M", "1.00M"]);
        assert_eq!([size(512.0), size(1_500.0), size(1.94e12)], ["512 B", "1.50 kB", "1940 GB"]);
    }

    #[test]
    fn errors_become_sentences() {
        assert_eq!(sentence("`x` is not a time; write now-15m"), "`x` is not a time; write now-15m.");
        assert_eq!(sentence("état inconnu"), "État inconnu.");
        assert_eq!(sentence(""), "");
    }
}
