//! What a query answered: rows of any number, numbers to the right, IDs as links, a quick chart where there is one.

use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;
use tapline_api::{SqlAnswer, SqlColumn};

use super::{
    run::{Outcome, Run},
    schema::short,
};
use crate::{
    format::{id, number, time},
    state::{settings::Zone, time_range::use_zone},
    ui::{
        Ico, Icon, IdLink,
        download::{Format, download_sql},
        empty::Empty,
        menu::{Item, Menu},
        rows::Rows,
        skeleton::Skeleton,
        toast::use_toasts,
    },
};

/// Characters of a cell; the rest is in its title.
const CELL: usize = 120;

/// The panel.
#[component]
pub(super) fn ResultPanel(run: Run) -> impl IntoView {
    // The rows of the query before stay while a new one runs or fails.
    let answer = Memo::new(move |before: Option<&Option<Arc<SqlAnswer>>>| {
        run.outcome.with(|outcome| match outcome {
            Outcome::Answer(answer) => Some(Arc::clone(answer)),
            _ => before.cloned().flatten(),
        })
    });
    let is_old = move || run.since.with(Option::is_some) || run.outcome.with(|outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Cancelled));
    let content = move || match (answer.get(), run.since.with(Option::is_some)) {
        (Some(answer), _) if answer.rows.is_empty() => view! { <Empty title="No rows" why="The query ran and nothing matches it."/> }.into_any(),
        (Some(answer), _) => view! { <Grid answer/> }.into_any(),
        (None, true) => view! { <Skeleton/> }.into_any(),
        (None, false) => ().into_any(),
    };
    move || {
        let shown = answer.with(Option::is_some) || run.since.with(Option::is_some);
        shown.then(|| view! {
            <section class="panel" aria-label="Result">
                <div class="head">
                    <h2>"Result"</h2>
                    <span class="t3">{move || answer.get().map(|answer| number::count(answer.rows.len() as u64, "row", "rows"))}</span>
                    <span class="t3">{move || answer.get().filter(|answer| answer.truncated).map(|_| "and more: cut at the limit")}</span>
                    <span class="end"><Export run/></span>
                </div>
                <div class:stale=is_old>{content}</div>
            </section>
        })
    }
}

#[component]
fn Export(run: Run) -> impl IntoView {
    let toasts = use_toasts();
    let button = || view! { <Ico icon=Icon::Export/>"Export"<Ico icon=Icon::Down class="i caret"/> };
    let choose = move |format: Format| move || download_sql(run.sql.get_untracked(), format, "query", toasts);
    view! {
        <Menu class="btn btn-quiet btn-s" button=ViewFn::from(button) from_right=true>
            <Item text="CSV" on_choose=choose(Format::Csv)/>
            <Item text="JSON" on_choose=choose(Format::Json)/>
        </Menu>
    }
}

/// What a column holds, as far as drawing it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Number,
    Time,
    Text,
}

fn manner(column: &SqlColumn) -> Manner {
    match short(&column.data_type) {
        "int" | "num" => Manner::Number,
        "time" => Manner::Time,
        _ => Manner::Text,
    }
}

/// Width of a column in characters, from its head and its first rows.
fn width(answer: &SqlAnswer, column: usize, manner: Manner) -> usize {
    let longest = answer.rows.iter().take(200).filter_map(|row| row.get(column)).map(|value| text(value, manner, Zone::Utc).chars().count()).max();
    let name = answer.columns.get(column).map_or(0, |column| column.name.chars().count());
    longest.unwrap_or(0).max(name).clamp(4, 48) + 3
}

