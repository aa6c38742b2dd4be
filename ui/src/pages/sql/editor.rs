//! The editor: a text field over its own coloured copy, so that everything a text field can do works.

use std::time::Duration;

use leptos::{ev::KeyboardEvent, html, prelude::*};
use tapline_api::Level;

use super::run::{Outcome, Run};
use crate::{
    format::{now, number},
    react::memo,
    state::url::use_address,
    ui::{
        Button, Icon, Look, Mark, Sentence, Shape,
        code::{Code, Language},
        copy::copy,
        toast::use_toasts,
    },
};

/// The panel with the editor and what runs.
#[component]
pub(super) fn Editor(text: RwSignal<String>, run: Run, ask: Callback<String>) -> impl IntoView {
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            ask.run(text.get_untracked());
        }
    };
    let field = NodeRef::<html::Textarea>::new();
    let fault = move || {
        text.with(|text| {
            run.fault(text).and_then(|place| at_fault(text, place)).map(|(before, word)| {
                view! { <pre class="at-fault" aria-hidden="true">{before.to_owned()}<u>{word.to_owned()}</u></pre> }
            })
        })
    };
    view! {
        <section class="panel" aria-label="Query">
            <div class="editor">
                <Numbers text run/>
                <div class="edited">
                    <pre aria-hidden="true">{move || view! { <Code language=Language::Sql text=text.get()/> }}"\n"</pre>
                    {fault}
                    <textarea node_ref=field aria-label="SQL" spellcheck="false" autocomplete="off" autocapitalize="off" wrap="off"
                        prop:value=text on:input=move |event| text.set(event_target_value(&event)) on:keydown=keys></textarea>
                </div>
            </div>
            <Runbar text run ask/>
            <Failed run text/>
        </section>
    }
}

/// The text before a place and the word that stands there; a place at the end of a line has the character before it.
fn at_fault(text: &str, (line, column): (u32, u32)) -> Option<(&str, &str)> {
    let begin = match line.checked_sub(2) {
        Some(before) => text.match_indices('\n').nth(before as usize)?.0 + 1,
        None => 0,
    };
    let line = text[begin..].lines().next().unwrap_or_default();
    let last = line.chars().count().checked_sub(1)?;
    let (at, first) = line.char_indices().nth((column.max(1) as usize - 1).min(last))?;
    let rest = &line[at..];
    let length = match first {
        '"' | '\'' => rest[1..].find(first).map(|end| end + 2),
        _ => rest.find(|c: char| !c.is_alphanumeric() && c != '_').filter(|end| *end > 0),
    };
    let alone = if first.is_alphanumeric() || first == '_' { rest.len() } else { first.len_utf8() };
    Some((&text[..begin + at], &rest[..length.unwrap_or(alone)]))
}

/// Numbers of the lines; the one at fault is marked.
#[component]
fn Numbers(text: RwSignal<String>, run: Run) -> impl IntoView {
    let fault = memo(move || text.with(|text| run.fault(text)).map(|(line, _)| line));
    let count = memo(move || text.with(|text| text.split('\n').count()) as u32);
    let number =
        move |number: u32| view! { <li class:fault=move || fault.get() == Some(number)>{number.to_string()}</li> };
    view! { <ol class="lines" aria-hidden="true">{move || (1..=count.get()).map(number).collect_view()}</ol> }
}

#[component]
fn Failed(run: Run, text: RwSignal<String>) -> impl IntoView {
    move || {
        let Outcome::Failed(failure) = run.outcome.get() else { return None };
        let place = text.with(|text| run.fault(text)).map(|(line, column)| format!("Line {line}, column {column}: "));
        Some(view! {
            <div class="trouble" role="alert">
                <Mark shape=Shape::Failing level=Level::Bad/>
                <div><b>{place}<Sentence text=failure.title/></b><p class="t2"><Sentence text=super::why(&failure.detail)/></p></div>
            </div>
        })
    }
}

#[component]
fn Runbar(text: RwSignal<String>, run: Run, ask: Callback<String>) -> impl IntoView {
    let (address, toasts) = (use_address(), use_toasts());
    let share = move |_| {
        address.replace(|query| query.set("sql", Some(&text.get_untracked())));
        set_timeout(move || copy(window().location().href().unwrap_or_default(), toasts), Duration::from_millis(50));
    };
    let running = memo(move || run.since.with(Option::is_some));
    let action = move || {
        if running.get() {
            view! { <Button text="Cancel" icon=Icon::Stop on_press=move |_| run.cancel()/><Clock run/> }.into_any()
        } else {
            let press = move |_| ask.run(text.get_untracked());
            view! { <Button text="Run" icon=Icon::Play look=Look::Primary on_press=press/><kbd>"Ctrl"</kbd><kbd>"Enter"</kbd><Last run/> }.into_any()
        }
    };
    view! {
        <div class="runbar">
            {action}
            <span class="push row"><Button text="Copy link" icon=Icon::Link look=Look::Quiet small=true on_press=share/></span>
        </div>
    }
}

/// How long the query has run.
#[component]
fn Clock(run: Run) -> impl IntoView {
    let tick = RwSignal::new(0_u32);
    if let Ok(handle) = set_interval_with_handle(move || tick.update(|tick| *tick += 1), Duration::from_millis(200)) {
        on_cleanup(move || handle.clear());
    }
    let words = move || {
        tick.track();
        run.since.get().map(|since| format!("running for {}", number::duration((now() - since).max(0) as f64)))
    };
    view! { <span class="small t2 sep" role="status"><Mark shape=Shape::Running level=Level::Act small=true/>" "{words}</span> }
}

#[component]
fn Last(run: Run) -> impl IntoView {
    move || match run.outcome.get() {
        Outcome::Answer(answer) => Some(view! {
            <span class="small t2 sep"><Mark shape=Shape::Well level=Level::Ok small=true/>" "{number::duration(answer.elapsed_ms)}</span>
            <span class="small t2">{number::count(answer.rows.len() as u64, "row", "rows")}</span>
            <span class="small t2">"rows in memory included"</span>
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::at_fault;

    #[test]
    fn the_word_at_fault_is_found() {
        let text = "SELECT destinaton, \"Größe\"\nFROM événts, b";
        let word = |line, column| at_fault(text, (line, column)).map(|(_, word)| word);
        assert_eq!([word(1, 8), word(1, 18), word(1, 20)], [Some("destinaton"), Some(","), Some("\"Größe\"")]);
        assert_eq!([word(2, 6), word(2, 99), word(3, 1)], [Some("événts"), Some("b"), None]);
        assert_eq!(at_fault(text, (2, 6)).map(|(before, _)| before.len()), Some(text.find("événts").unwrap()));
        assert_eq!(at_fault("", (1, 1)), None);
    }
}
