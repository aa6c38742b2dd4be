//! Sentences from the server: names stand between backticks and are set in monospace. Nothing in them is ever markup.

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Words.
    Words(String),
    /// The name of a thing.
    Name(String),
}

/// Splits at backticks. One that is not closed stands for itself.
pub(crate) fn pieces(sentence: &str) -> Vec<Piece> {
    let sentence = tame(sentence);
    let mut pieces = Vec::new();
    let mut rest = sentence.as_str();
    while let Some((before, after)) = rest.split_once('`') {
        let Some((name, tail)) = after.split_once('`') else { break };
        if !before.is_empty() {
            pieces.push(Piece::Words(before.to_owned()));
        }
        if !name.is_empty() {
            pieces.push(Piece::Name(name.to_owned()));
        }
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Words(rest.to_owned()));
    }
    pieces
}

/// What a payload put into a sentence must not change how the rest of it reads: characters that turn the direction of
/// writing, or that nobody sees, are shown as such.
pub(crate) fn tame(sentence: &str) -> String {
    let unseen = |c: char| {
        c.is_control() && !c.is_whitespace()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    sentence.chars().map(|c| if unseen(c) { '\u{fffd}' } else { c }).collect()
}

/// The sentence without its backticks, for titles and what is read aloud.
pub(crate) fn plain(sentence: &str) -> String {
    pieces(sentence)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(text) | Piece::Name(text) => text,
        })
        .collect()
}

/// With a capital at its begin: nouns begin a sentence where they stand alone.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// With a full stop at its end, so that something can follow.
pub(crate) fn closed(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// Who did something, at the begin of a sentence; who gave no name is somebody.
pub(crate) fn person(who: &str) -> String {
    if is_nobody(who) { "Somebody".to_owned() } else { who.trim().to_owned() }
}

/// Whether it names nobody.
pub(crate) fn is_nobody(who: &str) -> bool {
    let who = who.trim();
    who.is_empty() || who.eq_ignore_ascii_case("somebody")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gave_no_name_is_somebody() {
        assert_eq!(["Mara", " ", "somebody"].map(person), ["Mara", "Somebody", "Somebody"]);
    }

    #[test]
    fn what_turns_the_direction_of_writing_is_shown_as_such() {
        assert_eq!(plain("Order \u{202e}evil\u{0} failed"), "Order \u{fffd}evil\u{fffd} failed");
    }

    #[test]
    fn names_stand_between_backticks() {
        assert_eq!(
            pieces("`payments` reads `orders`."),
            [
                Piece::Name("payments".into()),
                Piece::Words(" reads ".into()),
                Piece::Name("orders".into()),
                Piece::Words(".".into())
            ]
        );
        assert_eq!(plain("`a` b"), "a b");
    }

    #[test]
    fn an_open_backtick_and_markup_are_text() {
        assert_eq!(pieces("a ` <b>"), [Piece::Words("a ` <b>".into())]);
        assert_eq!(pieces(""), []);
    }
}
