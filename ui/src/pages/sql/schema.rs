//! Tables with their columns, and functions; a press puts a name into the query.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{SqlColumn, SqlSchema, SqlTable};

use crate::{
    api::load::Load,
    ui::{Ico, Icon, Loaded, skeleton::Skeleton},
};

/// The panel.
#[component]
pub(super) fn Schema(schema: Load<SqlSchema>, text: RwSignal<String>) -> impl IntoView {
    let count = move || schema.data.with(|schema| schema.as_ref().map(|schema| schema.tables.len()));
    let show = move |schema: Arc<SqlSchema>| view! { <Tables schema text/> };
    // As high as what comes, so that the examples stay where they are.
    let skeleton = || {
        view! {
            <div class="schema"><Skeleton/></div>
            <div class="functions"><div class="head"><h2>"Functions"</h2></div></div>
        }
    };
    view! {
        <section class="panel tables">
            <div class="head"><h2>"Tables"</h2><span class="t3">{count}</span></div>
            <Loaded load=schema what="The tables" skeleton=ViewFn::from(skeleton) show/>
        </section>
    }
}

#[component]
fn Tables(schema: Arc<SqlSchema>, text: RwSignal<String>) -> impl IntoView {
    let table = move |(index, table): (usize, &SqlTable)| view! { <Table table=table.clone() open=RwSignal::new(index == 0) text/> };
    let functions = schema.functions.iter().map(|name| view! { <code>{name.clone()}</code> }).collect_view();
    view! {
        <div class="schema">{schema.tables.iter().enumerate().map(table).collect_view()}</div>
        <details class="functions">
            <summary class="head"><h2>"Functions"</h2><span class="t3">{schema.functions.len()}</span></summary>
            <div class="fnl">{functions}</div>
        </details>
    }
}

#[component]
fn Table(table: SqlTable, open: RwSignal<bool>, text: RwSignal<String>) -> impl IntoView {
    let column = move |column: SqlColumn| {
        let (name, title) =
            (column.name.clone(), column.description.clone().unwrap_or_else(|| column.data_type.clone()));
        let insert = move |_| text.update(|text| insert(text, &name));
        view! { <button type="button" class="col" title=title on:click=insert><span class="cut">{column.name}</span><small>{short(&column.data_type)}</small></button> }
    };
    let columns = table.columns.clone();
    view! {
        <button type="button" title=table.description aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|open| *open = !*open)>
            {move || view! { <Ico icon=if open.get() { Icon::Down } else { Icon::Right }/> }}
            <span class="mono cut">{table.name}</span>
        </button>
        {move || open.get().then(|| columns.clone().into_iter().map(column).collect_view())}
    }
}

/// Puts a name at the end of the text, apart from what stands there.
fn insert(text: &mut String, name: &str) {
    let apart = text.is_empty() || text.ends_with(|c: char| c.is_whitespace() || matches!(c, '(' | '.'));
    if !apart {
        text.push(' ');
    }
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && name != "offset" && name != "timestamp" {
        text.push_str(name)
    } else {
        text.push_str(&format!("\"{name}\""))
    }
}

/// Arrow's name of a type as people say it.
pub(super) fn short(data_type: &str) -> &'static str {
    match data_type {
        "Utf8" | "LargeUtf8" | "Utf8View" => "text",
        "Boolean" => "bool",
        "Binary" | "LargeBinary" | "BinaryView" | "FixedSizeBinary(16)" => "bytes",
        other if other.starts_with("Timestamp") => "time",
        other if other.starts_with("Interval") || other.starts_with("Duration") => "span",
        other if other.starts_with("Dictionary") => "text",
        other if other.starts_with("Int") || other.starts_with("UInt") => "int",
        other if other.starts_with("Float") || other.starts_with("Decimal") => "num",
        other if other.starts_with("List") || other.starts_with("LargeList") => "list",
        other if other.starts_with("Struct") => "struct",
        other if other.starts_with("Date") => "date",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_apart_and_are_quoted_where_sql_asks_for_it() {
        let mut text = "SELECT".to_owned();
        insert(&mut text, "type");
        insert(&mut text, "offset");
        assert_eq!(text, "SELECT type \"offset\"");
    }

    #[test]
    fn types_are_named_as_people_say_them() {
        assert_eq!(
            ["Utf8View", "Timestamp(Microsecond, Some(\"UTC\"))", "UInt64", "List(Utf8)"].map(short),
            ["text", "time", "int", "list"]
        );
    }
}
