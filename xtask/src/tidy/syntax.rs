//! Rust text with its comments and its literals told apart from its code, line by line, so that a rule about code does
//! not fire on a string. It knows as much of the language as that takes, and no more.

/// The same text twice, with spaces for what does not belong; line breaks stay.
pub(super) struct Views {
    /// Without comments and without what stands between quotes.
    pub(super) code: String,
    /// Comments alone.
    pub(super) comments: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Code,
    LineComment,
    /// With its depth: block comments nest.
    BlockComment(u32),
    Text,
    /// With the number of `#` that end it.
    RawText(usize),
}

pub(super) fn views(text: &str) -> Views {
    let characters: Vec<char> = text.chars().collect();
    let mut views = Views { code: String::with_capacity(text.len()), comments: String::with_capacity(text.len()) };
    let (mut state, mut at) = (State::Code, 0);
    while at < characters.len() {
        let (next, length) = step(state, &characters[at..], at.checked_sub(1).map(|before| characters[before]));
        let comment = |state| matches!(state, State::LineComment | State::BlockComment(_));
        for character in &characters[at..at + length] {
            let blank = if *character == '\n' { '\n' } else { ' ' };
            let is_comment = comment(state) || comment(next);
            let is_code = state == State::Code && next == State::Code && length == 1;
            views.code.push(if is_code { *character } else { blank });
            views.comments.push(if is_comment { *character } else { blank });
        }
        (state, at) = (next, at + length);
    }
    views
}

/// The state after the next token and how many characters it has. In code, a token of more than one character is a
/// literal or opens something.
fn step(state: State, rest: &[char], before: Option<char>) -> (State, usize) {
    let second = rest.get(1).copied();
    match (state, rest[0]) {
        (State::Code, '/') if second == Some('/') => (State::LineComment, 2),
        (State::Code, '/') if second == Some('*') => (State::BlockComment(1), 2),
        (State::Code, '"') => (State::Text, 1),
        (State::Code, 'r') if !before.is_some_and(is_word) || before == Some('b') => raw_opening(rest),
        (State::Code, '\'') => (State::Code, character_literal(rest)),
        (State::LineComment, '\n') => (State::Code, 1),
        (State::BlockComment(depth), '*') if second == Some('/') => {
            (if depth == 1 { State::Code } else { State::BlockComment(depth - 1) }, 2)
        }
        (State::BlockComment(depth), '/') if second == Some('*') => (State::BlockComment(depth + 1), 2),
        (State::Text, '\\') => (state, rest.len().min(2)),
        (State::Text, '"') => (State::Code, 1),
        (State::RawText(hashes), '"') if closes(rest, hashes) => (State::Code, 1 + hashes),
        _ => (state, 1),
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// `r"` and `r#"` open a raw string, `r#name` does not.
fn raw_opening(rest: &[char]) -> (State, usize) {
    let hashes = rest[1..].iter().take_while(|character| **character == '#').count();
    match rest.get(1 + hashes) {
        Some('"') => (State::RawText(hashes), 2 + hashes),
        _ => (State::Code, 1),
    }
}

fn closes(rest: &[char], hashes: usize) -> bool {
    rest.len() > hashes && rest[1..=hashes].iter().all(|character| *character == '#')
}

/// The length of `'x'` or `'\n'`; of a lifetime, only its apostrophe.
fn character_literal(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', _, tail @ ..] => {
            3 + tail.iter().position(|character| *character == '\'').map_or(0, |position| position + 1)
        }
        ['\'', _, '\'', ..] => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        views(text).code
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        assert_eq!(code("let a = \"b\\\"c\"; // d").replace(' ', ""), "leta=;");
        assert_eq!(code("a /* b /* c */ d */ e").split_whitespace().collect::<Vec<_>>(), ["a", "e"]);
        assert_eq!(code("f(r#\"g\"h\"#, i)").split_whitespace().collect::<Vec<_>>(), ["f(", ",", "i)"]);
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        assert_eq!(code("fn f<'a>(r#type: &'a str)"), "fn f<'a>(r#type: &'a str)");
        assert_eq!(code("if c == '\"' { d }").replace(' ', ""), "ifc=={d}");
        assert_eq!(code("if c == '\\'' { d }").replace(' ', ""), "ifc=={d}");
    }

    #[test]
    fn comments_stand_alone_and_lines_stay() {
        let views = views("a; // b\n\"// c\";\n/* d\n e */ f");
        assert_eq!(views.comments.lines().map(str::trim).collect::<Vec<_>>(), ["// b", "", "/* d", "e */"]);
        assert_eq!(views.code.lines().count(), 4);
    }

    #[test]
    fn what_never_ends_ends_with_the_file() {
        for text in ["\"", "r#\"", "/*", "'", "'\\", "\"\\"] {
            assert_eq!(views(text).code.chars().count(), text.chars().count(), "{text}");
        }
    }
}