#[component]
fn Grid(answer: Arc<SqlAnswer>) -> impl IntoView {
    let zone = use_zone();
    let manners: Arc<[Manner]> = answer.columns.iter().map(manner).collect();
    let head = |(index, column): (usize, &SqlColumn)| {
        let manner = manners[index];
        let class = if manner == Manner::Number { "num" } else { "" };
        view! { <th class=class style:width=format!("{}ch", width(&answer, index, manner)) title=column.data_type.clone()>{column.name.clone()}</th> }
    };
    let heads = answer.columns.iter().enumerate().map(head).collect_view();
    let (count, columns) = (answer.rows.len(), answer.columns.len() + 2);
    let drawn = move || {
        let (zone, answer, manners) = (zone.get(), Arc::clone(&answer), Arc::clone(&manners));
        let row = move |index: usize| {
            let cells = answer.rows.get(index).map(|row| row.iter().zip(manners.iter()).map(|(value, manner)| cell(value, *manner, zone)).collect_view());
            view! { <tr><td class="num t3 rn">{(index + 1).to_string()}</td>{cells}<td></td></tr> }
        };
        view! { <Rows count=Signal::stored(count) columns key=|index| index.to_string() row/> }
    };
    view! {
        <div class="scroll" tabindex="0">
            <table class="table fixed res" aria-rowcount=count.to_string()>
                <thead><tr><th class="num rn">"#"</th>{heads}<th></th></tr></thead>
                {drawn}
            </table>
        </div>
    }
}

fn cell(value: &Value, manner: Manner, zone: Zone) -> AnyView {
    let whole = text(value, manner, zone);
    match (value, manner) {
        (Value::Null, _) => view! { <td class=if manner == Manner::Number { "num t3" } else { "t3" }>"null"</td> }.into_any(),
        (_, Manner::Number) => view! { <td class="num" title=raw(value)>{whole}</td> }.into_any(),
        (_, Manner::Time) => view! { <td class="t2" title=raw(value)>{whole}</td> }.into_any(),
        (Value::String(text), Manner::Text) if id::looks_like_id(text) => view! { <td><IdLink id=text.clone() limit=46/></td> }.into_any(),
        (Value::Object(_) | Value::Array(_), _) => view! { <td class="mono t2" title=whole.clone()>{cut(&whole)}</td> }.into_any(),
        _ => view! { <td title=whole.clone()>{cut(&whole)}</td> }.into_any(),
    }
}

fn cut(text: &str) -> String {
    if text.chars().nth(CELL).is_none() { text.to_owned() } else { format!("{}…", text.chars().take(CELL).collect::<String>()) }
}

fn raw(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value as it is shown: thousands for whole numbers, clocks in the zone, JSON for what is nested.
fn text(value: &Value, manner: Manner, zone: Zone) -> String {
    match (value, manner) {
        (Value::Null, _) => "null".to_owned(),
        (Value::Number(number), Manner::Number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => number::exact(whole),
            (None, Some(whole)) => format!("−{}", number::exact(whole.unsigned_abs())),
            (None, None) => number.to_string(),
        },
        (Value::String(text), Manner::Number) => text.parse::<u64>().map_or_else(|_| text.clone(), number::exact),
        (Value::String(text), Manner::Time) => match time::parse(text).map(|micros| micros.div_euclid(1000)) {
            Some(at) => format!("{} {}", time::day(at, zone), time::milli(at, zone)),
            None => text.clone(),
        },
        (other, _) => raw(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_shown_as_their_column_asks() {
        assert_eq!(text(&json!(1284), Manner::Number, Zone::Utc), "1,284");
        assert_eq!(text(&json!(-1284), Manner::Number, Zone::Utc), "−1,284");
        assert_eq!(text(&json!(0.25), Manner::Number, Zone::Utc), "0.25");
        assert_eq!(text(&json!("9007199254740993"), Manner::Number, Zone::Utc), "9,007,199,254,740,993");
        assert_eq!(text(&json!("2026-11-21T03:12:44.197402Z"), Manner::Time, Zone::Utc), "21 Nov 03:12:44.197");
        assert_eq!(text(&json!({"a": [1]}), Manner::Text, Zone::Utc), r#"{"a":[1]}"#);
    }

    #[test]
    fn a_column_is_as_wide_as_what_it_holds_within_limits() {
        let column = |name: &str| SqlColumn { name: name.into(), data_type: "Utf8".into(), description: None };
        let answer = SqlAnswer {
            columns: vec![column("n"), column("body")],
            rows: vec![vec![json!("ab"), json!("x".repeat(500))]],
            truncated: false,
            elapsed_ms: 1.0,
        };
        assert_eq!([0, 1].map(|at| width(&answer, at, Manner::Text)), [7, 51]);
    }
}
