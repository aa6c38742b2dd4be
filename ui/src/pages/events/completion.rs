//! What the filter line offers while someone types: names first, then the values of the name that is typed.

use std::collections::BTreeMap;

use super::preview::Field;
use crate::{
    filter::{COLUMNS, DEAD_LETTER},
    order::sort_by_key,
};

const MOST: usize = 8;

/// What is known of the data.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    /// Values of columns, most frequent first.
    pub(super) columns: BTreeMap<&'static str, Vec<String>>,
    /// Fields of the payloads.
    pub(super) fields: BTreeMap<String, Field>,
}

/// One offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    /// What stands in the line when it is taken.
    pub(super) text: String,
    /// The part of it that was typed, as a range of bytes.
    pub(super) typed: (usize, usize),
    /// Beside it.
    pub(super) note: String,
    /// Whether it is a whole term.
    pub(super) whole: bool,
}

/// Offers for the word at the end of what is typed.
pub(super) fn offers(typed: &str, known: &Known) -> Vec<Offer> {
    let word = typed.rsplit(char::is_whitespace).next().unwrap_or_default();
    let mut offers = match word.split_once(':') {
        Some((name, value)) => values(name, value, known),
        None => names(word, known),
    };
    offers.truncate(MOST);
    offers
}

fn names(word: &str, known: &Known) -> Vec<Offer> {
    let lower = word.to_lowercase();
    let columns = COLUMNS.iter().map(|(name, what)| (format!("{name}:"), (*what).to_owned(), false));
    let dead = std::iter::once((format!("{DEAD_LETTER}:true"), "only events that were given up".to_owned(), true));
    let fields = known.fields.iter().map(|(name, field)| {
        let said = field.said();
        let operator = if field.range.is_some() && !field.words { ">" } else { ":" };
        (
            format!("{name}{operator}"),
            if said.is_empty() { "field".to_owned() } else { format!("field, {said}") },
            false,
        )
    });
    let mut found: Vec<(bool, Offer)> = columns
        .chain(dead)
        .chain(fields)
        .filter_map(|(text, note, whole)| {
            let at = text.to_lowercase().find(&lower)?;
            let typed = (at, (at + lower.len()).min(text.len()));
            text.is_char_boundary(typed.0).then_some((at > 0, Offer { text, typed, note, whole }))
        })
        .collect();
    // What begins with the word stands before what holds it.
    sort_by_key(&mut found, |(inside, _)| *inside);
    found.into_iter().map(|(_, offer)| offer).collect()
}

fn values(name: &str, value: &str, known: &Known) -> Vec<Offer> {
    let lower = value.to_lowercase();
    let column = known
        .columns
        .get(name)
        .map(|values| values.iter().map(|value| (value.clone(), String::new())).collect::<Vec<_>>());
    let field = known.fields.get(name).map(|field| {
        field
            .frequent()
            .into_iter()
            .map(|(value, count)| (value.to_owned(), format!("{count} of the rows shown")))
            .collect()
    });
    let offer = |(value, note): (String, String)| {
        let at = value.to_lowercase().find(&lower)?;
        let quoted = if value.contains(|c: char| c.is_whitespace() || c == '"') { format!("{value:?}") } else { value };
        let text = format!("{name}:{quoted}");
        let begin = (name.len() + 1 + at).min(text.len());
        let typed = (begin, (begin + lower.len()).min(text.len()));
        let sound = text.is_char_boundary(typed.0) && text.is_char_boundary(typed.1);
        sound.then_some(Offer { typed, note, whole: true, text })
    };
    column.or(field).unwrap_or_default().into_iter().filter_map(offer).collect()
}

/// The line after an offer is taken: it replaces the last word.
pub(super) fn take(typed: &str, offer: &Offer) -> String {
    let before = typed.trim_end_matches(|c: char| !c.is_whitespace());
    format!("{before}{}", offer.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::events::preview::fields;

    fn known() -> Known {
        let bodies = [r#"{"total":5.20,"totalTax":1,"card":{"type":"CARTE BLEUE"}}"#, r#"{"total":480}"#];
        Known {
            columns: BTreeMap::from([("destination", vec!["orders".to_owned(), "orders-dlt".to_owned()])]),
            fields: fields(bodies.into_iter()),
        }
    }

    fn texts(typed: &str) -> Vec<String> {
        offers(typed, &known()).into_iter().map(|offer| offer.text).collect()
    }

    #[test]
    fn names_are_offered_with_what_they_hold() {
        let offers = offers("tot", &known());
        assert_eq!(
            (offers[0].text.as_str(), offers[0].note.as_str(), offers[0].typed),
            ("total>", "field, 5.2 to 480", (0, 3))
        );
        assert_eq!(texts("x type")[..2], ["type:", "card.type:"]);
    }

    #[test]
    fn values_are_offered_for_the_name_that_is_typed() {
        assert_eq!(texts("destination:"), ["destination:orders", "destination:orders-dlt"]);
        assert_eq!(texts("destination:DL"), ["destination:orders-dlt"]);
        assert_eq!(texts("card.type:"), ["card.type:\"CARTE BLEUE\""]);
        assert!(texts("unknown:x").is_empty());
    }

    #[test]
    fn an_offer_replaces_the_last_word() {
        let offer = offers("type:A dest", &known()).remove(0);
        assert_eq!(take("type:A dest", &offer), "type:A destination:");
        assert_eq!(take("", &offer), "destination:");
    }
}
