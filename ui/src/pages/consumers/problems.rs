//! What keeps groups from being seen, each with the command that mends it.

use leptos::prelude::*;
use tapline_api::{GroupProblem, Level};

use crate::ui::{Copy, Mark, Sentence, Shape};

/// Lines above the list; nothing where all is told.
pub(super) fn problems(problems: Vec<GroupProblem>) -> Option<impl IntoView> {
    let line = |problem: GroupProblem| {
        let command = problem.command.map(|command| {
            let copied = command.clone();
            view! { <code class="cut">{command}</code><Copy text=Signal::stored(copied) label="Copy command"/> }
        });
        view! {
            <li><Mark shape=if problem.level == Level::Warn { Shape::Behind } else { Shape::Off } level=problem.level/><b>{problem.source}</b>
                <span><Sentence text=problem.sentence/></span>{command}</li>
        }
    };
    (!problems.is_empty()).then(|| {
        view! { <section class="panel"><ul class="unasked" aria-label="What could not be asked">{problems.into_iter().map(line).collect_view()}</ul></section> }
    })
}
