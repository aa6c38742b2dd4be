//! The status line: whether the tap itself is well comes before every other number.

use leptos::prelude::*;
use tapline_api::{DemoFixed, Level, Status};

use super::StatusLoad;
use crate::{
    api::{act, failure::Failure},
    format::{number, sentence, time},
    react::memo,
    state::url::use_address,
    ui::{Mark, Shape},
};

/// The line below every page.
#[component]
pub(super) fn StatusLine(
    /// Set to show all keys.
    help: RwSignal<bool>,
) -> impl IntoView {
    let StatusLoad(load) = expect_context();
    let line = move || match (load.data.get(), load.failure.get()) {
        (_, Some(failure)) => view! {
            <span role="alert"><Mark shape=Shape::Failing level=Level::Bad small=true/>{failure.title}</span>
            <span class="t3">"asked again every 10 s"</span>
        }
        .into_any(),
        (Some(status), None) => view! { <Parts status=(*status).clone()/> }.into_any(),
        (None, None) => ().into_any(),
    };
    // Beside what is drawn anew at every beat: the button keeps the focus.
    let fix = memo(move || load.data.with(|status| status.as_ref().and_then(|status| status.fix_deployed)));
    let fixed = move || {
        fix.get().map(|deployed| match deployed {
            true => view! { <span><Mark shape=Shape::Well level=Level::Ok small=true/>"payments is fixed"</span> }
                .into_any(),
            false => view! { <Fix/> }.into_any(),
        })
    };
    let kept = move || {
        let status = load.data.get().filter(|_| load.failure.with(Option::is_none));
        status.map(
            |status| view! { <span class="push t3" title=status.archive.location.clone()>{archive(&status)}</span> },
        )
    };
    view! {
        <footer class="status" aria-label="Status">
            {line}
            {fixed}
            {kept}
            <button type="button" class="t3 keys-button" on:click=move |_| help.set(true)><kbd>"?"</kbd>" keys"</button>
        </footer>
    }
}

/// Shape, colour and words for the sources.
fn sources(status: &Status) -> (Shape, Level, String) {
    match (status.sources, status.sources_up) {
        (0, _) => (Shape::Off, Level::Mute, "No source configured".to_owned()),
        (all, up) if up >= all => (Shape::Well, Level::Ok, format!("Sources {up} of {all} up")),
        (all, up) => (Shape::Failing, Level::Bad, format!("Sources {up} of {all} up")),
    }
}

fn newest(status: &Status) -> Option<String> {
    let age = status.newest_age_seconds?;
    Some(format!("newest row {} old", number::duration((age * 1000.0).max(0.0).round())))
}

fn holds_events(status: &Status) -> bool {
    status.archive.rows + status.archive.hot_rows > 0
}

/// Without a source, and before anything was read, nothing can be said about gaps.
fn tells_gaps(status: &Status) -> bool {
    status.sources > 0 && (status.gaps > 0 || holds_events(status))
}

fn archive(status: &Status) -> String {
    let archive = &status.archive;
    if !holds_events(status) {
        return format!("archive empty, {}", archive.location);
    }
    let days = archive
        .oldest
        .as_deref()
        .and_then(time::parse)
        .zip(time::parse(&status.now))
        .map(|(oldest, now)| (now - oldest) / 1000);
    // A span that grows by the second would be the only thing on the page that never rests.
    let span = days.map(|ms| format!(", {}", coarse(&number::duration(ms as f64)))).unwrap_or_default();
    format!("archive {}{span}", number::bytes(archive.bytes + archive.index_bytes))
}

/// The larger unit of two: `19 min 16 s` is `19 min`.
fn coarse(duration: &str) -> &str {
    duration.match_indices(' ').nth(1).map_or(duration, |(at, _)| &duration[..at])
}

