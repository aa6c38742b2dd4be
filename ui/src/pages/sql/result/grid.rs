//! The rows: of any number, numbers to the right, IDs as links, a bar beside each row for the number that is measured.

use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;
use tapline_api::{SqlAnswer, SqlColumn};

use super::value::{Manner, manner, raw, text};
use crate::{
    format::id,
    state::{settings::Zone, time_range::use_zone},
    ui::{IdLink, rows::Rows},
};

/// Characters of a cell; the rest is in its title.
const CELL: usize = 120;

/// Columns that hold names of things: a topic with a number in its name is no ID.
const NAMED: [&str; 9] =
    ["source", "system", "destination", "type", "producer", "consumer_group", "root_cause", "format", "name"];

/// Width of a column in pixels, from its head and its first rows.
fn width(answer: &SqlAnswer, column: usize, manner: Manner) -> usize {
    let rows = answer.rows.iter().take(200).filter_map(|row| row.get(column));
    let longest = rows.map(|value| text(value, manner, Zone::Utc).chars().count()).max();
    let name = answer.columns.get(column).map_or(0, |column| column.name.chars().count());
    // Tenths of a pixel: figures are narrower than capitals.
    let character = if manner == Manner::Text { 76 } else { 62 };
    longest.unwrap_or(0).max(name).clamp(4, 46) * character / 10 + 20
}

/// The column that is measured, and its largest value: of those with whole amounts the one that the rows are sorted by,
/// else the last.
pub(super) fn measure(answer: &SqlAnswer) -> Option<(usize, f64)> {
    let amounts = |column: usize| answer.rows.iter().filter_map(move |row| row.get(column)?.as_f64());
    let measured = |column: &usize| {
        super::super::schema::short(&answer.columns[*column].data_type) == "int"
            && amounts(*column).all(|value| value >= 0.0)
    };
    let sorted = |column: &usize| {
        let (values, mut falls) = (amounts(*column).collect::<Vec<_>>(), false);
        let steps = values.windows(2).all(|pair| {
            falls |= pair[1] < pair[0];
            pair[1] <= pair[0]
        });
        steps && falls
    };
    let columns: Vec<usize> = (0..answer.columns.len()).filter(measured).collect();
    let column = columns.iter().copied().find(sorted).or(columns.last().copied())?;
    let most = amounts(column).fold(0.0, f64::max);
    (most > 0.0 && answer.rows.len() > 1).then_some((column, most))
}

/// The table.
#[component]
pub(super) fn Grid(
    /// What was answered.
    answer: Arc<SqlAnswer>,
) -> impl IntoView {
    let zone = use_zone();
    let manners: Arc<[Manner]> = answer.columns.iter().map(manner).collect();
    let named: Arc<[bool]> = answer.columns.iter().map(|column| NAMED.contains(&column.name.as_str())).collect();
    let head = |(index, column): (usize, &SqlColumn)| {
        let manner = manners[index];
        let class = if manner == Manner::Number { "num" } else { "" };
        let title = column.data_type.clone();
        view! { <th class=class style:width=format!("{}px", width(&answer, index, manner)) title=title>{column.name.clone()}</th> }
    };
    let heads = answer.columns.iter().enumerate().map(head).collect_view();
    let (count, measured) = (answer.rows.len(), measure(&answer));
    let measured_name = measured.map(|(column, _)| answer.columns[column].name.clone());
    let drawn = move || {
        let (zone, answer) = (zone.get(), Arc::clone(&answer));
        let (manners, named) = (Arc::clone(&manners), Arc::clone(&named));
        let row = move |index: usize| {
            let values = answer.rows.get(index);
            let cells = values.map(|row| {
                let columns = manners.iter().zip(named.iter());
                row.iter()
                    .zip(columns)
                    .map(|(value, (manner, named))| cell(value, *manner, *named, zone))
                    .collect_view()
            });
            let bar = measured.and_then(|(column, most)| Some(values?.get(column)?.as_f64()? / most)).map(bar);
            view! { <tr><td class="num t3 rn">{(index + 1).to_string()}</td>{cells}<td>{bar}</td></tr> }
        };
        view! { <Rows count=Signal::stored(count) key=|index| index.to_string() row/> }
    };
    view! {
        <div class="scroll" tabindex="0">
            <table class="table fixed res" aria-rowcount=count.to_string()>
                <thead><tr><th class="num rn">"#"</th>{heads}<th>{measured_name.map(|name| view! { <span class="vh">"Bar of "{name}</span> })}</th></tr></thead>
                {drawn}
            </table>
        </div>
    }
}

fn bar(share: f64) -> impl IntoView {
    view! { <span class="meter wide" aria-hidden="true"><i style:width=format!("{:.1}%", share * 100.0)></i></span> }
}

fn cell(value: &Value, manner: Manner, named: bool, zone: Zone) -> AnyView {
    let whole = text(value, manner, zone);
    match (value, manner) {
        (Value::Null, _) => {
            view! { <td class=if manner == Manner::Number { "num t3" } else { "t3" }>"null"</td> }.into_any()
        }
        (_, Manner::Number) => view! { <td class="num" title=raw(value)>{whole}</td> }.into_any(),
        (_, Manner::Time) => view! { <td class="t2" title=raw(value)>{whole}</td> }.into_any(),
        (Value::String(text), Manner::Text) if !named && id::looks_like_id(text) => {
            view! { <td><IdLink id=text.clone() limit=46/></td> }.into_any()
        }
        (Value::Object(_) | Value::Array(_), _) => {
            view! { <td class="mono t2" title=whole.clone()>{cut(&whole)}</td> }.into_any()
        }
        _ => view! { <td title=whole.clone()>{cut(&whole)}</td> }.into_any(),
    }
}

fn cut(text: &str) -> String {
    if text.chars().nth(CELL).is_none() {
        text.to_owned()
    } else {
        format!("{}…", text.chars().take(CELL).collect::<String>())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// An answer from names, types and rows.
    pub(crate) fn answer(columns: &[(&str, &str)], rows: Vec<Vec<Value>>) -> SqlAnswer {
        let column = |(name, data_type): &(&str, &str)| SqlColumn {
            name: (*name).into(),
            data_type: (*data_type).into(),
            description: None,
        };
        SqlAnswer {
            columns: columns.iter().map(column).collect(),
            rows,
            truncated: false,
            warnings: Vec::new(),
            elapsed_ms: 1.0,
        }
    }

    #[test]
    fn a_column_is_as_wide_as_what_it_holds_within_limits() {
        let answer = answer(&[("n", "Utf8"), ("body", "Utf8")], vec![vec![json!("ab"), json!("x".repeat(500))]]);
        assert_eq!([0, 1].map(|at| width(&answer, at, Manner::Text)), [50, 369]);
    }

    #[test]
    fn the_sorted_or_last_amount_is_measured_and_negative_numbers_are_no_amount() {
        let rows = vec![vec![json!("a"), json!(3), json!(-1)], vec![json!("b"), json!(6), json!(2)]];
        assert_eq!(measure(&answer(&[("t", "Utf8"), ("n", "Int64"), ("d", "Int64")], rows)), Some((1, 6.0)));
        let rows = vec![vec![json!(6), json!(1)], vec![json!(6), json!(9)], vec![json!(2), json!(4)]];
        assert_eq!(measure(&answer(&[("sorted", "Int64"), ("n", "Int64")], rows)), Some((0, 6.0)));
        assert_eq!(measure(&answer(&[("n", "Int64")], vec![vec![json!(0)], vec![json!(0)]])), None);
    }
}
