//! The page of a new installation: the lines that bring the first events, to copy; a demo for who only looks.

use crate::{
    format::sentence,
    pages::waiting::{FirstDone, Waiting},
    state::url::use_address,
    ui::{Ico, Icon, Segments, Sentence, code::Language, empty::Snippet},
};
use leptos::prelude::*;

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
    let secured = RwSignal::new("plain");
    let chosen = Signal::derive(move || secured.get().to_owned());
    let lines = move || {
        let text = if secured.get() == "plain" { PLAIN } else { SECURED };
        view! { <Snippet name="tapline.toml" language=Language::Toml text/> }
    };
    view! {
        <ol class="steps">
            <li><FirstDone/><div>
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
                <Waiting/>
            </div></li>
        </ol>
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
