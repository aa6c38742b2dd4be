//! The editor: a text field over its own coloured copy, so that everything a text field can do works.

use std::time::Duration;

use leptos::{ev::KeyboardEvent, html, prelude::*};
use tapline_api::Level;

use super::run::{Outcome, Run};
use crate::{
    format::{now, number},
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
    view! {
        <section class="panel" aria-label="Query">
            <div class="editor">
                <Numbers text run/>
                <div class="edited">
                    <pre aria-hidden="true">{move || view! { <Code language=Language::Sql text=text.get()/> }}"\n"</pre>
                    <textarea node_ref=field aria-label="SQL" spellcheck="false" autocomplete="off" autocapitalize="off" wrap="off"
                        prop:value=text on:input=move |event| text.set(event_target_value(&event)) on:keydown=keys></textarea>
                </div>
            </div>
            <Failed run text/>
            <Runbar text run ask/>
        </section>
    }
}

/// Numbers of the lines; the one at fault is marked.
#[component]
fn Numbers(text: RwSignal<String>, run: Run) -> impl IntoView {
    let fault = Memo::new(move |_| text.with(|text| run.fault(text)).map(|(line, _)| line));
    let count = Memo::new(move |_| text.with(|text| text.split('\n').count()) as u32);
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
                <div><b>{place}<Sentence text=failure.title/></b><p class="t2"><Sentence text=failure.detail/></p></div>
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
    let running = Memo::new(move |_| run.since.with(Option::is_some));
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
