//! The answer in a sentence, and where it comes from.

use std::collections::BTreeSet;

use tapline_api::Finding;
use tapline_model::short_type;

use crate::failure::Failure;
use crate::judge::Verdict;
use crate::row::{Role, Row};
use crate::state::{State, Wait, put_back};
use crate::story::Story;
use crate::wording::{closed, count, counted, duration, exception, name, noun, subject_of, without_end};

/// Headline and detail.
pub(crate) fn sentences(story: &Story<'_>, state: &State, findings: &[Finding]) -> (String, String) {
    if story.graph.order.is_empty() {
        return nothing(story);
    }
    if !story.is_whole_story() {
        return many(story);
    }
    let who = subject(story);
    let headline = match state {
        State::Failed(dead) => failed(story, &who, story.row(*dead)),
        State::Replayed(dead) => {
            let place = failed_in(story.row(*dead));
            format!("{who} failed in `{place}` and was put back: {}.", extent(story))
        }
        State::Stuck(wait) => stuck(story, &who, wait),
        State::Running => {
            let last = story.members().max_by(|a, b| a.order().cmp(&b.order()));
            let last = last.map_or("", Row::short_type);
            format!("{who} is under way: {}, `{last}` came last.", extent(story))
        }
        State::Complete if story.walk.truncated => {
            format!("{who} has more events than are shown: {}.", extent(story))
        }
        State::Complete => format!("{who} is complete: {}.", extent(story)),
    };
    (headline, detail(story, state, findings))
}

/// What the chain is about: the ID's name says it, or the type of the first member that has the ID as its key.
fn subject(story: &Story<'_>) -> String {
    let Some(id) = &story.start.id else {
        let row = story.start.rows.first().map(|row| story.row(*row));
        let kind = row.map_or("", Row::short_type);
        return format!("The chain of `{kind}`");
    };
    let column = tapline_model::id::COLUMN_NAMES.contains(&id.name.as_str());
    let named = (!column).then(|| noun(&id.name)).flatten();
    let keyed = story.members().find(|row| row.id(Role::Key) == Some(&id.value));
    let keyed = keyed.filter(|row| row.event_type.is_some()).and_then(|row| subject_of(row.short_type()));
    match named.or(keyed) {
        Some(noun) => format!("{noun} {}", id.value),
        None => format!("The chain of `{}`", id.value),
    }
}

/// `9 events in 6.3 s over 5 topics`.
fn extent(story: &Story<'_>) -> String {
    let destinations: BTreeSet<&str> = story.members().map(|row| row.address.destination.as_str()).collect();
    let events = counted(story.graph.order.len(), "event");
    let times = || story.members().filter_map(|row| row.time);
    let span = times().min().zip(times().max()).map_or(0, |(first, last)| last - first);
    let over = match destinations.len() {
        1 => format!("in `{}`", destinations.first().unwrap_or(&"")),
        n => format!("over {}", counted(n, "topic")),
    };
    if span > 0 { format!("{events} in {} {over}", duration(span)) } else { format!("{events} {over}") }
}

/// Who gave a dead letter up.
fn failed_in(row: &Row) -> &str {
    let group = row.dead.as_ref().and_then(|dead| dead.group.as_deref());
    group.or(row.service.as_deref()).unwrap_or(&row.address.destination)
}

fn failed(story: &Story<'_>, who: &str, row: &Row) -> String {
    let Some(failure) = failure(row) else { return format!("{who} failed: {}.", extent(story)) };
    let place = name(failed_in(row));
    match (failure.understood(), failure.reason()) {
        (Some(what), _) => format!("{who} failed: {place} {}", closed(&what)),
        (None, Some(reason)) => format!("{who} failed in {place}: {}", closed(&reason)),
        (None, None) => format!("{who} failed in {place}."),
    }
}

fn failure(row: &Row) -> Option<Failure<'_>> {
    let dead = row.dead.as_ref()?;
    Some(Failure { group: dead.group.as_deref(), class: dead.root_cause.as_deref(), message: dead.message.as_deref() })
}

fn stuck(story: &Story<'_>, who: &str, wait: &Wait) -> String {
    let step = short_type(&wait.step.kind);
    let last = story.members().max_by(|a, b| a.order().cmp(&b.order())).map_or("", Row::short_type);
    let waits = match &wait.step.service {
        Some(service) => format!("{who} waits for `{service}` after `{last}`"),
        None => format!("{who} stands still after `{last}`"),
    };
    format!("{waits}: `{step}` has not come for {}.", duration(wait.since))
}

