//! IDs as text: shortened in the middle, where they differ least, so that begin and end can be compared.

/// Shortens to about `limit` characters: `9c41d0…7e5b`. The end is never cut away.
pub(crate) fn middle(text: &str, limit: usize) -> String {
    let length = text.chars().count();
    if length <= limit.max(5) {
        return text.to_owned();
    }
    let tail = (limit - 1) * 2 / 5;
    let head = limit - 1 - tail;
    let begin: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{begin}…{end}")
}

/// A dotted name without as many of its first words as do not fit: `com.example.shop.OrderPlaced` is `shop.OrderPlaced`.
/// The last word stays whatever its length; what tells types apart stands at their end.
pub(crate) fn last_words(name: &str, limit: usize) -> &str {
    let mut rest = name;
    while rest.chars().count() > limit {
        match rest.split_once('.') {
            Some((_, tail)) if !tail.is_empty() => rest = tail,
            _ => break,
        }
    }
    rest
}

/// Whether a text looks like an identifier rather than a word, so that a value can be offered as a link: it holds
/// letters and digits and is neither short, nor long, nor a sentence, a time or a decimal number.
pub(crate) fn looks_like_id(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/');
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    let digits = value.chars().filter(char::is_ascii_digit).count();
    (6..=80).contains(&value.len())
        && digits >= 3
        && letters >= 1
        && value.chars().all(plain)
        && super::number::read(value).is_none()
        && super::time::parse(value).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_goes_and_both_ends_stay() {
        assert_eq!(middle("ORD-84127190", 20), "ORD-84127190");
        assert_eq!(middle("9c41d0aa55bb77cc0011223344557e5b", 12), "9c41d0a…7e5b");
        assert_eq!(middle("äöüäöüäöüäöü", 6), "äöü…öü");
    }

    #[test]
    fn the_last_words_of_a_dotted_name_stay() {
        assert_eq!(last_words("com.example.shop.OrderPlaced", 18), "shop.OrderPlaced");
        assert_eq!(last_words("com.example.order.placed.v1", 16), "order.placed.v1");
        assert_eq!(last_words("order.placed", 18), "order.placed");
        assert_eq!(last_words("com.AVeryLongNameThatStays", 8), "AVeryLongNameThatStays");
        assert_eq!(last_words("ends.with.a.dot.", 3), "dot.");
    }

    #[test]
    fn words_times_and_prices_are_no_ids() {
        for id in ["ORD-84127190", "0192f3aa-77c1-7e00-9a41-2f1b63aaa41c", "C-2290417", "9c41d0aa55bb77cc"] {
            assert!(looks_like_id(id), "{id}");
        }
        for other in [
            "CARTE_BANCAIRE",
            "2026-11-21T01:47:12.228Z",
            "287.76",
            "FR",
            "card declined by bank 123",
            "12345678.5",
            "10.4.18",
            "2026-11-21",
        ] {
            assert!(!looks_like_id(other), "{other}");
        }
    }
}
