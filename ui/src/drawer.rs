//! One event, everything about it, at the right of any page: opened by `?event=<address>`. Owns what is shown of an
//! event; what stands in lists belongs to the pages.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::EventDetail;

use crate::{
    api::load::use_load,
    format::id::last_words,
    keyboard::{Command, use_commands},
    react::memo,
    state::url::{Address, Query, use_address},
    ui::{Icon, IconButton, Loaded},
};

mod copy_as;
mod dead_letter;
mod edges;
mod facts;
mod headers;
mod heading;
mod link;
mod payload;
mod tree;

/// Addresses of what the page lists, in its order: what the drawer steps through.
#[derive(Clone, Copy)]
pub(crate) struct Neighbours(pub(crate) RwSignal<Vec<String>>);

/// Makes the neighbours known; pages fill them.
pub(crate) fn provide_neighbours() {
    provide_context(Neighbours(RwSignal::new(Vec::new())));
}

/// Opens the drawer for an event, or closes it.
pub(crate) fn open(address: Address, event: Option<&str>) {
    let was_open = address.query.with_untracked(|query| query.get("event").is_some());
    let change = |query: &mut Query| query.set("event", event);
    match (was_open, event.is_some()) {
        (false, _) => address.enter(change),
        // Stepping from one event to the next is no step of its own: Back closes the drawer.
        (true, true) => address.replace(change),
        (true, false) => address.leave(change),
    }
}

/// Where an event stands among its neighbours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Place {
    before: Option<String>,
    after: Option<String>,
    /// From 1, and of how many.
    number: Option<(usize, usize)>,
}

fn place(neighbours: &[String], event: &str) -> Place {
    let Some(at) = neighbours.iter().position(|neighbour| neighbour == event) else { return Place::default() };
    Place {
        before: at.checked_sub(1).and_then(|before| neighbours.get(before).cloned()),
        after: neighbours.get(at + 1).cloned(),
        number: Some((at + 1, neighbours.len())),
    }
}

/// The drawer.
#[component]
pub(crate) fn EventDrawer() -> impl IntoView {
    let event = use_address().get("event");
    let shown = memo(move || event.with(Option::is_some));
    move || shown.get().then(|| view! { <Drawer event/> })
}

#[component]
fn Drawer(event: Memo<Option<String>>) -> impl IntoView {
    let address = use_address();
    let Neighbours(neighbours) = expect_context();
    let load = use_load::<EventDetail>(move || event.get().map(|event| format!("/api/v1/events/{event}")));
    let place = memo(move || match event.get() {
        Some(event) => neighbours.with(|neighbours| place(neighbours, &event)),
        None => Place::default(),
    });
    let step = move |forward: bool| {
        let to = place.with_untracked(|place| if forward { place.after.clone() } else { place.before.clone() });
        if let Some(to) = &to {
            open(address, Some(to));
        }
        to.is_some()
    };
    use_commands(move |command| match command {
        Command::Close => {
            open(address, None);
            true
        }
        Command::Down => step(true),
        Command::Up => step(false),
        _ => false,
    });
    let sections = |event: Arc<EventDetail>| view! { <Sections event/> };
    let title = move || load.data.with(|event| event.as_ref().and_then(|event| event.summary.event_type.clone()));
    view! {
        <aside class="drawer" aria-label="One event">
            <header>
                <div class="row">
                    <h2 class="cut" title=title>{move || title().map_or_else(|| "Event".to_owned(), |title| last_words(&title, 18).to_owned())}</h2>
                    {move || load.data.get().map(|event| heading::badges(&event))}
                    <span class="push"></span>
                    <IconButton icon=Icon::Up label="Previous (k)" small=true disabled=Signal::derive(move || place.with(|place| place.before.is_none())) on_press=move |_| { step(false); }/>
                    <IconButton icon=Icon::Down label="Next (j)" small=true disabled=Signal::derive(move || place.with(|place| place.after.is_none())) on_press=move |_| { step(true); }/>
                    <IconButton icon=Icon::X label="Close (Esc)" small=true on_press=move |_| open(address, None)/>
                </div>
                <heading::Heading event load number=Signal::derive(move || place.with(|place| place.number))/>
            </header>
            <div class="body" class:stale=load.loading>
                <Loaded load what="This event" show=sections/>
            </div>
        </aside>
    }
}

#[component]
fn Sections(event: Arc<EventDetail>) -> impl IntoView {
    view! {
        <dead_letter::DeadLetter event=Arc::clone(&event)/>
        <payload::PayloadSection event=Arc::clone(&event)/>
        <headers::Headers event=Arc::clone(&event)/>
        <edges::Edges event=Arc::clone(&event)/>
        <facts::Ids event=Arc::clone(&event)/>
        <facts::Facts event/>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_knows_its_neighbours() {
        let all = ["a", "b", "c"].map(str::to_owned);
        let middle = place(&all, "b");
        assert_eq!(
            (middle.before.as_deref(), middle.after.as_deref(), middle.number),
            (Some("a"), Some("c"), Some((2, 3)))
        );
        assert_eq!(place(&all, "a").before, None);
        assert_eq!(place(&all, "elsewhere"), Place::default());
    }
}
