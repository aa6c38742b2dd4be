//! The page of a new installation: the lines that bring the first events, to copy; a demo for who only looks.

use leptos::prelude::*;
use tapline_api::{Level, Status};

use crate::{
    format::{number, sentence},
    frame::StatusLoad,
    state::url::use_address,
    ui::{Ico, Icon, Mark, Segments, Sentence, Shape, code::Language, empty::Snippet},
};

const PLAIN: &str = r#"[sources.shop_kafka]
system  = "kafka"
brokers = "kafka-1:9092,kafka-2:9092"
topics  = ["*"]                # internal topics only when named
start   = "1h"                 # that far back; or "earliest", "latest"
"#;

const SECURED: &str = r#"[sources.shop_kafka]
system  = "kafka"
brokers = "kafka-1:9093,kafka-2:9093"
topics  = ["*"]                # internal topics only when named
start   = "1h"                 # that far back; or "earliest", "latest"

[sources.shop_kafka.client]    # any librdkafka property
"security.protocol"  = "SASL_SSL"
"sasl.mechanism"     = "SCRAM-SHA-512"
"sasl.username"      = "tapline"
"sasl.password_file" = "/etc/tapline/kafka-password"
"#;

const RIGHTS: &str = "READ, DESCRIBE           on topics
DESCRIBE                 on groups
DESCRIBE_CONFIGS         on topics";

/// What stands under the answer while the archive is empty.
#[component]
pub(super) fn First() -> impl IntoView {
    view! {
        <div class="egrid">
            <section class="panel"><Steps/></section>
            <div class="grid es">
                <section class="panel">
                    <div class="head"><h2>"Only looking?"</h2></div>
                    <div class="pad">
                        <p>"A shop with five services on a broker inside this process, with dead letters to find. Nothing leaves this machine; it is gone when you stop it."</p>
                        <Snippet name="shell" language=Language::Shell text="$ tapline demo"/>
                    </div>
                </section>
                <section class="panel">
                    <div class="head"><h2>"Rights that it needs"</h2></div>
                    <div class="pad">
                        <p>"Nothing is written to a broker. "<code>"tapline check"</code>" prints the commands that grant what is missing."</p>
                        <Snippet name="Kafka" language=Language::Shell text=RIGHTS/>
                    </div>
                </section>
                <section class="panel"><div class="head"><h2>"What you can do here then"</h2></div><Then/></section>
            </div>
        </div>
        <Ghost/>
    }
}

#[component]
fn Steps() -> impl IntoView {
    let StatusLoad(status) = expect_context();
    let secured = RwSignal::new("plain");
    let chosen = Signal::derive(move || secured.get().to_owned());
    let lines = move || {
        let text = if secured.get() == "plain" { PLAIN } else { SECURED };
        view! { <Snippet name="tapline.toml" language=Language::Toml text/> }
    };
    view! {
        <ol class="steps">
            <li><span class="nr">"1"</span><div>
                <h3>"Name a source"<span class="how"><Segments label="How the broker is reached" choices=&[("plain", "Plain"), ("secured", "TLS and password")] chosen mini=true on_choose=move |choice| secured.set(choice)/></span></h3>
                <p>"Tapline joins no group, commits nothing and creates no topic: the brokers do not notice it."</p>
                {lines}
            </div></li>
            <li><span class="nr">"2"</span><div>
                <h3>"Start again"</h3>
                <p>"It says within two seconds which topics it reads, or what is in the way."</p>
                <Snippet name="shell" language=Language::Shell text="$ tapline check && tapline serve"/>
            </div></li>
            <li><span class="nr">"3"</span><div>
                <h3>"Watch the first events come"</h3>
                <p>"This page fills by itself; no reload."</p>
                <div class="wait">{move || status.data.get().map(|status| waiting(&status))}</div>
            </div></li>
        </ol>
    }
}

/// What the page waits for.
fn waiting(status: &Status) -> impl IntoView + use<> {
    let (shape, level, text) = standing(status);
    view! { <Mark shape level/><span><Sentence text/></span> }
}

fn standing(status: &Status) -> (Shape, Level, String) {
    let sources = number::count(status.sources as u64, "source", "sources");
    match (status.sources, status.problems.first()) {
        (0, _) => (
            Shape::Off,
            Level::Mute,
            "No source is configured. Tapline reads `tapline.toml` when it starts.".to_owned(),
        ),
        (_, Some(problem)) => (Shape::Behind, Level::Warn, problem.clone()),
        (all, None) if status.sources_up < all => {
            (Shape::Running, Level::Act, format!("{} of {sources} up; the rest is tried again.", status.sources_up))
        }
        (all, None) => (
            Shape::Running,
            Level::Act,
            format!("{} up. Waiting for the first event.", if all == 1 { "The source is" } else { "All sources are" }),
        ),
    }
}

#[component]
fn Then() -> impl IntoView {
    let row = |(icon, text): (Icon, &'static str)| view! { <li><Ico icon/><span><Sentence text/></span></li> };
    let rows = [
        (Icon::Search, "Type any ID in the box above and see its whole chain"),
        (Icon::Filter, "Filter: `destination:orders total>100`"),
        (Icon::Play, "Follow events live, pause, step through"),
        (Icon::Sql, "Ask anything in SQL, export as CSV"),
    ];
    view! { <ul class="can">{rows.into_iter().map(row).collect_view()}</ul> }
}

/// What will stand here: the shape of the page, without a number.
#[component]
fn Ghost() -> impl IntoView {
    let address = use_address();
    let mini = |name: &'static str| view! { <div class="num-chart"><div class="mh"><span>{name}</span></div><div class="ghost-chart"></div></div> };
    let label = sentence::plain("what will stand here");
    view! {
        <section class="panel gp">
            <div class="head"><h2>"Overview"</h2><span class="t3">{label}</span><div class="end"><a class="btn btn-quiet btn-s" href=move || address.link("/system")>"See the system"</a></div></div>
            <div class="ghost minis" aria-hidden="true">{mini("Events")}{mini("Failed")}{mini("Archived")}{mini("Dead letters")}</div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use tapline_api::{ArchiveFigures, Environment};

    use super::*;

    fn status(sources: usize, up: usize, problems: &[&str]) -> Status {
        Status {
            environment: Environment { name: "shop".into(), colour: "grey".into(), confirm_replays: false },
            version: "0.1.0".into(),
            now: "2026-11-21T03:12:44.000000Z".into(),
            sources_up: up,
            sources,
            rate: 0.0,
            newest_age_seconds: None,
            gaps: 0,
            dead_letters: 0,
            archive: ArchiveFigures::default(),
            problems: problems.iter().map(|problem| (*problem).to_owned()).collect(),
        }
    }

    #[test]
    fn it_says_what_the_page_waits_for() {
        assert!(standing(&status(0, 0, &[])).2.starts_with("No source is configured"));
        assert_eq!(standing(&status(1, 1, &[])).2, "The source is up. Waiting for the first event.");
        assert_eq!(standing(&status(2, 1, &[])).2, "1 of 2 sources up; the rest is tried again.");
        assert_eq!(standing(&status(1, 0, &["`kafka-1` refuses"])).2, "`kafka-1` refuses");
    }
}
