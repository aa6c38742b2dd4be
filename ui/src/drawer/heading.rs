//! The head of the drawer: address, time, what can be copied.

use leptos::prelude::*;
use tapline_api::{EventDetail, Level};

use super::copy_as;
use crate::{
    api::load::Load,
    format::{address::readable, number::exact, time},
    planning::use_planning,
    state::time_range::use_zone,
    ui::{
        Button, Copy, Ico, Icon, Pill, Shape,
        copy::copy,
        menu::{Item, Menu},
        toast::use_toasts,
    },
};

/// What sets an event apart from others.
pub(super) fn badges(event: &EventDetail) -> impl IntoView + use<> {
    let dead = event
        .dead_letter
        .is_some()
        .then(|| view! { <Pill shape=Shape::DeadLetter level=Level::Bad text="Dead letter"/> });
    let retry = event
        .summary
        .retry
        .map(|attempt| view! { <Pill shape=Shape::Running level=Level::Warn text=format!("Retry {attempt}")/> });
    let again = (event.incarnation > 1).then(|| view! { <Pill text=format!("incarnation {}", event.incarnation)/> });
    let tombstone = event.payload.content.is_none().then(|| view! { <Pill text="Tombstone"/> });
    view! { {dead}{retry}{again}{tombstone} }
}

/// Address, time, copying and the place among neighbours.
#[component]
pub(super) fn Heading(
    /// The address.
    event: Memo<Option<String>>,
    /// The event, when it has come.
    load: Load<EventDetail>,
    /// Its number among its neighbours, from 1, and how many they are.
    #[prop(into)]
    number: Signal<Option<(usize, usize)>>,
) -> impl IntoView {
    let zone = use_zone();
    let raw = Signal::derive(move || event.get().unwrap_or_default());
    let at = move || {
        load.data.with(|event| event.as_ref().and_then(|event| time::parse(event.summary.timestamp.as_deref()?)))
    };
    let clock = move || {
        at().map(|at| view! { <span class="t3 push" title=time::full(at, zone.get())>{time::milli(at.div_euclid(1000), zone.get())}</span> })
    };
    view! {
        <div class="small t2 row">
            <span class="id cut" title=raw>{move || readable(&raw.get())}</span>
            <Copy text=raw label="Copy address"/>
            {clock}
        </div>
        <div class="row drawer-do">
            <CopyAs load/>
            <Replay event/>
            {move || number.get().map(|(number, of)| view! { <span class="push t3 small">{format!("{} of {}", exact(number as u64), exact(of as u64))}</span> })}
        </div>
    }
}

/// Plans a replay of this event alone.
#[component]
fn Replay(event: Memo<Option<String>>) -> impl IntoView {
    let planning = use_planning();
    let press = move |_| {
        if let Some(event) = event.get_untracked() {
            let what = format!("The event `{}`.", readable(&event));
            planning.ask_events(vec![event], what);
        }
    };
    view! { <Button text="Replay this" icon=Icon::Replay small=true on_press=press/> }
}

#[component]
fn CopyAs(load: Load<EventDetail>) -> impl IntoView {
    let toasts = use_toasts();
    let item = move |(name, make): (&'static str, copy_as::Make)| {
        let text = move || {
            let origin = window().location().origin().unwrap_or_default();
            load.data.with_untracked(|event| event.as_ref().and_then(|event| make(event, &origin)))
        };
        text().is_some().then(|| view! { <Item text=name on_choose=move || copy(text().unwrap_or_default(), toasts)/> })
    };
    let button = || view! { <Ico icon=Icon::Copy/>"Copy as"<Ico icon=Icon::Down class="i caret"/> };
    view! {
        <Menu class="btn btn-s" button=ViewFn::from(button)>
            {copy_as::WAYS.into_iter().filter_map(item).collect_view()}
        </Menu>
    }
}
