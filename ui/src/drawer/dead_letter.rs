//! Why an event was given up: the cause in words first, the exception beneath, the stack folded away.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{EventDetail, event::DeadLetterView};

use super::link::EventLink;
use crate::{
    format::{address::readable, number, time},
    ui::{Copy, Sentence},
};

/// The section; nothing for an event that is no dead letter.
#[component]
pub(super) fn DeadLetter(
    /// The event.
    event: Arc<EventDetail>,
) -> impl IntoView {
    let dead = event.dead_letter.clone()?;
    let row = |name: &'static str, value: Option<String>| {
        value.map(
            |value| view! { <dt>{name}</dt><dd class="mono" title=value.clone()>{last_word(&value).to_owned()}</dd> },
        )
    };
    Some(view! {
        <section>
            <h3>"Dead letter"</h3>
            <p class="why-dead"><Sentence text=dead.sentence.clone()/></p>
            <dl class="kv">
                {row("Cause", dead.root_cause.clone())}
                {row("Exception", dead.exception.clone().filter(|exception| Some(exception) != dead.root_cause.as_ref()))}
                {message(&dead).map(|message| view! { <dt>"Message"</dt><dd class="said">{message.to_owned()}</dd> })}
                {at(&dead).map(|at| view! { <dt>"At"</dt><dd class="mono">{at}</dd> })}
                {dead.origin.clone().map(|origin| view! { <dt>"Origin"</dt><dd><EventLink text=readable(&origin) to=origin/></dd> })}
                {group(&dead, event.summary.timestamp.as_deref()).map(|group| view! { <dt>"Group"</dt><dd>{group}</dd> })}
                {dead.stage.clone().map(|stage| view! { <dt>"Stage"</dt><dd>{stage}</dd> })}
            </dl>
            {dead.stack.map(|stack| view! { <Stack stack/> })}
        </section>
    })
}

#[component]
fn Stack(stack: String) -> impl IntoView {
    let lines = stack.lines().count();
    let text = stack.clone();
    view! {
        <details class="fold-text">
            <summary>{format!("Stack trace, {}", number::count(lines as u64, "line", "lines"))}</summary>
            <Copy text=Signal::stored(text) label="Copy stack trace"/>
            <pre class="code">{stack}</pre>
        </details>
    }
}

/// What the exception says, without the lines of the stack beneath.
fn message(dead: &DeadLetterView) -> Option<&str> {
    dead.message.as_deref()?.lines().map(str::trim).find(|line| !line.is_empty())
}

/// The class without its package: `InvalidFormatException`.
fn last_word(name: &str) -> &str {
    let plain =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$' | ':'));
    if plain { name.rsplit(['.', ':']).next().filter(|word| !word.is_empty()).unwrap_or(name) } else { name }
}

/// File and line of the first frame that is not the framework's.
fn at(dead: &DeadLetterView) -> Option<String> {
    const FRAMES: [&str; 7] =
        ["java.", "javax.", "jdk.", "org.springframework.", "org.apache.kafka.", "com.fasterxml.", "io.quarkus."];
    let cause = dead.stack.as_deref()?.rsplit("Caused by:").next()?;
    cause.lines().find_map(|line| {
        let frame = line.trim().strip_prefix("at ")?;
        let place = frame.rsplit_once('(')?.1.strip_suffix(')')?;
        // Messages of parsers go on with lines that look like frames: `at [Source: ...] (through reference chain: ...)`.
        let line = place.rsplit_once(':').is_some_and(|(_, line)| line.bytes().all(|byte| byte.is_ascii_digit()));
        (line && !FRAMES.iter().any(|framework| frame.starts_with(framework))).then(|| place.to_owned())
    })
}

/// `payments, 3 attempts in 20 s`.
fn group(dead: &DeadLetterView, given_up: Option<&str>) -> Option<String> {
    let group = dead.consumer_group.clone()?;
    let attempts = dead
        .attempts
        .and_then(|attempts| u64::try_from(attempts).ok())
        .map(|count| number::count(count, "attempt", "attempts"));
    let took = given_up.and_then(time::parse).zip(dead.origin_timestamp.as_deref().and_then(time::parse));
    let took = took.map(|(end, begin)| (end - begin) as f64 / 1000.0).filter(|ms| *ms >= 0.0).map(number::duration);
    Some(match (attempts, took) {
        (Some(attempts), Some(took)) => format!("{group}, {attempts} in {took}"),
        (Some(attempts), None) => format!("{group}, {attempts}"),
        (None, Some(took)) => format!("{group}, after {took}"),
        (None, None) => group,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead() -> DeadLetterView {
        DeadLetterView {
            sentence: "`payments` could not read card type `CARTE_BANCAIRE`.".into(),
            framework: "spring_kafka".into(),
            origin: None,
            origin_timestamp: Some("2026-11-21T02:47:12.000000Z".into()),
            consumer_group: Some("payments".into()),
            exception: None,
            root_cause: Some("com.fasterxml.jackson.databind.exc.InvalidFormatException".into()),
            message: Some("\nCannot read `CARTE_BANCAIRE`.\n at x".into()),
            stack: Some(
                "A: b\n\tat com.shop.Outer.run(Outer.java:1)\nCaused by: C\n at [Source: x] (through reference chain: a.B[\"c\"])\n\tat com.fasterxml.X.y(X.java:9)\n\tat com.shop.Listener.on(Listener.java:58)"
                    .into(),
            ),
            attempts: Some(3),
            stage: None,
            fingerprint: None,
        }
    }

    #[test]
    fn the_message_is_its_first_line() {
        assert_eq!(message(&dead()), Some("Cannot read `CARTE_BANCAIRE`."));
        assert_eq!(message(&DeadLetterView { message: None, ..dead() }), None);
    }

    #[test]
    fn the_place_is_the_first_own_frame_of_the_root_cause() {
        assert_eq!(at(&dead()).as_deref(), Some("Listener.java:58"));
        assert_eq!(at(&DeadLetterView { stack: Some("no frames".into()), ..dead() }), None);
    }

    #[test]
    fn classes_lose_their_package_and_sentences_stay() {
        assert_eq!(last_word("com.x.InvalidFormatException"), "InvalidFormatException");
        assert_eq!(last_word("Something broke. Badly."), "Something broke. Badly.");
    }

    #[test]
    fn the_group_says_how_often_and_how_long() {
        assert_eq!(
            group(&dead(), Some("2026-11-21T02:47:18.100000Z")).as_deref(),
            Some("payments, 3 attempts in 6.1 s")
        );
        assert_eq!(group(&DeadLetterView { attempts: None, ..dead() }, None).as_deref(), Some("payments"));
    }
}
