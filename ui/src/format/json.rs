//! JSON as it was written: a flat list of nodes that point into the text, so that numbers keep their digits and keys
//! their order. Not recursive, bounded, and a text that ends too early still gives what stood before its end.

/// Nodes after which a scan ends.
const NODES: usize = 100_000;
/// Containers within containers after which a scan ends.
const DEPTH: usize = 200;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `{}`.
    Object,
    /// `[]`.
    Array,
    /// A string.
    Text,
    /// A number, in the digits it came in.
    Number,
    /// `true`, `false`, `null`.
    Word,
}

/// A value with its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Containers around it.
    pub(crate) depth: usize,
    /// Its name in an object, as it reads.
    pub(crate) key: Option<String>,
    /// Its number in an array.
    pub(crate) index: Option<usize>,
    /// What it is.
    pub(crate) kind: Kind,
    /// The value as it reads: a string without quotes and escapes, a number in its own digits, empty for containers.
    pub(crate) text: String,
    /// Values directly inside.
    pub(crate) children: usize,
    /// The node that follows everything inside.
    pub(crate) end: usize,
    /// False when the text ended before the value did.
    pub(crate) whole: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    /// In the order of the text; the first is the root.
    pub(crate) nodes: Vec<Node>,
    /// Whether the text is JSON from begin to end.
    pub(crate) complete: bool,
}

/// Reads a text. One that is no JSON at all gives no nodes.
pub(crate) fn scan(text: &str) -> Scan {
    let mut scanner = Scanner { text, at: 0, nodes: Vec::new(), open: Vec::new() };
    let complete = scanner.run().is_some();
    let count = scanner.nodes.len();
    for index in scanner.open {
        scanner.nodes[index].end = count;
        scanner.nodes[index].whole = false;
    }
    Scan { nodes: scanner.nodes, complete }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    nodes: Vec<Node>,
    open: Vec<usize>,
}

impl Scanner<'_> {
    /// `None` when the text ends early, is no JSON, or goes beyond a limit.
    fn run(&mut self) -> Option<()> {
        loop {
            if !self.value()? {
                self.close()?;
            }
            while self.open.is_empty() || self.peek()? != b',' {
                if self.open.is_empty() {
                    self.blank();
                    return (self.at == self.text.len()).then_some(());
                }
                self.close()?;
            }
            self.at += 1;
        }
    }

    /// Reads a value with its key; false when the container that is open has no more.
    fn value(&mut self) -> Option<bool> {
        let parent = self.open.last().copied();
        let first = parent.is_none_or(|parent| self.nodes[parent].children == 0);
        if parent.is_some() && first && matches!(self.peek()?, b'}' | b']') {
            return Some(false);
        }
        let in_object = parent.is_some_and(|parent| self.nodes[parent].kind == Kind::Object);
        let key = if in_object { Some(self.key()?) } else { None };
        let index = parent.filter(|_| !in_object).map(|parent| self.nodes[parent].children);
        let kind = self.kind()?;
        if self.nodes.len() >= NODES || self.open.len() >= DEPTH {
            return None;
        }
        if let Some(parent) = parent {
            self.nodes[parent].children += 1;
        }
        let number = self.nodes.len();
        let node = Node {
            depth: self.open.len(),
            key,
            index,
            kind,
            text: String::new(),
            children: 0,
            end: number + 1,
            whole: true,
        };
        self.nodes.push(node);
        if matches!(kind, Kind::Object | Kind::Array) {
            self.at += 1;
            self.open.push(number);
            return self.value();
        }
        self.scalar(number, kind)?;
        Some(true)
    }

    fn scalar(&mut self, number: usize, kind: Kind) -> Option<()> {
        let (text, whole) = match kind {
            Kind::Text => self.string(),
            _ => self.bare(),
        };
        let valid = match kind {
            Kind::Word => matches!(text.as_str(), "true" | "false" | "null"),
            _ => true,
        };
        self.nodes[number].text = text;
        self.nodes[number].whole = whole;
        (whole && valid).then_some(())
    }

    fn kind(&mut self) -> Option<Kind> {
        match self.peek()? {
            b'{' => Some(Kind::Object),
            b'[' => Some(Kind::Array),
            b'"' => Some(Kind::Text),
            b'-' | b'0'..=b'9' => Some(Kind::Number),
            b't' | b'f' | b'n' => Some(Kind::Word),
            _ => None,
        }
    }

    fn key(&mut self) -> Option<String> {
        if self.peek()? != b'"' {
            return None;
        }
        let (key, whole) = self.string();
        let colon = whole && self.peek()? == b':';
        self.at += 1;
        colon.then_some(key)
    }

    fn close(&mut self) -> Option<()> {
        let container = *self.open.last()?;
        let bracket = if self.nodes[container].kind == Kind::Object { b'}' } else { b']' };
        if self.peek()? != bracket {
            return None;
        }
        self.at += 1;
        self.open.pop();
        self.nodes[container].end = self.nodes.len();
        Some(())
    }

    fn blank(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn peek(&mut self) -> Option<u8> {
        self.blank();
        self.text.as_bytes().get(self.at).copied()
    }

    /// A run of characters up to what ends a value; whole only when something ends it.
    fn bare(&mut self) -> (String, bool) {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| matches!(c, ',' | '}' | ']') || c.is_whitespace());
        let text = &rest[..end.unwrap_or(rest.len())];
        self.at += text.len();
        (text.to_owned(), end.is_some() || self.open.is_empty())
    }

    /// A string from its first quote; whole when its last is there.
    fn string(&mut self) -> (String, bool) {
        let rest = &self.text[self.at + 1..];
        let mut escaped = false;
        let end = rest.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let inside = &rest[..end.unwrap_or(rest.len())];
        self.at += 1 + inside.len() + usize::from(end.is_some());
        (unescape(inside), end.is_some())
    }
}

