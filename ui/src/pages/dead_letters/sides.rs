//! Two events laid side by side: the lines of their payloads and headers, and which of them differ.

use std::collections::HashMap;

use tapline_api::{Bytes, EventDetail, HeaderView};

use crate::format::{
    bytes,
    json::{self, Kind, Node},
    number,
};

/// Lines of a payload that are drawn; who wants all opens the event.
const MOST: usize = 300;
/// Characters of a value.
const LONGEST: usize = 200;

/// How a line stands to the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// There is the same.
    Same,
    /// There is another value.
    Differs,
    /// There is none.
    Added,
    /// Here is none.
    Gap,
}

/// A line of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Levels in.
    pub(super) depth: usize,
    /// Name of the field or header.
    pub(super) name: Option<String>,
    /// As it reads.
    pub(super) value: String,
    /// The class that colours the value.
    pub(super) class: &'static str,
    /// How it stands to the other side.
    pub(super) mark: Mark,
}

/// Both sides, line by line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) left: Vec<Line>,
    pub(super) right: Vec<Line>,
    pub(super) left_headers: Vec<Line>,
    pub(super) right_headers: Vec<Line>,
    /// What can be said of both: `payload the same 388 bytes, 9 headers added`.
    pub(super) same: String,
}

/// Lays a dead letter beside another event. Fields under the paths of `telling` (`card.type`, `items[].sku`) stand out.
pub(super) fn sides(dead: &EventDetail, other: Option<&EventDetail>, telling: &[String]) -> Sides {
    let mut left = payload(dead);
    for (path, line) in &mut left {
        if telling.contains(&said_path(path)) {
            line.mark = Mark::Differs;
        }
    }
    let Some(other) = other else {
        return Sides {
            left: left.into_iter().map(|(_, line)| line).collect(),
            left_headers: headers(&dead.headers),
            ..Sides::default()
        };
    };
    let right = payload(other);
    let (left, right) = (marked(left.clone(), &right), marked(right, &left));
    let (left_headers, right_headers) = beside(&dead.headers, &other.headers);
    let same = said(dead, other, &left_headers);
    Sides { left, right, left_headers, right_headers, same }
}

/// A path as the API writes it: members of lists are all alike.
fn said_path(path: &str) -> String {
    let mut said = String::new();
    for part in path.split('\u{0}') {
        match part.parse::<usize>() {
            Ok(_) => said.push_str("[]"),
            Err(_) if said.is_empty() => said.push_str(part),
            Err(_) => {
                said.push('.');
                said.push_str(part);
            }
        }
    }
    said
}

fn said(dead: &EventDetail, other: &EventDetail, headers: &[Line]) -> String {
    let size = number::count(dead.payload.size as u64, "byte", "bytes");
    let payload =
        if dead.payload == other.payload { format!("payload the same {size}") } else { "payloads differ".to_owned() };
    let added = headers.iter().filter(|line| line.mark == Mark::Added).count() as u64;
    match added {
        0 => format!("{payload}, no header added"),
        added => format!("{payload}, {} added", number::count(added, "header", "headers")),
    }
}

/// The lines of a payload, each with the path of its field.
fn payload(event: &EventDetail) -> Vec<(String, Line)> {
    let text = match (&event.decoded, &event.payload.content) {
        (Some(decoded), _) => decoded.clone(),
        (None, Some(Bytes::Text(text))) => text.clone(),
        (None, Some(content)) => return vec![(String::new(), plain(bytes::line(content), ""))],
        (None, None) => return vec![(String::new(), plain("no payload".to_owned(), "c"))],
    };
    let nodes = json::scan(&text).nodes;
    match nodes.first().map(|root| root.kind) {
        Some(Kind::Object | Kind::Array) => fields(&nodes),
        _ => vec![(String::new(), plain(text.chars().take(LONGEST).collect(), ""))],
    }
}

fn plain(value: String, class: &'static str) -> Line {
    Line { depth: 0, name: None, value, class, mark: Mark::Same }
}

fn fields(nodes: &[Node]) -> Vec<(String, Line)> {
    let mut path: Vec<String> = Vec::new();
    let field = |node: &Node| {
        path.truncate(node.depth - 1);
        let name = node.key.clone().or_else(|| node.index.map(|index| index.to_string()));
        path.push(name.clone().unwrap_or_default());
        let (value, class) = match node.kind {
            Kind::Object => (if node.children == 0 { "{ }" } else { "" }.to_owned(), "c"),
            Kind::Array => (
                if node.children == 0 {
                    "[ ]".to_owned()
                } else {
                    number::count(node.children as u64, "item", "items")
                },
                "c",
            ),
            Kind::Text => (node.text.chars().take(LONGEST).collect(), "s"),
            Kind::Number => (node.text.clone(), "nb"),
            Kind::Word => (node.text.clone(), "w"),
        };
        (path.join("\u{0}"), Line { depth: node.depth - 1, name, value, class, mark: Mark::Same })
    };
    nodes.iter().skip(1).take(MOST).map(field).collect()
}

