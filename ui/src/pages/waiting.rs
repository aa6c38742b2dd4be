//! How far a new installation is: what pages without events say they wait for.

use leptos::prelude::*;
use tapline_api::{Level, Status};

use crate::{
    format::number,
    frame::StatusLoad,
    react::memo,
    ui::{Ico, Icon, Mark, Sentence, Shape},
};

/// What the page waits for, or what is in its way.
#[component]
pub(super) fn Waiting() -> impl IntoView {
    let StatusLoad(status) = expect_context();
    let content = move || {
        status.data.get().map(|status| {
            let (shape, level, text) = standing(&status);
            view! { <Mark shape level/><span><Sentence text/></span> }
        })
    };
    view! { <div class="wait">{content}</div> }
}

/// The number of the first step, ticked once a source is configured.
#[component]
pub(super) fn FirstDone() -> impl IntoView {
    let StatusLoad(status) = expect_context();
    let done = memo(move || status.data.with(|status| status.as_ref().is_some_and(|status| status.sources > 0)));
    move || match done.get() {
        true => {
            view! { <span class="nr done"><Ico icon=Icon::Check/><span class="vh">"1, done"</span></span> }.into_any()
        }
        false => view! { <span class="nr">"1"</span> }.into_any(),
    }
}

fn standing(status: &Status) -> (Shape, Level, String) {
    let sources = number::count(status.sources as u64, "source", "sources");
    match (status.sources, status.problems.first()) {
        (0, _) => (
            Shape::Off,
            Level::Mute,
            "No source is configured. Tapline reads `tapline.toml` when it starts.".to_owned(),
        ),
        (_, Some(problem)) => (Shape::Failing, Level::Bad, problem.clone()),
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

#[cfg(test)]
pub(crate) mod tests {
    use tapline_api::{ArchiveFigures, Environment};

    use super::*;

    pub(crate) fn status(sources: usize, up: usize, problems: &[&str]) -> Status {
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
            groups_behind: 0,
            alerts_firing: 0,
            archive: ArchiveFigures::default(),
            problems: problems.iter().map(|problem| (*problem).to_owned()).collect(),
            fix_deployed: None,
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