/// Undoes escapes; one that means nothing stays as it came.
fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let (piece, length) = escape(after);
        plain.push_str(&piece);
        rest = after.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// What stands behind a backslash, and how many bytes of it.
fn escape(after: &str) -> (String, usize) {
    let Some(first) = after.chars().next() else { return ("\\".to_owned(), 0) };
    let plain = match first {
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        'b' => "\u{8}",
        'f' => "\u{c}",
        '"' => "\"",
        '\\' => "\\",
        '/' => "/",
        'u' => return unicode(after),
        _ => return (format!("\\{first}"), first.len_utf8()),
    };
    (plain.to_owned(), 1)
}

fn unicode(after: &str) -> (String, usize) {
    let unit = |text: Option<&str>| u16::from_str_radix(text?, 16).ok();
    let Some(first) = unit(after.get(1..5)) else { return ("\\u".to_owned(), 1) };
    let second = after.get(5..7).filter(|mark| *mark == "\\u").and_then(|_| unit(after.get(7..11)));
    match (char::from_u32(u32::from(first)), second) {
        (Some(c), _) => (c.to_string(), 5),
        (None, Some(second)) => match String::from_utf16(&[first, second]) {
            Ok(pair) => (pair, 11),
            Err(_) => ("\u{fffd}".to_owned(), 5),
        },
        (None, None) => ("\u{fffd}".to_owned(), 5),
    }
}

/// The text with a line for each value, as people read it; the digits stay. What is no JSON stays as it is.
pub(crate) fn pretty(text: &str) -> String {
    let mut written = String::with_capacity(text.len() * 3 / 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut before = ' ';
    for c in text.chars() {
        if quoted {
            written.push(c);
            quoted = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
            before = c;
            continue;
        }
        if c.is_whitespace() {
            continue;
        }
        let closing = matches!(c, '}' | ']');
        depth = if closing { depth.saturating_sub(1) } else { depth };
        if (closing && !matches!(before, '{' | '[')) || (!closing && matches!(before, '{' | '[' | ',')) {
            written.push('\n');
            written.push_str(&"  ".repeat(depth.min(DEPTH)));
        }
        written.push(c);
        match c {
            '{' | '[' => depth += 1,
            ':' => written.push(' '),
            '"' => quoted = true,
            _ => {}
        }
        before = c;
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let name = |node: &Node| node.key.clone().or(node.index.map(|index| index.to_string())).unwrap_or_default();
        scan(text).nodes.iter().map(|node| format!("{}{}:{}", "-".repeat(node.depth), name(node), node.text)).collect()
    }

    #[test]
    fn numbers_keep_their_digits_and_keys_their_order() {
        let text = r#"{"b": 12345678901234567890.10, "a": [1e400, -0], "b": null}"#;
        assert!(scan(text).complete);
        assert_eq!(shown(text), [":", "-b:12345678901234567890.10", "-a:", "--0:1e400", "--1:-0", "-b:null"]);
    }

    #[test]
    fn containers_know_where_they_end() {
        let nodes = scan(r#"{"a":{"x":1,"y":{}},"c":[]}"#).nodes;
        assert_eq!(
            nodes.iter().map(|node| (node.children, node.end)).collect::<Vec<_>>(),
            [(2, 5), (2, 4), (0, 3), (0, 4), (0, 5)]
        );
    }

    #[test]
    fn a_text_that_was_cut_gives_what_stood_before() {
        let cut = scan(r#"{"total":287.76,"lines":[{"sku":"LMP-03"#);
        assert!(!cut.complete);
        assert_eq!(cut.nodes.len(), 5);
        assert_eq!(cut.nodes[4].text, "LMP-03");
        assert!(cut.nodes[1].whole && !cut.nodes[2].whole && !cut.nodes[4].whole);
    }

    #[test]
    fn what_is_no_json_is_not_taken_for_it() {
        for text in ["", "hello", "{a:1}", "[1,]", "{\"a\" 1}", "nul", "1 2", "]", "{]"] {
            assert!(!scan(text).complete, "{text}");
        }
        for text in ["1", "\"a\"", " [ ] ", "{}", "true"] {
            assert!(scan(text).complete, "{text}");
        }
    }

    #[test]
    fn escapes_read_as_what_they_mean() {
        assert_eq!(unescape(r#"a\"\n\u2603\ud83d\ude00\ud800x\q\u12"#), "a\"\n\u{2603}\u{1f600}\u{fffd}x\\q\\u12");
    }

    #[test]
    fn a_bomb_of_brackets_ends_at_the_limit() {
        let bomb = scan(&"[".repeat(1_000_000));
        assert!(!bomb.complete && bomb.nodes.len() <= DEPTH);
    }

    #[test]
    fn pretty_keeps_every_digit() {
        assert_eq!(
            pretty(r#"{"a":[1.10,{}],"b":" : , "}"#),
            "{\n  \"a\": [\n    1.10,\n    {}\n  ],\n  \"b\": \" : , \"\n}"
        );
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_on_what_is_json(text in "[\\[\\]{}\",:0-9a-z.\\\\ -]{0,24}") {
            // Numbers are kept as written, not checked: serde_json also refuses `01` and `-`.
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                prop_assert!(scan(&text).complete, "{}", text);
            }
        }

        #[test]
        fn pretty_changes_nothing_but_blanks(value in prop::collection::vec(("[a-z\" \\\\]{0,6}", any::<i64>()), 0..6)) {
            let value: serde_json::Value = value.into_iter().map(|(key, number)| (key, serde_json::Value::from(number))).collect();
            let text = value.to_string();
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&pretty(&text)).ok(), Some(value));
            prop_assert!(scan(&text).complete);
        }
    }
}
