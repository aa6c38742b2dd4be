//! A row of choices of which one holds.

use std::rc::Rc;

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
    on_choose: impl Fn(&'static str) + 'static,
) -> impl IntoView {
    // Compiled once, not once a call.
    segments(label, choices, chosen, mini, Rc::new(on_choose))
}

fn segments(
    label: &'static str,
    choices: &'static [(&'static str, &'static str)],
    chosen: Signal<String>,
    mini: bool,
    on_choose: Rc<dyn Fn(&'static str)>,
) -> AnyView {
    let choice = move |(value, word): &(&'static str, &'static str)| {
        let (value, word, on_choose) = (*value, *word, Rc::clone(&on_choose));
        let pressed = move || chosen.with(|chosen| chosen == value).to_string();
        view! { <button type="button" aria-pressed=pressed on:click=move |_| on_choose(value)>{word}</button> }
    };
    view! {
        <div class=if mini { "seg mini" } else { "seg" } role="group" aria-label=label>{choices.iter().map(choice).collect_view()}</div>
    }
    .into_any()
}
