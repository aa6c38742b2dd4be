//! A lexer for the lines of TOML that the page shows, line by line.

use super::Token;

/// The pieces of a text, in order; together they are the text.
pub(crate) fn tokens(text: &str) -> Vec<(Token, &str)> {
    text.split_inclusive('\n').flat_map(line).collect()
}

fn line(line: &str) -> Vec<(Token, &str)> {
    if line.starts_with('[') {
        let end = line.find(']').map_or(line.len(), |end| end + 1);
        return vec![(Token::Word, &line[..end]), (Token::Plain, &line[end..])];
    }
    let (code, note) = line.split_at(line.find('#').unwrap_or(line.len()));
    let (key, value) = code.split_at(code.find('=').unwrap_or(0));
    let mut pieces = vec![(Token::Key, key)];
    pieces.extend(value.split_inclusive('"').enumerate().flat_map(|(index, piece)| match index % 2 {
        0 => vec![
            (Token::Plain, piece.trim_end_matches('"')),
            (Token::Text, &piece[piece.trim_end_matches('"').len()..]),
        ],
        _ => vec![(Token::Text, piece)],
    }));
    pieces.push((Token::Note, note));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_texts_and_notes_are_told_apart_and_nothing_is_lost() {
        let text = "[sources.shop]\ntopics = [\"*\"]   # all\n";
        let pieces = tokens(text);
        assert_eq!(pieces.iter().map(|(_, piece)| *piece).collect::<String>(), text);
        assert!(pieces.contains(&(Token::Word, "[sources.shop]")));
        assert!(pieces.contains(&(Token::Key, "topics ")));
        assert!(pieces.contains(&(Token::Text, "*\"")));
        assert!(pieces.contains(&(Token::Note, "# all\n")));
    }
}