/// A field is the same where the other side has its value under its path.
fn marked(lines: Vec<(String, Line)>, other: &[(String, Line)]) -> Vec<Line> {
    let there: HashMap<&str, &str> = other.iter().map(|(path, line)| (path.as_str(), line.value.as_str())).collect();
    let mark = |(path, line): (String, Line)| {
        let mark = match there.get(path.as_str()) {
            None => Mark::Added,
            Some(value) if *value == line.value => line.mark,
            Some(_) => Mark::Differs,
        };
        Line { mark, ..line }
    };
    lines.into_iter().map(mark).collect()
}

fn headers(headers: &[HeaderView]) -> Vec<Line> {
    headers.iter().map(|header| header_line(header, Mark::Same)).collect()
}

fn header_line(header: &HeaderView, mark: Mark) -> Line {
    let value =
        header.decoded.clone().or_else(|| header.value.as_ref().map(bytes::line)).unwrap_or_else(|| "null".to_owned());
    Line { depth: 0, name: Some(header.name.clone()), value: value.chars().take(LONGEST).collect(), class: "s", mark }
}

/// Headers of both, those of one name beside each other; what only one side has leaves a gap on the other.
fn beside(left: &[HeaderView], right: &[HeaderView]) -> (Vec<Line>, Vec<Line>) {
    let (mut lefts, mut rights) = (Vec::new(), Vec::new());
    let mut rest: Vec<&HeaderView> = right.iter().collect();
    let gap = || Line { depth: 0, name: None, value: "\u{a0}".to_owned(), class: "", mark: Mark::Gap };
    let mut added = Vec::new();
    for header in left {
        match rest.iter().position(|other| other.name == header.name) {
            Some(at) => {
                let other = rest.remove(at);
                let mark = if other.value == header.value { Mark::Same } else { Mark::Differs };
                lefts.push(header_line(header, mark));
                rights.push(header_line(other, mark));
            }
            None => added.push(header),
        }
    }
    for header in added {
        lefts.push(header_line(header, Mark::Added));
        rights.push(gap());
    }
    for header in rest {
        lefts.push(gap());
        rights.push(header_line(header, Mark::Added));
    }
    (lefts, rights)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &str) -> HeaderView {
        HeaderView {
            name: name.into(),
            value: Some(Bytes::Text(value.into())),
            decoded: None,
            encoding: "text".into(),
            family: None,
        }
    }

    fn marks(lines: &[Line]) -> Vec<(Option<&str>, Mark)> {
        lines.iter().map(|line| (line.name.as_deref(), line.mark)).collect()
    }

    #[test]
    fn headers_of_one_name_stand_beside_each_other() {
        let (left, right) = beside(
            &[header("a", "1"), header("dlt", "x"), header("b", "2")],
            &[header("b", "3"), header("a", "1"), header("c", "4")],
        );
        assert_eq!(
            marks(&left),
            [(Some("a"), Mark::Same), (Some("b"), Mark::Differs), (Some("dlt"), Mark::Added), (None, Mark::Gap)]
        );
        assert_eq!(
            marks(&right),
            [(Some("a"), Mark::Same), (Some("b"), Mark::Differs), (None, Mark::Gap), (Some("c"), Mark::Added)]
        );
    }

    #[test]
    fn paths_are_those_of_the_comparison() {
        assert_eq!(said_path("items\u{0}3\u{0}sku"), "items[].sku");
        assert_eq!(said_path("card\u{0}type"), "card.type");
    }

    #[test]
    fn fields_are_compared_by_path() {
        let lines = |text: &str| fields(&json::scan(text).nodes);
        let (one, other) =
            (lines(r#"{"card":{"type":"CB"},"n":1,"x":[1,2]}"#), lines(r#"{"card":{"type":"VISA"},"n":1,"x":[1]}"#));
        let found = marked(one, &other);
        let differing: Vec<_> =
            found.iter().filter(|line| line.mark != Mark::Same).map(|line| (line.value.as_str(), line.mark)).collect();
        assert_eq!(differing, [("CB", Mark::Differs), ("2 items", Mark::Differs), ("2", Mark::Added)]);
    }
}
