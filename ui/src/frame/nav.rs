//! The pages at the left: only those that exist. A chain is reached by its ID.

use leptos::prelude::*;
use tapline_api::{Level, Status};

use super::StatusLoad;
use crate::{
    format::number,
    pages::Page,
    state::url::use_address,
    ui::{Ico, Icon, Mark, Shape},
};

const PAGES: [(&str, &str, Icon); 7] = [
    ("/", "Overview", Icon::Overview),
    ("/events", "Events", Icon::Events),
    ("/consumers", "Consumers", Icon::Consumers),
    ("/dead-letters", "Dead letters", Icon::Dead),
    ("/replays", "Replays", Icon::Replay),
    ("/alerts", "Alerts", Icon::Bell),
    ("/sql", "SQL", Icon::Sql),
];

/// Links to the pages and the name of the environment.
#[component]
pub(super) fn Nav() -> impl IntoView {
    let StatusLoad(status) = expect_context();
    let page = |(path, name, icon): (&'static str, &'static str, Icon)| view! { <PageLink path name icon/> };
    let environment = move || status.data.get().map(|status| environment(&status));
    view! {
        <nav class="nav" aria-label="Pages">
            {PAGES.into_iter().map(page).collect_view()}
            <hr/>
            <PageLink path="/system" name="System" icon=Icon::System/>
            {environment}
        </nav>
    }
}

#[component]
fn PageLink(path: &'static str, name: &'static str, icon: Icon) -> impl IntoView {
    let address = use_address();
    let count = match Page::of(path) {
        Page::DeadLetters => {
            Some(view! { <Counted shape=Shape::DeadLetter of=|it| it.dead_letters title=dead_letters/> })
        }
        Page::Consumers => {
            Some(view! { <Counted shape=Shape::Standing of=|it| it.groups_behind as u64 title=groups_behind/> })
        }
        Page::Alerts => {
            Some(view! { <Counted shape=Shape::Failing of=|it| it.alerts_firing as u64 title=alerts_firing/> })
        }
        _ => None,
    };
    let current = move || address.path.with(|now| Page::of(now) == Page::of(path));
    view! {
        <a href=move || address.link(path) aria-current=move || current().then_some("page") title=name>
            <Ico icon/><span>{name}</span>{count}
        </a>
    }
}

/// A count beside the page that lists what is counted; nothing for 0.
#[component]
fn Counted(shape: Shape, of: fn(&Status) -> u64, title: fn(u64) -> String) -> impl IntoView {
    let StatusLoad(status) = expect_context();
    move || {
        let count = status.data.with(|status| status.as_deref().map_or(0, of));
        (count > 0).then(|| {
            view! { <span class="n bad" title=title(count)><Mark shape level=Level::Bad small=true/>{number::short(count)}</span> }
        })
    }
}

fn dead_letters(count: u64) -> String {
    format!("{} in the last hour", number::count(count, "dead letter", "dead letters"))
}

fn groups_behind(count: u64) -> String {
    number::count(count, "group falls behind", "groups fall behind")
}

fn alerts_firing(count: u64) -> String {
    number::count(count, "alert fires", "alerts fire")
}

fn environment(status: &Status) -> impl IntoView + use<> {
    let colour = match status.environment.colour.as_str() {
        known @ ("blue" | "green" | "amber" | "red" | "violet") => format!("env env-{known}"),
        _ => "env".to_owned(),
    };
    let version = format!("Tapline {}", status.version);
    view! { <div class="foot" title=version><span class=colour>{status.environment.name.clone()}</span></div> }
}
