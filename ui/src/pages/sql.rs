//! SQL: ask anything. The query that ran stands in the address; what is being written is kept by the browser.

use leptos::prelude::*;
use tapline_api::SqlSchema;

use crate::{
    api::{failure::Failure, load::use_load},
    format::number,
    react::effect,
    state::{
        settings::{recall, remember},
        url::use_address,
    },
    ui::Answer,
};

mod editor;
mod examples;
mod result;
mod run;
mod schema;

use run::{Outcome, Run};

/// The page.
#[component]
pub(crate) fn Sql() -> impl IntoView {
    let address = use_address();
    let asked = address.get("sql");
    let first = asked.get_untracked().or_else(|| recall("sql")).unwrap_or_else(|| examples::EXAMPLES[0].1.to_owned());
    let text = RwSignal::new(first);
    let run = Run::new();
    let schema = use_load::<SqlSchema>(|| Some("/api/v1/sql/schema".to_owned()));
    effect(move || text.with(|text| remember("sql", text)));
    // The address decides what runs: a link, Back, an example and the button all go through it.
    Effect::new(move |before: Option<()>| match (asked.get(), before) {
        (Some(sql), _) => {
            text.set(sql.clone());
            run.start(sql);
        }
        (None, None) => run.start(text.get_untracked()),
        (None, Some(())) => {}
    });
    let ask = Callback::new(move |sql: String| {
        if asked.get_untracked().as_deref() == Some(&sql) {
            run.start(sql);
        } else {
            address.push(|query| query.set("sql", Some(&sql)));
        }
    });
    view! {
        <div class="page">
            <Answer headline=Signal::derive(move || run.outcome.with(headline)) detail=Signal::derive(move || run.outcome.with(detail))/>
            <div class="sgrid">
                <aside class="grid left" aria-label="Tables and examples">
                    <schema::Schema schema text/>
                    <examples::Examples ask/>
                </aside>
                <div class="grid right">
                    <editor::Editor text run ask/>
                    <result::ResultPanel run/>
                </div>
            </div>
        </div>
    }
}

fn headline(outcome: &Outcome) -> String {
    match outcome {
        Outcome::None => "Ask anything about what passed.".to_owned(),
        Outcome::Answer(answer) => {
            let least = if answer.truncated { "The first " } else { "" };
            format!("{least}{}.", number::count(answer.rows.len() as u64, "row", "rows"))
        }
        Outcome::Failed(_) => "The query did not run.".to_owned(),
        Outcome::Cancelled => "Cancelled.".to_owned(),
    }
}

fn detail(outcome: &Outcome) -> String {
    match outcome {
        Outcome::None => "PostgreSQL's dialect, read only, over memory and archive alike.".to_owned(),
        Outcome::Answer(answer) => {
            let more = if answer.truncated { " There are more: narrow the query or export it." } else { "" };
            format!(
                "Answered in {}, rows that are still in memory included.{more}",
                number::duration(answer.elapsed_ms)
            )
        }
        Outcome::Failed(failure) => at(failure),
        Outcome::Cancelled => "The server stops a query when nobody waits for it.".to_owned(),
    }
}

/// Where a query failed; why stands beneath its text.
fn at(failure: &Failure) -> String {
    match failure.place {
        Some((line, column)) => format!("Line {line}, column {column}: what stands there is underlined."),
        None => format!("{}.", failure.title),
    }
}

/// What a query failed at, without the place: that stands at the line itself.
fn why(detail: &str) -> String {
    let (sentence, place) = detail.rsplit_once(" (line ").unwrap_or((detail, ""));
    let ends = place.is_empty() || sentence.ends_with(['.', '?', '!']);
    if ends { sentence.to_owned() } else { format!("{sentence}.") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tapline_api::SqlAnswer;

    use super::*;

    #[test]
    fn the_answer_says_rows_time_whether_there_are_more_and_what_failed() {
        let answer = SqlAnswer {
            columns: Vec::new(),
            rows: vec![Vec::new(); 64],
            truncated: false,
            warnings: Vec::new(),
            elapsed_ms: 181.2,
        };
        let whole = Outcome::Answer(Arc::new(answer.clone()));
        assert_eq!(
            (headline(&whole), detail(&whole)),
            ("64 rows.".into(), "Answered in 181 ms, rows that are still in memory included.".into())
        );
        assert_eq!(
            why("There is no column `a`; did you mean `b`? (line 2, column 3)."),
            "There is no column `a`; did you mean `b`?"
        );
        assert_eq!(why("expected an end (line 1, column 9)."), "expected an end.");
        assert_eq!(why("It took longer than 30 s."), "It took longer than 30 s.");
        let failure = |place| Failure { place, ..Failure::network() };
        assert_eq!(at(&failure(Some((2, 3)))), "Line 2, column 3: what stands there is underlined.");
        assert_eq!(at(&failure(None)), "Tapline does not answer.");
        let cut = Outcome::Answer(Arc::new(SqlAnswer { truncated: true, ..answer }));
        assert_eq!(headline(&cut), "The first 64 rows.");
    }
}
