//! What a query answered: the rows, and a quick chart beside them where time and a number are among the columns.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Select, SqlAnswer};

use super::run::{Outcome, Run};
use crate::{
    format::number,
    frame::StatusLoad,
    planning::use_planning,
    react::memo,
    ui::{
        Button, Ico, Icon, Look,
        download::{Format, download_sql},
        empty::Empty,
        menu::{Item, Menu},
        skeleton::Skeleton,
        toast::use_toasts,
    },
};

mod chart;
mod grid;
mod value;

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
    let status = expect_context::<StatusLoad>();
    let is_new = memo(move || status.is_new());
    let is_old = move || {
        run.since.with(Option::is_some)
            || run.outcome.with(|outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Cancelled))
    };
    let content = move || match (answer.get(), run.since.with(Option::is_some)) {
        (Some(answer), _) if answer.rows.is_empty() => {
            let why = match is_new.get() {
                true => "Nothing is archived yet: rows come with the first event.",
                false => "The query ran and nothing matches it.",
            };
            view! { <Empty title="No rows" why=why/> }.into_any()
        }
        (Some(answer), _) => view! { <grid::Grid answer/> }.into_any(),
        (None, true) => view! { <Skeleton/> }.into_any(),
        (None, false) => ().into_any(),
    };
    move || {
        let shown = answer.with(Option::is_some) || run.since.with(Option::is_some);
        let drawn = move || {
            answer.get().and_then(|answer| chart::of(&answer)).map(|chart| view! { <chart::QuickChart chart/> })
        };
        shown.then(|| view! {
            <div class="outg">
                <section class="panel" aria-label="Result">
                    <div class="head">
                        <h2>"Result"</h2>
                        <span class="t3">{move || answer.get().map(|answer| number::count(answer.rows.len() as u64, "row", "rows"))}</span>
                        <span class="t3">{move || answer.get().filter(|answer| answer.truncated).map(|_| "and more: cut at the limit")}</span>
                        <span class="end"><PlanButton run answer/><Export run/></span>
                    </div>
                    <div class:stale=is_old>{content}</div>
                </section>
                {drawn}
            </div>
        })
    }
}

/// Plans a replay of the events that the query names.
#[component]
fn PlanButton(run: Run, answer: Memo<Option<Arc<SqlAnswer>>>) -> impl IntoView {
    let planning = use_planning();
    let names = memo(move || {
        answer.with(|answer| answer.iter().any(|answer| answer.columns.iter().any(|column| column.name == "address")))
    });
    let press = move |_| {
        let select = Select { sql: Some(run.sql.get_untracked()), ..Select::default() };
        planning.ask(select, "The events that the query names in its column `address`.".to_owned());
    };
    move || {
        names.get().then(
            || view! { <Button text="Plan a replay" icon=Icon::Replay look=Look::Quiet small=true on_press=press/> },
        )
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
            <Item text="Parquet" on_choose=choose(Format::Parquet)/>
        </Menu>
    }
}
