//! How sentences write names, numbers and times.

use tapline_api::thousands;

/// Thousands with a comma.
pub(crate) fn count(number: usize) -> String {
    thousands(number as u64)
}

/// `1 event`, `1,284 events`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Microseconds in at most two units: `40 ms`, `6.3 s`, `4 min 42 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn duration(micros: i64) -> String {
    let micros = micros.max(0);
    let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big} {big_unit}"),
        _ => format!("{big} {big_unit} {small} {small_unit}"),
    };
    let seconds = micros / 1_000_000;
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..60_000_000 if micros % 1_000_000 < 100_000 => format!("{seconds} s"),
        1_000_000..60_000_000 => format!("{seconds}.{} s", micros % 1_000_000 / 100_000),
        60_000_000..3_600_000_000 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600_000_000..86_400_000_000 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// Somebody else's text as the end of a sentence of ours: with one full stop, unless it ends by itself.
pub fn closed(text: &str) -> String {
    let text = without_end(text);
    if text.is_empty() || text.ends_with(['!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

/// Somebody else's text without what ends it: errors end in a full stop, or in the colon before a cause left out.
pub fn without_end(text: &str) -> &str {
    text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ':' | ';' | ',')).trim_start()
}

/// A name in monospace. A backtick would end it: names of topics cannot hold one, texts of messages can.
pub fn name(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// Cut at a word near `most` characters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let short: String = text.chars().take(most).collect();
    let whole = short.rfind(' ').filter(|at| *at > most / 2).map_or(short.as_str(), |at| &short[..at]);
    format!("{}…", whole.trim_end())
}

/// A class without what it stands in: `com.example.Outer$InvalidFormatException` is `InvalidFormatException`.
pub(crate) fn exception(name: &str) -> &str {
    name.rsplit(['.', '$', ':']).find(|word| !word.is_empty()).unwrap_or(name)
}

/// What an ID name calls its thing: `orderId`, `order.id` and `ORDER_NO` are an `Order`.
pub(crate) fn noun(name: &str) -> Option<String> {
    let mut words = words(name);
    while words.len() > 1 && is_id_word(words.last()?) {
        words.pop();
    }
    if words.len() == 1 && is_id_word(&words[0]) {
        return None;
    }
    let text = words.join(" ");
    let mut letters = text.chars();
    Some(letters.next()?.to_uppercase().chain(letters).collect())
}

/// Whether many stories go by such a thing: who or what takes part, where, with what. Of others, events tell the story.
pub(crate) fn is_mentioned(thing: &str) -> bool {
    const THINGS: &str = "account agent article buyer campaign carrier category channel client company consumer country \
                          courier currency customer department device driver employee group item location member \
                          merchant operator organisation organization owner partner person product producer profile \
                          region seller sensor session shop site sku store supplier team tenant user vehicle vendor \
                          warehouse worker workspace";
    let last = thing.rsplit(' ').next().unwrap_or_default().to_lowercase();
    THINGS.split(' ').any(|known| known == last)
}

/// What an event type is about: all its words but the last, which says what happened. `OrderPlaced` is about an order.
pub(crate) fn subject_of(short_type: &str) -> Option<String> {
    let mut words = words(short_type);
    words.pop().filter(|_| !words.is_empty())?;
    noun(&words.join("_"))
}

fn is_id_word(word: &str) -> bool {
    matches!(word, "id" | "uuid" | "guid" | "key" | "number" | "no" | "nr" | "ref" | "reference" | "code")
}

/// Lower-case words of a name, cut at separators and changes of case.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let separator = !letter.is_alphanumeric();
        if (separator || (letter.is_uppercase() && !before.is_uppercase()))
            && words.last().is_some_and(|w| !w.is_empty())
        {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !separator) {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_words() {
        assert_eq!(cut("one two three", 9), "one two…");
        assert_eq!(cut("onetwothree", 6), "onetwo…");
        assert_eq!(name("a`b"), "`a'b`");
    }

    #[test]
    fn numbers_and_times() {
        assert_eq!((count(7).as_str(), count(1_284).as_str(), count(1_000_000).as_str()), ("7", "1,284", "1,000,000"));
        assert_eq!((counted(1, "event").as_str(), counted(2, "event").as_str()), ("1 event", "2 events"));
        for (micros, text) in [
            (-5, "0 µs"),
            (40_000, "40 ms"),
            (6_310_000, "6.3 s"),
            (8_000_000, "8 s"),
            (282_000_000, "4 min 42 s"),
            (120_000_000, "2 min"),
            (7_500_000_000, "2 h 5 min"),
            (273_600_000_000, "3 d 4 h"),
        ] {
            assert_eq!(duration(micros), text);
        }
    }

    #[test]
    fn a_text_that_ends_in_a_colon_ends_in_one_full_stop() {
        for (text, sentence) in [
            (
                "Error converting byte[] failed due to serialization error: ",
                "Error converting byte[] failed due to serialization error.",
            ),
            ("no such card.", "no such card."),
            ("gave up;", "gave up."),
            ("what?", "what?"),
            (" cut…", "cut…"),
        ] {
            assert_eq!(closed(text), sentence);
        }
    }

    #[test]
    fn names_become_nouns() {
        for name in ["orderId", "order_id", "OrderID", "order.id", "ORDER_NO", "orderUuid"] {
            assert_eq!(noun(name).as_deref(), Some("Order"), "{name}");
        }
        assert!(is_mentioned("Customer") && is_mentioned("Loyalty account") && !is_mentioned("Purchase order"));
        assert_eq!(noun("payment-reference").as_deref(), Some("Payment"));
        assert_eq!(noun("returnLabelId").as_deref(), Some("Return label"));
        assert_eq!((noun("id"), noun(""), noun("key")), (None, None, None));
        assert_eq!(subject_of("OrderPlaced").as_deref(), Some("Order"));
        assert_eq!(subject_of("order.placed").as_deref(), Some("Order"));
        assert_eq!(subject_of("Placed"), None);
        assert_eq!(exception("a.b.Outer$Inner"), "Inner");
        assert_eq!(exception("ActiveRecord::RecordNotFound"), "RecordNotFound");
    }
}