#[component]
fn Parts(status: Status) -> impl IntoView {
    let address = use_address();
    let (shape, level, words) = sources(&status);
    let gaps = tells_gaps(&status).then(|| match status.gaps {
        0 => view! { <span><Mark shape=Shape::Well level=Level::Ok small=true/>"no gaps"</span> }.into_any(),
        gaps => view! { <span><Mark shape=Shape::Behind level=Level::Warn small=true/>{number::count(gaps as u64, "gap", "gaps")}</span> }.into_any(),
    });
    let problem = status.problems.first().map(|problem| {
        let (text, title) = (sentence::plain(problem), sentence::plain(problem));
        view! { <a class="problem" href=move || address.link("/system") title=title><Mark shape=Shape::Behind level=Level::Warn small=true/><span class="cut">{text}</span></a> }
    });
    view! {
        <span><Mark shape level small=true/>{words}</span>
        <span>{number::rate(status.rate)}</span>
        {newest(&status).map(|text| view! { <span>{text}</span> })}
        {gaps}
        {problem}
    }
}

/// What no real system lets Tapline do: the demo's payments learn the card type that they stumble over.
#[component]
fn Fix() -> impl IntoView {
    let StatusLoad(load) = expect_context();
    let deploy = move |_| {
        act::post("/api/v1/demo/fix".to_owned(), &(), move |_: Result<DemoFixed, Failure>| load.retry());
    };
    view! { <button class="btn btn-s fix" on:click=deploy>"Deploy the fix of payments"</button> }
}

#[cfg(test)]
mod tests {
    use tapline_api::{ArchiveFigures, Environment};

    use super::*;

    fn status() -> Status {
        Status {
            environment: Environment { name: "shop".into(), colour: "amber".into(), confirm_replays: false },
            version: "0.1.0".into(),
            now: "2026-11-21T03:12:44.000000Z".into(),
            sources_up: 2,
            sources: 2,
            rate: 0.0,
            newest_age_seconds: Some(0.3),
            gaps: 0,
            dead_letters: 0,
            groups_behind: 0,
            alerts_firing: 0,
            archive: ArchiveFigures { location: "./tapline-data".into(), ..ArchiveFigures::default() },
            problems: Vec::new(),
            fix_deployed: None,
        }
    }

    #[test]
    fn a_source_that_is_down_is_said_by_shape_and_number() {
        assert_eq!(sources(&status()).2, "Sources 2 of 2 up");
        let down = sources(&Status { sources_up: 1, ..status() });
        assert_eq!((down.0, down.2.as_str()), (Shape::Failing, "Sources 1 of 2 up"));
        assert_eq!(sources(&Status { sources: 0, sources_up: 0, ..status() }).2, "No source configured");
    }

    #[test]
    fn gaps_are_told_of_sources_that_were_read() {
        let full = ArchiveFigures { hot_rows: 1, ..status().archive };
        assert!(!tells_gaps(&status()), "nothing was read");
        assert!(tells_gaps(&Status { archive: full.clone(), ..status() }));
        assert!(tells_gaps(&Status { gaps: 1, ..status() }), "all that there was is lost");
        assert!(!tells_gaps(&Status { archive: full, sources: 0, sources_up: 0, ..status() }));
    }

    #[test]
    fn the_archive_says_size_and_span() {
        assert_eq!(archive(&status()), "archive empty, ./tapline-data");
        let archive_figures = ArchiveFigures {
            bytes: 1_900_000_000_000,
            index_bytes: 40_000_000_000,
            rows: 1,
            oldest: Some("2026-10-21T03:12:44.000000Z".into()),
            ..ArchiveFigures::default()
        };
        assert_eq!(archive(&Status { archive: archive_figures, ..status() }), "archive 1.94 TB, 31 days");
        assert_eq!(newest(&status()).as_deref(), Some("newest row 300 ms old"));
        assert_eq!([coarse("19 min 16 s"), coarse("8 s")], ["19 min", "8 s"]);
    }
}
