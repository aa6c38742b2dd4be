//! What there is to say of what an alert names: the sentence of its page, the numbers, and the page.

use tapline_alert::Explained;
use tapline_api::{DestinationKind, Group, Labels, Level, span, thousands};

use crate::dead_letters::Dead;
use crate::events::search::Stop;
use crate::href;
use crate::state::App;
use crate::words::counted;

/// By the labels: a group, a cause of dead letters, a destination, a source, or the archive.
pub(super) fn explain(app: &App, labels: &Labels, stop: &Stop) -> Explained {
    let of = |name: &str| labels.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let source = of("source").or_else(|| of("cluster_name"));
    match (source, of("cause"), of("group").or_else(|| of("group_name")), of("destination").or_else(|| of("topic"))) {
        (_, Some(fingerprint), ..) => cause(app, fingerprint, stop),
        (Some(source), None, Some(name), _) => group(app, source, name),
        (source, None, _, Some(destination)) => place(app, source, destination),
        (Some(source), None, None, None) => one_source(app, source),
        (None, ..) => archive(app),
    }
}

fn cause(app: &App, fingerprint: &str, stop: &Stop) -> Explained {
    let href = href::cause(fingerprint);
    let title = Dead::of(app, app.archive.view(), stop).and_then(|dead| dead.title(fingerprint));
    Explained { sentence: None, detail: title.ok().map(|title| format!("They die of {title}.")), href }
}

fn group(app: &App, source: &str, name: &str) -> Explained {
    let href = href::group(source, name);
    let Some(group) = app.standing.group(source, name).map(|detail| detail.group) else {
        return Explained { href, ..Explained::default() };
    };
    // Of one that keeps up the rule says better what is wrong with it.
    let is_late = group.state.level() >= Level::Warn;
    let sentence = is_late.then(|| group.sentence.trim_end_matches('.').to_owned());
    Explained { sentence, detail: Some(numbers(&group)), href }
}

fn numbers(group: &Group) -> String {
    let rate = |rate: f64| format!("{rate:.1}/s");
    let parts = [
        group.lag.map(|lag| format!("{} unread", thousands(lag))),
        group.behind.as_ref().map(|behind| format!("{} behind", span(behind.seconds))),
        group.written.zip(group.read).map(|(written, read)| format!("{} written, {} read", rate(written), rate(read))),
        group.retention_margin.map(|margin| format!("the first unread event may be deleted in {}", span(margin))),
        group.members.map(|members| counted(members as u64, "member")),
        Some(format!("reads {}", group.destinations.join(", "))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn place(app: &App, source: Option<&str>, destination: &str) -> Explained {
    let known = app
        .standing
        .destinations()
        .into_iter()
        .find(|known| known.name == destination && source.is_none_or(|source| known.source == source));
    let href = match known.as_ref().map(|known| known.kind) {
        Some(DestinationKind::DeadLetter) => href::with_query("/dead-letters", &[("destination", destination)]),
        _ => href::events(&[("destination", destination)]),
    };
    let last = known.and_then(|known| known.last);
    Explained { sentence: None, detail: last.map(|last| format!("Its last event is of {last}")), href }
}

fn one_source(app: &App, name: &str) -> Explained {
    let source = app.sources().into_iter().find(|source| source.name == name);
    let fault = source.as_ref().and_then(|source| source.faults().next()).map(str::to_owned);
    Explained { sentence: None, detail: fault, href: "/system".to_owned() }
}

fn archive(app: &App) -> Explained {
    let faults = app.archive.pause_reason().into_iter().chain(app.archive.write_fault());
    let damaged = app.archive.figures().damaged;
    let detail: Vec<String> = faults.chain(damaged).take(5).collect();
    let detail = Some(detail.join("; ")).filter(|text| !text.is_empty());
    Explained { sentence: None, detail, href: "/system".to_owned() }
}
