//! An ID that nothing holds: what was searched, and what to do.

use leptos::prelude::*;
use tapline_api::{Chain, Level};

use crate::{
    api::load::Load,
    format::{number, time},
    frame::StatusLoad,
    state::{
        time_range::use_zone,
        url::{Query, use_address},
    },
    ui::{Answer, Button, IdLink, Look, Mark, Sentence, Shape},
};

/// The page without members.
#[component]
pub(crate) fn NotFound(load: Load<Chain>, id: String) -> impl IntoView {
    let address = use_address();
    let shown = crate::format::id::middle(&id, 80).replace('`', "'");
    let text = move |of: fn(&Chain) -> &String, otherwise: String| {
        Signal::derive(move || {
            load.data.with(|chain| chain.as_ref().map(|chain| of(chain).clone()).unwrap_or_else(|| otherwise.clone()))
        })
    };
    let headline = text(|chain| &chain.headline, format!("No event holds `{shown}`."));
    let detail = text(
        |chain| &chain.detail,
        "It may be spelt otherwise, be older than the archive, or not have come yet.".to_owned(),
    );
    let mut query = Query::default();
    query.set("q", Some(id.split_once('=').map_or(id.as_str(), |(_, value)| value)));
    let events = query.on("/events");
    let also =
        move || load.data.with(|chain| chain.as_ref().map(|chain| chain.also.clone())).filter(|also| !also.is_empty());
    let also = move || {
        also().map(|also| {
        let ids = also.into_iter().map(|id| view! { <li><IdLink id=format!("{}={}", id.name, id.value)/></li> }).collect_view();
        view! { <section class="panel"><div class="head"><h2>"The same value under other names"</h2></div><ul class="names">{ids}</ul></section> }
    })
    };
    view! {
        <Answer headline detail>
            <Button text="Look again" look=Look::Plain on_press=move |_| load.retry()/>
        </Answer>
        <section class="panel not-found">
            <div class="head"><h2>"What was searched"</h2></div>
            <ul class="notes"><Searched/></ul>
            <div class="head"><h2>"What may help"</h2></div>
            <ul class="notes">
                {hint("A bare value is looked for under every name; `orderId=…` only under that one.")}
                {hint("A number shorter than six digits, or a word shorter than five letters, needs its name: write `orderId=12345`.")}
                {hint("Values are matched whole. Words inside a payload are found on the Events page.")}
                {hint("An event that is older than the `start` of its source was never read.")}
            </ul>
            <div class="pad row"><a class="btn btn-primary" href=move || address.link(&events)>"Search payloads"</a><a class="btn" href=move || address.link("/system")>"See sources and gaps"</a></div>
        </section>
        {also}
    }
}

fn hint(text: &'static str) -> impl IntoView {
    view! { <li><Mark shape=Shape::New level=Level::Mute/><span><Sentence text/></span></li> }
}

#[component]
fn Searched() -> impl IntoView {
    let (StatusLoad(load), zone) = (expect_context(), use_zone());
    move || {
        load.data.get().map(|status| {
            let (shape, level, sources) = standing(status.sources_up, status.sources);
            let sources = view! { <li><Mark shape level/><span>{sources}</span></li> };
            if StatusLoad(load).is_new() {
                return view! { <li><Mark shape=Shape::Off level=Level::Mute/><span>"Nothing is archived yet, so there was nothing to search."</span></li>{sources} }.into_any();
            }
            let rows = number::short(status.archive.rows);
            let since = status.archive.oldest.as_deref().and_then(time::parse).map(|oldest| {
                let oldest = oldest.div_euclid(1000);
                format!(", since {} {}", time::day(oldest, zone.get()), time::minute(oldest, zone.get()))
            });
            let archived = format!(
                "{rows} archived rows in {}{}.",
                number::count(status.archive.files as u64, "file", "files"),
                since.unwrap_or_default()
            );
            let hot =
                format!("{} in memory, not committed yet.", number::count(status.archive.hot_rows, "row", "rows"));
            let gaps = (status.gaps > 0).then(|| {
                let text = format!(
                    "{} of offsets are missing from the archive.",
                    number::count(status.gaps as u64, "range", "ranges")
                );
                view! { <li><Mark shape=Shape::Behind level=Level::Warn/><span>{text}</span></li> }
            });
            view! {
                <li><Mark shape=Shape::Well level=Level::Ok/><span>{archived}</span></li>
                <li><Mark shape=Shape::Well level=Level::Ok/><span>{hot}</span></li>
                {sources}
                {gaps}
            }
            .into_any()
        })
    }
}

fn standing(up: usize, sources: usize) -> (Shape, Level, String) {
    match (up, sources) {
        (_, 0) => (Shape::Off, Level::Mute, "No source is configured.".to_owned()),
        (up, all) if up < all => (Shape::Failing, Level::Bad, format!("{up} of {all} sources are up.")),
        (1, _) => (Shape::Well, Level::Ok, "The source is up.".to_owned()),
        (all, _) => (Shape::Well, Level::Ok, format!("All {all} sources are up.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0 of 0 sources are up` had a green tick.
    #[test]
    fn no_source_is_not_well() {
        let said = |up, all| standing(up, all).2;
        assert_eq!(standing(0, 0).1, Level::Mute);
        assert_eq!(
            [said(0, 0), said(1, 1), said(3, 3)],
            ["No source is configured.", "The source is up.", "All 3 sources are up."]
        );
        assert_eq!(standing(1, 2), (Shape::Failing, Level::Bad, "1 of 2 sources are up.".to_owned()));
    }
}
