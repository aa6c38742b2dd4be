//! Where alerts are told, whether that works, and a message to try it.

use leptos::prelude::*;
use tapline_api::{Channel, ChannelTest};

use super::{acts::Acts, words};
use crate::{
    api::failure::Failure,
    format::{self, number, time},
    react::memo,
    state::time_range::use_zone,
    ui::{Button, Mark, Sentence, code::Language, empty::Snippet},
};

/// What brings the first channel.
const FIRST: &str = "[alerts.channels.oncall]\nkind = \"slack\"\nurl_file = \"/etc/tapline/slack\"";

/// The panel.
#[component]
pub(super) fn Channels(acts: Acts) -> impl IntoView {
    let names = memo(move || {
        acts.list
            .data
            .with(|list| list.iter().flat_map(|list| &list.channels).map(|it| it.name.clone()).collect::<Vec<_>>())
    });
    let none = memo(move || names.with(Vec::is_empty));
    let count = move || (!none.get()).then(|| number::exact(names.with(Vec::len) as u64));
    let content = move || {
        match none.get() {
        true => view! { <Nothing/> }.into_any(),
        false => view! { <ul class="alert-lines"><For each=move || names.get() key=|name| name.clone() children=move |name| view! { <Row name acts/> }/></ul> }.into_any(),
    }
    };
    view! {
        <section class="panel" aria-label="Channels">
            <div class="head"><h2>"Channels"</h2><span class="t3">{count}</span></div>
            {content}
        </section>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <div class="pad">
            <p>"No channel is configured: alerts are shown here and told to nobody. Alertmanager, webhooks, Slack, PagerDuty and mail can be told; each is a few lines."</p>
            <Snippet name="tapline.toml" language=Language::Toml text=FIRST/>
        </div>
    }
}

#[component]
fn Row(name: String, acts: Acts) -> impl IntoView {
    let (of, tested) = (name.clone(), name);
    let known =
        memo(move || acts.list.data.with(|list| list.as_ref()?.channels.iter().find(|it| it.name == of).cloned()));
    let (busy, answer) = (RwSignal::new(false), RwSignal::new(None));
    let part = move |draw: fn(&Channel) -> AnyView| move || known.with(|channel| channel.as_ref().map(draw));
    let press = move |_| {
        busy.set(true);
        acts.test(&tested, move |told| {
            busy.try_set(false);
            answer.try_set(Some(told));
        });
    };
    let (zone, told_at) =
        (use_zone(), move || known.with(|it| it.as_ref().and_then(|it| time::parse(it.told_at.as_deref()?))));
    let title = move || told_at().map(|at| format!("took a message {}", time::full(at, zone.get())));
    let when = move || {
        acts.list.data.track();
        told_at().map_or_else(|| "never told".to_owned(), |at| time::relative(at.div_euclid(1000), format::now()))
    };
    let word = move || if busy.get() { "Sending" } else { "Send test" }.to_owned();
    view! {
        <li>{part(mark)}<span>{part(said)}</span>
            <span class="push t3" title=title>{when}</span>
            <Button text=TextProp::from(word) small=true disabled=busy on_press=press/>
            {part(troubles)}<div class="below" role="status">{move || answer.get().map(outcome)}</div></li>
    }
}

fn mark(channel: &Channel) -> AnyView {
    view! { <Mark shape=words::shape(channel.level) level=channel.level small=true/> }.into_any()
}

fn said(channel: &Channel) -> AnyView {
    let (name, about) = (channel.name.clone(), about(channel));
    view! { <b class="cut" title=name.clone()>{name.clone()}</b><small class="cut" title=about.clone()>{about.clone()}</small> }.into_any()
}

/// What it answered when it took nothing, and what it has not taken.
fn troubles(channel: &Channel) -> AnyView {
    let problem = channel.problem.clone().map(|problem| view! { <small class="warn"><Sentence text=problem/></small> });
    let owed = owed(channel).map(|owed| view! { <small class="warn">{owed}</small> });
    view! { <div class="below">{problem}{owed}</div> }.into_any()
}

/// `Slack, hooks.slack.com`.
fn about(channel: &Channel) -> String {
    match channel.target.is_empty() {
        true => words::kind(&channel.kind).to_owned(),
        false => format!("{}, {}", words::kind(&channel.kind), channel.target),
    }
}

/// `3 wait, 2 were never taken`.
fn owed(channel: &Channel) -> Option<String> {
    let (waiting, lost) = (channel.waiting as u64, channel.undelivered as u64);
    let told = [
        (waiting, number::count(waiting, "message waits", "messages wait")),
        (lost, format!("{} in seven days", number::count(lost, "was never taken", "were never taken"))),
    ];
    let told: Vec<String> = told.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// What the receiver answered to the test.
fn outcome(told: Result<ChannelTest, Failure>) -> AnyView {
    let (class, text) = match told {
        Ok(test) if test.taken => ("ok", format!("Taken: {}", test.answer)),
        Ok(test) => ("bad", format!("Not taken: {}", test.answer)),
        Err(failure) => ("bad", failure.detail),
    };
    view! { <small class=class><Sentence text/></small> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_says_what_it_is_and_what_it_owes() {
        let channel = Channel { kind: "slack".to_owned(), target: "hooks.slack.com".to_owned(), ..Channel::default() };
        assert_eq!((about(&channel).as_str(), owed(&channel)), ("Slack, hooks.slack.com", None));
        let late = Channel { waiting: 1, undelivered: 3, target: String::new(), ..channel };
        assert_eq!(owed(&late).as_deref(), Some("1 message waits, 3 were never taken in seven days"));
        assert_eq!(about(&late), "Slack");
    }
}
