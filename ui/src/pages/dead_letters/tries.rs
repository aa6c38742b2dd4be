//! The attempts of one event as they are drawn: a line each time that it was sent, with a step for each place it went.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Chain, Level};

use super::attempts::{Attempt, Kind, Round, rounds};
use crate::{
    drawer,
    format::{
        address::{parts, position, readable},
        id::last_words,
        number, time,
    },
    state::{
        time_range::use_zone,
        url::{replay_path, use_address},
    },
    ui::{Mark, Shape},
};

/// The section; nothing where there is no more to tell than both compared sides do.
#[component]
pub(super) fn Tries(chain: Arc<Chain>, dead: String) -> impl IntoView {
    let rounds = rounds(&chain, &dead);
    let tried = rounds.iter().flat_map(|round| &round.attempts).filter(|it| !matches!(it.kind, Kind::Followed(_)));
    if tried.count() < 3 {
        return ().into_any();
    }
    let columns = rounds.iter().map(|it| it.attempts.len() + usize::from(it.is_open())).max().unwrap_or(1);
    let times = match rounds.len() {
        1 => "sent once".to_owned(),
        many => format!("sent {} times", number::short(many as u64)),
    };
    let rows = rounds.into_iter().map(|round| view! { <Sent round dead=dead.clone()/> }).collect_view();
    view! {
        <section class="tries" aria-label="Attempts">
            <div class="subh"><h3>"Attempts"</h3><span class="t3 small">{times}</span></div>
            <ol class="rounds" style=("--n", columns.to_string())>{rows}</ol>
        </section>
    }
    .into_any()
}

#[component]
fn Sent(round: Round, dead: String) -> impl IntoView {
    let address = use_address();
    let open = round.is_open().then(|| view! { <li class="step t3"><span>"nothing followed yet"</span></li> });
    let name = match round.replay.filter(|id| !id.is_empty()) {
        Some(id) => {
            let path = replay_path(&id);
            view! { <a class="id" href=move || address.link(&path)>{id}</a> }.into_any()
        }
        None => view! { <span class="t2">"First"</span> }.into_any(),
    };
    let steps = round.attempts.into_iter().map(|it| view! { <Step opened=it.address == dead it/> }).collect_view();
    view! { <li class="round">{name}<ol>{steps}{open}</ol></li> }
}

#[component]
fn Step(it: Attempt, opened: bool) -> impl IntoView {
    let (address, zone) = (use_address(), use_zone());
    let (shape, level, word) = drawn(&it.kind);
    let at = it.at.as_deref().and_then(time::parse);
    let clock = move || at.map(|at| time::second(at.div_euclid(1000), zone.get()));
    let title = move || at.map(|at| time::full(at, zone.get()));
    let (to, place) = (it.address.clone(), place(&it.address));
    view! {
        <li class="step" aria-current=opened.then_some("true")>
            <span class="stt"><Mark shape level small=true/>{word}<time class="t3" title=title>{clock}</time></span>
            <button type="button" class="plain id cut" title=readable(&it.address) on:click=move |_| drawer::open(address, Some(&to))>{place}</button>
        </li>
    }
}

fn drawn(kind: &Kind) -> (Shape, Level, String) {
    match kind {
        Kind::Original => (Shape::Event, Level::Mute, "original".to_owned()),
        Kind::Again => (Shape::Replayed, Level::Act, "put back".to_owned()),
        Kind::Retry(attempt) => (Shape::Event, Level::Warn, format!("retry {attempt}")),
        Kind::Dead => (Shape::DeadLetter, Level::Bad, "dead letter".to_owned()),
        Kind::Followed(name) => (Shape::Well, Level::Ok, last_words(name, 18).to_owned()),
    }
}

/// `orders-dlt 4 / 13`: the source is the same for all.
fn place(address: &str) -> String {
    match parts(address).as_slice() {
        [_, destination, partition, at] => format!("{destination} {partition} / {}", position(at)),
        _ => address.to_owned(),
    }
}
