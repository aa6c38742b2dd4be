//! The beginning of a body on one line, as names and values; and what the bodies in view have in common.

use std::collections::BTreeMap;

use crate::{
    format::{
        json::{self, Kind, Node},
        number,
    },
    order::sort_by,
};

/// Attributes of CloudEvents that tell an envelope, of which the preview may hold but the begin.
const ENVELOPE: [&str; 5] = ["specversion", "datacontenttype", "correlationid", "causationid", "traceparent"];
/// Names and values on one line.
const PIECES: usize = 9;
/// Characters of a value.
const VALUE: usize = 48;

/// A name with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Empty for a text that is no object.
    pub(super) name: String,
    /// Shortened.
    pub(super) value: String,
    /// The class that colours the value.
    pub(super) class: &'static str,
}

/// The pieces of a preview; what says no more than the key is left out, containers come last.
pub(super) fn pieces(preview: &str, key: Option<&str>) -> Vec<Piece> {
    let nodes = json::scan(preview).nodes;
    if nodes.first().is_none_or(|root| root.kind != Kind::Object) {
        let text: String = preview.chars().take(200).collect();
        return vec![Piece { name: String::new(), value: text, class: "" }];
    }
    let (plain, containers): (Vec<&Node>, Vec<&Node>) =
        telling_part(&nodes).partition(|node| !matches!(node.kind, Kind::Object | Kind::Array));
    let telling = plain.into_iter().filter(|node| node.whole && Some(node.text.as_str()) != key);
    let mut all: Vec<Piece> = telling.map(piece).collect();
    // Numbers and short words tell more at a glance than what follows.
    all.extend(containers.into_iter().map(piece));
    all.truncate(PIECES);
    all
}

/// The fields of an object; of a CloudEvent that is an envelope those of its data, since the envelope only repeats what
/// the other columns show.
fn telling_part(nodes: &[Node]) -> impl Iterator<Item = &Node> {
    let named = |name: &str| nodes.iter().position(|node| node.depth == 1 && node.key.as_deref() == Some(name));
    let data = ENVELOPE.into_iter().find_map(named).and(named("data"));
    let inside = data
        .filter(|data| nodes[*data].kind == Kind::Object && nodes.get(data + 1).is_some_and(|next| next.depth == 2));
    let (first, depth) = inside.map_or((1, 1), |data| (data + 1, 2));
    nodes.iter().skip(first).take_while(move |node| node.depth >= depth).filter(move |node| node.depth == depth)
}

fn piece(node: &Node) -> Piece {
    let (value, class) = match node.kind {
        Kind::Object => ("{…}".to_owned(), "c"),
        Kind::Array if !node.whole => ("[…]".to_owned(), "c"),
        Kind::Array => (format!("{} {}", node.children, if node.children == 1 { "item" } else { "items" }), "c"),
        Kind::Text => (node.text.chars().take(VALUE).collect(), "s"),
        Kind::Number => (node.text.clone(), "nb"),
        Kind::Word => (node.text.clone(), "w"),
    };
    Piece { name: node.key.clone().unwrap_or_default(), value, class }
}

/// What a field holds in the rows in view.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Field {
    /// Rows that have it.
    pub(super) rows: usize,
    /// Values with their counts; at most a few are kept.
    pub(super) values: BTreeMap<String, usize>,
    /// Smallest and largest, when all are numbers.
    pub(super) range: Option<(f64, f64)>,
    /// Whether a value came that is no number.
    pub(super) words: bool,
}

/// Fields of the payloads by their path, from the beginnings of their bodies.
pub(super) fn fields<'a>(previews: impl Iterator<Item = &'a str>) -> BTreeMap<String, Field> {
    let mut fields: BTreeMap<String, Field> = BTreeMap::new();
    for preview in previews {
        let mut path: Vec<String> = Vec::new();
        for node in json::scan(preview).nodes.iter().skip(1) {
            path.truncate(node.depth.saturating_sub(1));
            path.push(node.key.clone().unwrap_or_default());
            let named = path.iter().all(|name| !name.is_empty() && !name.contains(['.', ' ', ':', '"']));
            let plain = node.whole && !matches!(node.kind, Kind::Object | Kind::Array);
            if named && plain && fields.len() < 300 {
                fields.entry(path.join(".")).or_default().take_in(node);
            }
        }
    }
    fields
}

