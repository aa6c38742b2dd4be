//! What the rows have in common, beside the list where there is room: press a value to narrow the list.

use leptos::prelude::*;

use super::{Question, feed::Feed, preview};
use crate::{filter::Term, order::sort_by, react::memo};

/// Rows that are looked at.
const ROWS: usize = 200;
/// Values of a field.
const VALUES: usize = 5;
/// Fields shown.
const FIELDS: usize = 8;

/// Values of a field with their counts.
#[derive(Debug, Clone, PartialEq)]
struct Facet {
    name: String,
    values: Vec<(String, usize)>,
    of: usize,
}

/// Type, destination, producer, then the fields whose few values tell rows apart.
fn facets(rows: &[super::feed::Row]) -> Vec<Facet> {
    let rows = &rows[..rows.len().min(ROWS)];
    let mut facets = Vec::new();
    facets.extend(column("type", rows, |row| row.event_type.as_deref()));
    facets.extend(column("destination", rows, |row| Some(&row.destination)));
    facets.extend(column("producer", rows, |row| row.producer.as_deref()));
    let fields = preview::fields(rows.iter().filter_map(|row| row.preview.as_deref()));
    let mut telling: Vec<_> = fields
        .iter()
        .filter(|(_, field)| field.words && (1..=20).contains(&field.values.len()) && field.rows > 1)
        .collect();
    sort_by(&mut telling, |one, other| other.1.rows.cmp(&one.1.rows).then(one.0.cmp(other.0)));
    for (name, field) in telling.into_iter().take(FIELDS) {
        let values =
            field.frequent().into_iter().take(VALUES).map(|(value, count)| (value.to_owned(), count)).collect();
        facets.push(Facet { name: name.clone(), values, of: field.rows });
    }
    facets
}

fn column<'a>(
    name: &str,
    rows: &'a [super::feed::Row],
    of: impl Fn(&'a super::feed::Row) -> Option<&'a str>,
) -> Option<Facet> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for value in rows.iter().filter_map(of) {
        match counts.iter_mut().find(|(known, _)| known == value) {
            Some((_, count)) => *count += 1,
            None => counts.push((value.to_owned(), 1)),
        }
    }
    sort_by(&mut counts, |one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    let of = counts.iter().map(|(_, count)| count).sum();
    counts.truncate(VALUES);
    (!counts.is_empty()).then(|| Facet { name: name.to_owned(), values: counts, of })
}

/// The panel; styles/events.css shows it where the page is wide.
#[component]
pub(super) fn Facets(question: Question, feed: Feed) -> impl IntoView {
    let facets = memo(move || feed.rows.with(|rows| facets(rows)));
    let section = move |facet: Facet| {
        let name = facet.name.clone();
        let value = move |(value, count): (String, usize)| {
            let (term, title) = (term(&name, &value), value.clone());
            let share = format!("{:.1}%", count as f64 * 100.0 / facet.of.max(1) as f64);
            view! {
                <li><button type="button" class="facet" title=title on:click=move |_| question.add(term.clone())>
                    <span class="cut">{value}</span><span class="num">{count.to_string()}</span><i><b style:width=share></b></i>
                </button></li>
            }
        };
        view! { <section><h3 class="cut">{facet.name.clone()}</h3><ul>{facet.values.into_iter().map(value).collect_view()}</ul></section> }
    };
    view! {
        <aside class="panel facets" aria-label="Fields of the newest rows">
            <p class="micro t3">{move || format!("of the newest {} rows", feed.rows.with(|rows| rows.len().min(ROWS)))}</p>
            {move || facets.get().into_iter().map(section).collect_view()}
        </aside>
    }
}

fn term(name: &str, value: &str) -> Term {
    match crate::filter::COLUMNS.iter().find(|(column, _)| *column == name) {
        Some((name, _)) => Term::Column { name, value: value.to_owned() },
        None => Term::Field { path: name.to_owned(), operator: ":", value: value.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::pages::events::feed::tests::event;

    #[test]
    fn columns_come_first_then_fields_with_few_values() {
        let row = |offset, preview: &str| {
            Arc::new(tapline_api::EventSummary { preview: Some(preview.into()), ..event(offset, 1) })
        };
        let rows = [
            row(1, r#"{"country":"FR","total":5}"#),
            row(2, r#"{"country":"FR","total":6}"#),
            row(3, r#"{"country":"DE"}"#),
        ];
        let facets = facets(&rows);
        assert_eq!(
            facets.iter().map(|facet| facet.name.as_str()).collect::<Vec<_>>(),
            ["type", "destination", "country"]
        );
        assert_eq!(facets[2].values, [("FR".to_owned(), 2), ("DE".to_owned(), 1)]);
    }
}
