//! Turning points of the time range, newest first.

use leptos::prelude::*;
use tapline_api::{Change, Level};

use crate::{
    format::time,
    state::{time_range::use_zone, url::use_address},
    ui::{Mark, Sentence, Shape},
};

/// The panel.
pub(super) fn changes(changes: Vec<Change>, period: Signal<String>, now: i64) -> impl IntoView {
    let content = if changes.is_empty() {
        view! { <p class="pad t2 small">"Nothing turned: the same services wrote the same types to the same destinations."</p> }.into_any()
    } else {
        view! { <ol class="changes">{changes.into_iter().map(|change| row(change, now)).collect_view()}</ol> }
            .into_any()
    };
    view! {
        <section class="panel">
            <div class="head"><h2>"What changed"</h2><span class="t3">{period}</span></div>
            {content}
        </section>
    }
}

fn row(change: Change, now: i64) -> impl IntoView {
    let (address, zone) = (use_address(), use_zone());
    let micros = time::parse(&change.at);
    let at = micros.map(|micros| micros.div_euclid(1000));
    let clock = move || {
        at.map(|at| {
            if zone.get().day(at) == zone.get().day(now) {
                time::minute(at, zone.get())
            } else {
                time::day(at, zone.get())
            }
        })
    };
    let title = move || micros.map(|micros| time::full(micros, zone.get()));
    let shape = Shape::of(&change.mark);
    let level = match shape {
        Shape::DeadLetter | Shape::Failing | Shape::Standing => Level::Bad,
        Shape::Behind | Shape::Stuck => Level::Warn,
        Shape::Well => Level::Ok,
        _ => Level::Mute,
    };
    let sentence = view! { <Sentence text=change.sentence/> };
    let sentence = match change.href {
        Some(href) => view! { <a href=move || address.link(&href)>{sentence}</a> }.into_any(),
        None => view! { <span>{sentence}</span> }.into_any(),
    };
    view! { <li><time title=title>{clock}</time><Mark shape level small=true/>{sentence}</li> }
}
