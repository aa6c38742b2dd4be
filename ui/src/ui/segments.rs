//! A row of choices of which one holds.

use leptos::prelude::*;

/// Choices side by side.
#[component]
pub(crate) fn Segments(
    /// What is chosen, for those who do not see it.
    label: &'static str,
    /// Value and word of each choice.
    choices: &'static [(&'static str, &'static str)],
    /// The value that holds.
    #[prop(into)]
    chosen: Signal<String>,
    /// Smaller, for a section's head.
    #[prop(optional)]
    mini: bool,
    /// Gets the value chosen.
    on_choose: impl Fn(&'static str) + Copy + 'static,
) -> impl IntoView {
    let choice = move |(value, word): &(&'static str, &'static str)| {
        let (value, word) = (*value, *word);
        let pressed = move || chosen.with(|chosen| chosen == value).to_string();
        view! { <button type="button" aria-pressed=pressed on:click=move |_| on_choose(value)>{word}</button> }
    };
    view! {
        <div class=if mini { "seg mini" } else { "seg" } role="group" aria-label=label>{choices.iter().map(choice).collect_view()}</div>
    }
}
