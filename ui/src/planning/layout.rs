//! JSON laid out to be read and edited, and put together again: characters between values only, so that numbers keep
//! their digits and keys their order.

/// A line for each value, two blanks a level.
pub(super) fn spread(text: &str) -> String {
    let mut spread = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let packed = packed(text);
    let mut rest = packed.as_str();
    while let Some(c) = rest.chars().next() {
        let length = if c == '"' { quoted(rest) } else { c.len_utf8() };
        let (piece, tail) = rest.split_at(length);
        match c {
            '{' | '[' if tail.starts_with(['}', ']']) => spread.push(c),
            '{' | '[' => {
                depth += 1;
                spread.push(c);
                line(&mut spread, depth);
            }
            '}' | ']' if spread.ends_with(['{', '[']) => spread.push(c),
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut spread, depth);
                spread.push(c);
            }
            ',' => {
                spread.push(c);
                line(&mut spread, depth);
            }
            ':' => spread.push_str(": "),
            _ => spread.push_str(piece),
        }
        rest = tail;
    }
    spread
}

/// Without blanks between values.
pub(super) fn packed(text: &str) -> String {
    let mut packed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if c == '"' { quoted(rest) } else { c.len_utf8() };
        let (piece, tail) = rest.split_at(length);
        if !matches!(c, ' ' | '\t' | '\n' | '\r') {
            packed.push_str(piece);
        }
        rest = tail;
    }
    packed
}

fn line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

/// Length of the string that a text begins with, quotes included.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_get_lines_and_strings_stay() {
        let text = r#"{"a":1.50,"b":{},"c":["x, {y}\" :",[]],"d":{"e":null}}"#;
        let want = "{\n  \"a\": 1.50,\n  \"b\": {},\n  \"c\": [\n    \"x, {y}\\\" :\",\n    []\n  ],\n  \"d\": {\n    \"e\": null\n  }\n}";
        assert_eq!(spread(text), want);
        assert_eq!(packed(want), text);
    }

    proptest! {
        #[test]
        fn whatever_it_is_nothing_is_lost(text in "[\\[\\]{}\":, \\\\a0ä]{0,30}") {
            prop_assert_eq!(packed(&spread(&text)).replace(' ', ""), packed(&text).replace(' ', ""));
        }
    }
}
