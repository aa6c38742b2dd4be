//! Nothing to list: before the first event the page teaches how it comes, later it says what to change.

use leptos::prelude::*;
use tapline_api::Status;

use super::Question;
use crate::{
    frame::StatusLoad,
    pages::waiting::{FirstDone, Waiting},
    react::memo,
    state::time_range::{TimeRange, use_set_time_range, use_time_range},
    ui::{
        Answer, Button, Ico, Icon,
        code::Language,
        empty::{Empty, Snippet},
        skeleton::SkeletonRows,
    },
};

const SOURCE: &str = r#"archive = "./tapline-data"

[sources.shop_kafka]
system  = "kafka"
brokers = "localhost:9092"
topics  = ["*"]             # internal topics are left out
start   = "1h"              # or "earliest", "latest""#;

/// No row matches.
#[component]
pub(super) fn Nothing(question: Question) -> impl IntoView {
    let (range, set) = (use_time_range(), use_set_time_range());
    let filtered = move || question.terms.with(|terms| !terms.is_empty());
    let day = TimeRange::last(86_400_000);
    let why = move || match filtered() {
        true => "No event in this time range matches all of the filter. Fewer conditions or a longer range find more.",
        false => "No event passed in this time range.",
    };
    move || {
        view! {
            <Empty title=if filtered() { "Nothing matches" } else { "Nothing passed" } why=why()>
                {filtered().then(|| view! { <Button text="Remove the filter" on_press=move |_| question.set(&[])/> })}
                {(range.get() != day).then(|| view! { <Button text="Look at the last day" on_press=move |_| set(day)/> })}
            </Empty>
        }
    }
}

/// Why there are no events at all, and what brings them.
fn first_words(status: &Status) -> (String, &'static str) {
    let soon = "They show up here within a second of being written. `start` says how far back a source begins.";
    match (status.sources, status.sources_up) {
        (0, _) => (
            "No events yet, because no source is configured.".to_owned(),
            "A few lines in `tapline.toml` bring them; they show up here within a second of being written.",
        ),
        (_, 0) if !status.problems.is_empty() => (
            "No events yet, because no source can be read.".to_owned(),
            "What is in the way stands below. It is tried again by itself.",
        ),
        (1, _) => ("No events yet: one source is configured and nothing has passed.".to_owned(), soon),
        (many, _) => (format!("No events yet: {many} sources are configured and nothing has passed."), soon),
    }
}

/// Before the first event.
#[component]
pub(super) fn FirstSteps() -> impl IntoView {
    let StatusLoad(status) = expect_context();
    let said = memo(move || status.data.with(|status| status.as_deref().map_or((String::new(), ""), first_words)));
    let (headline, detail) = (move || said.get().0, move || said.get().1);
    view! {
        // Another element than the page it replaces: what is drawn anew has not moved.
        <article class="page">
            <Answer headline=Signal::derive(headline) detail=Signal::derive(move || detail().to_owned())/>
            <div class="egrid">
                <Steps/>
                <div class="grid es"><Demo/><Then/></div>
            </div>
            <Ghost/>
        </article>
    }
}

#[component]
fn Steps() -> impl IntoView {
    view! {
        <section class="panel">
            <div class="head"><h2>"Kafka"</h2><span class="t3">"also Redpanda and Event Hubs, which speak its protocol"</span></div>
            <ol class="steps">
                <li><FirstDone/><div>
                    <h3>"Name a source"</h3>
                    <p>"Tapline joins no group, commits nothing and creates no topic: the brokers do not notice it."</p>
                    <Snippet name="tapline.toml" language=Language::Toml text=SOURCE/>
                </div></li>
                <li><span class="nr">"2"</span><div>
                    <h3>"Start again"</h3>
                    <p>"It says within two seconds which topics it reads, or what is in the way."</p>
                    <Snippet name="shell" language=Language::Shell text="$ tapline check && tapline serve"/>
                </div></li>
                <li><span class="nr">"3"</span><div>
                    <h3>"Watch the first events come"</h3>
                    <p>"This page fills by itself; no reload."</p>
                    <Waiting/>
                </div></li>
            </ol>
        </section>
    }
}

#[component]
fn Demo() -> impl IntoView {
    view! {
        <section class="panel">
            <div class="head"><h2>"Only looking?"</h2></div>
            <div class="pad">
                <p>"A shop with five services on a broker inside this process, with dead letters to find. Nothing leaves this machine; it is gone when you stop it."</p>
                <Snippet name="shell" language=Language::Shell text="$ tapline demo"/>
            </div>
        </section>
    }
}

#[component]
fn Then() -> impl IntoView {
    view! {
        <section class="panel">
            <div class="head"><h2>"What you can do here then"</h2></div>
            <ul class="can">
                <li><Ico icon=Icon::Search/><span>"Type any ID in the box above and see its whole chain"</span></li>
                <li><Ico icon=Icon::Filter/><span>"Filter: "<code>"destination:orders total>100"</code></span></li>
                <li><Ico icon=Icon::Play/><span>"Follow events live, pause, step through"</span></li>
                <li><Ico icon=Icon::Export/><span>"Export as CSV, JSON or Parquet, ask with SQL"</span></li>
            </ul>
        </section>
    }
}

#[component]
fn Ghost() -> impl IntoView {
    view! {
        <section class="panel gp">
            <div class="head"><h2>"Events"</h2><span class="t3">"what will stand here"</span></div>
            <div class="ghost" aria-hidden="true">
                <table class="table fixed"><thead><tr><th>"Time"</th><th>"Type"</th><th>"Destination"</th><th>"Key"</th><th class="wide">"Body"</th></tr></thead>
                <tbody><SkeletonRows rows=4 columns=5/></tbody></table>
            </div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::waiting::tests::status;

    #[test]
    fn a_source_that_cannot_be_read_is_not_called_quiet() {
        let headline = |sources, up, problems: &[&str]| first_words(&status(sources, up, problems)).0;
        assert_eq!(headline(0, 0, &[]), "No events yet, because no source is configured.");
        assert_eq!(headline(1, 0, &["`kafka` refuses"]), "No events yet, because no source can be read.");
        assert_eq!(headline(1, 1, &[]), "No events yet: one source is configured and nothing has passed.");
        assert_eq!(
            headline(2, 1, &["`kafka` refuses"]),
            "No events yet: 2 sources are configured and nothing has passed."
        );
    }
}
