//! Sentences and the answer that opens a page.

use leptos::prelude::*;

use crate::format::sentence::{Piece, pieces};

/// A sentence whose names between backticks stand in monospace. Text nodes only.
#[component]
pub(crate) fn Sentence(
    /// As the API says it.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    pieces(&text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => words.into_any(),
            Piece::Name(name) => view! { <code>{name}</code> }.into_any(),
        })
        .collect_view()
}

/// What a page opens with: the answer, then where it comes from, with the next right things beside it.
#[component]
pub(crate) fn Answer(
    /// The answer to the page's question.
    #[prop(into)]
    headline: Signal<String>,
    /// Where it comes from, or what is well.
    #[prop(into)]
    detail: Signal<String>,
    /// What follows the detail in its line.
    #[prop(optional)]
    after: Option<ViewFn>,
    /// Buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="answer">
            <h1>{move || view! { <Sentence text=headline.get()/> }}</h1>
            <p class="sub">{move || view! { <Sentence text=detail.get()/> }}{after.map(|after| after.run())}</p>
            {children.map(|children| view! { <div class="do">{children()}</div> })}
        </header>
    }
}