fn detail(story: &Story<'_>, state: &State, findings: &[Finding]) -> String {
    let mut parts = vec![match state {
        State::Failed(dead) => gave_up(story, story.row(*dead)),
        State::Replayed(dead) => put_back(story, *dead).map_or_else(String::new, |back| {
            let waited = story.row(back).at() - story.row(*dead).at();
            format!("It lay dead for {}.", duration(waited))
        }),
        State::Stuck(wait) => usual(wait),
        State::Running | State::Complete => course(story),
    }];
    let lost: usize = findings.len();
    if lost > 0 {
        parts.push(format!("{} on the way.", counted(lost, "finding")));
    }
    if story.walk.truncated {
        parts.push(format!("Only the first {} are shown.", counted(story.graph.order.len(), "member")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

fn gave_up(story: &Story<'_>, row: &Row) -> String {
    let destination = &row.address.destination;
    let lies = match row.time {
        Some(time) => format!("It has been in `{destination}` for {}", duration(story.now - time)),
        None => format!("It lies in `{destination}`"),
    };
    let attempts = row.dead.as_ref().and_then(|dead| usize::try_from(dead.attempts?).ok()).filter(|count| *count > 1);
    let attempts = attempts.map_or_else(String::new, |count| format!(" after {}", counted(count, "attempt")));
    format!("{lies}{attempts}.{}", thrown(row))
}

/// The exception itself, as far as the headline does not say it: its class, and its message if that was put into words.
fn thrown(row: &Row) -> String {
    let Some(failure) = failure(row) else { return String::new() };
    let line = failure.message().lines().next().unwrap_or_default();
    let line: String = line.chars().take(200).collect::<String>().replace('`', "'");
    let said = failure.understood().is_none() && failure.reason().as_deref() == Some(without_end(&line));
    match failure.class.map(exception) {
        _ if line.is_empty() => String::new(),
        Some(class) if said => format!(" The exception is {}.", name(class)),
        Some(class) => format!(" {}: {}", name(class), closed(&line)),
        None if said => String::new(),
        None => format!(" {}", closed(&line)),
    }
}

fn usual(wait: &Wait) -> String {
    let share = (wait.step.share * 100.0).floor();
    let more = match wait.further {
        0 => String::new(),
        n => format!(" {} would follow.", counted(n, "more step")),
    };
    // A clock that is slow has the step before what it follows from: then nobody knows how long it takes.
    let within = match wait.step.median {
        0 => String::new(),
        median => format!(", usually within {}", duration(median)),
    };
    format!("Of {} recent chains that began like this one {share} % had it{within}.{more}", count(wait.chains))
}

fn course(story: &Story<'_>) -> String {
    let (Some(first), Some(last)) = (story.members().next(), story.members().next_back()) else { return String::new() };
    let services: BTreeSet<&str> = story.members().filter_map(|row| row.service.as_deref()).collect();
    let by = |row: &Row| {
        let of = row.service.as_deref().map_or_else(String::new, |service| format!(" of `{service}`"));
        format!("`{}`{of}", row.short_type())
    };
    if first.text == last.text {
        return format!("It is {}.", by(first));
    }
    let among = if services.len() > 2 { format!(", {}", counted(services.len(), "service")) } else { String::new() };
    format!("From {} to {}{among}.", by(first), by(last))
}

fn nothing(story: &Story<'_>) -> (String, String) {
    let rows = story.book.view().file_rows() + story.book.view().hot_rows();
    let headline = format!("Nothing archived holds `{}`.", story.start.text.replace('`', "'"));
    let detail = match rows {
        0 => "The archive is empty.".to_owned(),
        rows => {
            let searched = counted(usize::try_from(rows).unwrap_or(usize::MAX), "event");
            format!("{searched} were searched by key, headers and payload identifiers.")
        }
    };
    (headline, detail)
}

fn many(story: &Story<'_>) -> (String, String) {
    let (text, rows) = (&story.start.text, count(story.start.total));
    let shown = counted(story.graph.order.len(), "event");
    let headline = match story.start.verdict {
        Verdict::Reference(chains) => {
            format!("`{text}` is a reference that at least {} share, not one story.", counted(chains, "chain"))
        }
        _ => format!("`{text}` stands on {rows} events: a hub, not one story."),
    };
    let newest = if story.walk.truncated { "the newest " } else { "" };
    (headline, format!("Shown are {newest}{shown} of {rows} that hold it; open one to see its chain."))
}
