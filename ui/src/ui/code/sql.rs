//! A lexer for PostgreSQL's dialect, enough to colour it: never fails, loses no character.

use super::Token;

const WORDS: &str = " ALL AND ANY AS ASC BETWEEN BY CASE CAST CROSS CURRENT DESC DISTINCT ELSE END EXCEPT EXISTS EXPLAIN FALSE \
FILTER FIRST FOLLOWING FROM FULL GROUP HAVING ILIKE IN INNER INTERSECT INTERVAL INTO IS JOIN LAST LATERAL LEFT LIKE LIMIT \
NATURAL NOT NULL NULLS OFFSET ON OR ORDER OUTER OVER PARTITION PRECEDING RANGE RIGHT ROW ROWS SELECT SIMILAR THEN TO TRUE \
UNBOUNDED UNION UNNEST USING VALUES WHEN WHERE WINDOW WITH ";

/// The pieces of a text, in order; together they are the text.
pub(crate) fn tokens(text: &str) -> Vec<(Token, &str)> {
    let mut tokens: Vec<(Token, &str)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (token, length) = next(rest);
        let (piece, tail) = rest.split_at(length);
        tokens.push((token, piece));
        rest = tail;
    }
    tokens
}

fn next(rest: &str) -> (Token, usize) {
    let first = rest.chars().next().unwrap_or(' ');
    if rest.starts_with("--") {
        return (Token::Note, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Token::Note, rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    match first {
        '\'' => (Token::Text, quoted(rest, '\'')),
        '"' => (Token::Plain, quoted(rest, '"')),
        c if c.is_ascii_digit() => (Token::Number, run(rest, |c| c.is_ascii_alphanumeric() || c == '.')),
        c if c.is_alphabetic() || c == '_' => {
            let length = run(rest, |c| c.is_alphanumeric() || c == '_' || c == '$');
            (if is_word(&rest[..length]) { Token::Word } else { Token::Plain }, length)
        }
        _ => (Token::Plain, run(rest, |c| !c.is_alphanumeric() && !"'\"-/_".contains(c)).max(first.len_utf8())),
    }
}

fn run(rest: &str, belongs: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !belongs(c)).unwrap_or(rest.len())
}

/// Length of a quoted text; a doubled quote is part of it, a missing end takes all.
fn quoted(rest: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = rest[at..].find(quote) {
        at += end + 1;
        if !rest[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

/// Whether it is a word of the language.
fn is_word(word: &str) -> bool {
    word.len() < 12 && WORDS.contains(&format!(" {} ", word.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_texts_numbers_and_notes_are_told_apart() {
        let told: Vec<_> = tokens("SELECT 'it''s', 4.5 FROM events -- all")
            .into_iter()
            .filter(|(token, _)| *token != Token::Plain)
            .collect();
        let want = [
            (Token::Word, "SELECT"),
            (Token::Text, "'it''s'"),
            (Token::Number, "4.5"),
            (Token::Word, "FROM"),
            (Token::Note, "-- all"),
        ];
        assert_eq!(told, want);
    }

    #[test]
    fn quoted_names_and_parts_of_names_are_no_words() {
        assert!(tokens("\"from\" selected body->>'a'").iter().all(|(token, _)| *token != Token::Word));
    }

    proptest! {
        #[test]
        fn no_character_is_lost(text in "[-/*'\"a-z0-9 \\näSELECT.]{0,60}") {
            let whole: String = tokens(&text).into_iter().map(|(_, piece)| piece).collect();
            prop_assert_eq!(whole, text);
        }
    }
}
