//! Why an event was given up: the cause in words first, the exception beneath, the stack folded away.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{EventDetail, event::DeadLetterView};

use crate::{
    format::{address::readable, number, time},
    state::url::use_address,
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
            <p class="why-dead"><Sentence text=sentence(&dead)/></p>
            <dl class="kv">
                {row("Cause", dead.root_cause.clone())}
                {row("Exception", dead.exception.clone().filter(|exception| Some(exception) != dead.root_cause.as_ref()))}
                {at(&dead).map(|at| view! { <dt>"At"</dt><dd class="mono">{at}</dd> })}
                {dead.origin.clone().map(|origin| view! { <dt>"Origin"</dt><dd><Origin origin/></dd> })}
                {group(&dead, event.summary.timestamp.as_deref()).map(|group| view! { <dt>"Group"</dt><dd>{group}</dd> })}
                {dead.stage.clone().map(|stage| view! { <dt>"Stage"</dt><dd>{stage}</dd> })}
            </dl>
            {dead.stack.map(|stack| view! { <Stack stack/> })}
        </section>
    })
}

/// A link to the event that failed: the drawer goes there.
#[component]
fn Origin(origin: String) -> impl IntoView {
    let address = use_address();
    let (shown, to) = (readable(&origin), origin.clone());
    let href = move || {
        let mut query = address.query.get();
        query.set("event", Some(&to));
        query.on(&address.path.get())
    };
    view! { <a class="id" href=href title=origin>{shown}</a> }
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

/// The cause in words: who gave it up and the first line of the message.
fn sentence(dead: &DeadLetterView) -> String {
    let message =
        dead.message.as_deref().and_then(|message| message.lines().map(str::trim).find(|line| !line.is_empty()));
    let who = dead.consumer_group.as_deref().map_or("A consumer".to_owned(), |group| format!("`{group}`"));
    match message {
        Some(message) => format!("{who} gave it up: {}", message.trim_end_matches('.')),
        None => format!("{who} gave it up and its headers do not say why."),
    }
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
        (!FRAMES.iter().any(|framework| frame.starts_with(framework))).then(|| place.to_owned())
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
            framework: "spring_kafka".into(),
            origin: None,
            origin_timestamp: Some("2026-11-21T02:47:12.000000Z".into()),
            consumer_group: Some("payments".into()),
            exception: None,
            root_cause: Some("com.fasterxml.jackson.databind.exc.InvalidFormatException".into()),
            message: Some("\nCannot read `CARTE_BANCAIRE`.\n at x".into()),
            stack: Some(
                "A: b\n\tat com.shop.Outer.run(Outer.java:1)\nCaused by: C\n\tat com.fasterxml.X.y(X.java:9)\n\tat com.shop.Listener.on(Listener.java:58)"
                    .into(),
            ),
            attempts: Some(3),
            stage: None,
            fingerprint: None,
        }
    }

    #[test]
    fn the_cause_is_said_in_words() {
        assert_eq!(sentence(&dead()), "`payments` gave it up: Cannot read `CARTE_BANCAIRE`");
        let silent = DeadLetterView { message: None, consumer_group: None, ..dead() };
        assert_eq!(sentence(&silent), "A consumer gave it up and its headers do not say why.");
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