impl Field {
    fn take_in(&mut self, node: &Node) {
        self.rows += 1;
        match number::read(&node.text).filter(|_| node.kind == Kind::Number) {
            Some(number) => {
                let (low, high) = self.range.unwrap_or((number, number));
                self.range = Some((low.min(number), high.max(number)));
            }
            None => self.words = true,
        }
        if self.values.len() < 50 || self.values.contains_key(&node.text) {
            *self.values.entry(node.text.clone()).or_default() += 1;
        }
    }

    /// What it holds, in a few words: `5.20 to 480`, `LIL-1, LYS-2`, `120 values`.
    pub(super) fn said(&self) -> String {
        match self.range {
            Some((low, high)) if !self.words && low < high => format!("{} to {}", trimmed(low), trimmed(high)),
            _ => match self.values.len() {
                0 => String::new(),
                1..=3 => self
                    .values
                    .keys()
                    .map(|value| value.chars().take(16).collect::<String>())
                    .collect::<Vec<_>>()
                    .join(", "),
                50.. => "many values".to_owned(),
                several => format!("{several} values"),
            },
        }
    }

    /// Values from the most frequent down.
    pub(super) fn frequent(&self) -> Vec<(&str, usize)> {
        let mut values: Vec<(&str, usize)> =
            self.values.iter().map(|(value, count)| (value.as_str(), *count)).collect();
        sort_by(&mut values, |one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        values
    }
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(preview: &str, key: Option<&str>) -> String {
        pieces(preview, key)
            .into_iter()
            .map(|piece| format!("{} {}", piece.name, piece.value))
            .collect::<Vec<_>>()
            .join(" | ")
    }

    #[test]
    fn a_body_reads_as_names_and_values() {
        let preview =
            r#"{"orderId":"ORD-1","lines":[{"sku":"A"},{"sku":"B"}],"total":287.760,"country":"FR","ok":true}"#;
        assert_eq!(line(preview, Some("ORD-1")), "total 287.760 | country FR | ok true | lines 2 items");
    }

    #[test]
    fn a_body_that_was_cut_shows_what_is_whole() {
        assert_eq!(line(r#"{"total":5,"lines":[{"sku":"A"},{"sk"#, None), "total 5 | lines […]");
        assert_eq!(line(r#"{"total":5,"note":"half a sen"#, None), "total 5");
    }

    #[test]
    fn of_an_envelope_the_data_is_shown() {
        let preview = r#"{"causationid":"9550","data":{"orderId":"ORD-1","parcel":{"items":7},"warehouse":"LEJ-2"},"d"#;
        assert_eq!(line(preview, Some("ORD-1")), "warehouse LEJ-2 | parcel {…}");
        assert_eq!(line(r#"{"correlationid":"9550","data":{"#, None), "correlationid 9550 | data {…}");
        assert_eq!(line(r#"{"total":5,"data":{"a":1}}"#, None), "total 5 | data {…}");
    }

    #[test]
    fn what_is_no_object_is_shown_as_it_is() {
        assert_eq!(line("<b>hello</b>", None), " <b>hello</b>");
        assert_eq!(line("", None), " ");
    }

    #[test]
    fn fields_know_their_paths_values_and_ranges() {
        let bodies =
            [r#"{"total":5.20,"card":{"type":"VISA"}}"#, r#"{"total":480,"card":{"type":"AMEX"},"list":[{"x":1}]}"#];
        let fields = fields(bodies.into_iter());
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["card.type", "total"]);
        assert_eq!(fields["total"].said(), "5.2 to 480");
        assert_eq!(fields["card.type"].said(), "AMEX, VISA");
        assert_eq!(fields["card.type"].frequent()[0], ("AMEX", 1));
    }
}
