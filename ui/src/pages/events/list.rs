//! The list: rows of any number, live on top, more at the end.

use std::ops::Range;

use leptos::prelude::*;
use tapline_api::Level;

use super::{
    Question,
    export::Export,
    feed::Feed,
    live::Live,
    nothing::Nothing,
    preview,
    row::{COLUMNS, Column, EventRow, Manner},
};
use crate::{
    api::tail::TailState,
    filter::Term,
    format::{now, number},
    keyboard::{Command, use_commands},
    order::sort_by_key,
    react::{effect, memo},
    state::{
        settings::{recall, remember},
        time_range::{use_time_range, use_zone},
    },
    ui::{Button, Ico, Icon, Mark, Shape, Trouble, menu::Menu, rows::Rows, skeleton::SkeletonRows},
};

/// The panel with the list.
#[component]
pub(super) fn List(question: Question, feed: Feed) -> impl IntoView {
    let live = Live::follow(question, feed);
    let hidden = RwSignal::new(recall("columns.hidden").unwrap_or_else(|| "Producer".to_owned()));
    effect(move || hidden.with(|hidden| remember("columns.hidden", hidden)));
    use_commands(move |command| {
        let pauses = command == Command::Pause && live.state.get_untracked() != TailState::Off;
        if pauses {
            live.flip();
        }
        pauses
    });
    let failed = move || {
        feed.trouble().map(|failure| view! { <Trouble failure what="The events" on_retry=move || feed.reload()/> })
    };
    view! {
        <section class="panel evp" aria-label="Events">
            <div class="head">
                <Head live feed/>
                <span class="end"><Columns hidden/><Export feed/></span>
            </div>
            {failed}
            <div class:stale=move || feed.loading.get() && !feed.has_more()>
                <Table question feed live hidden/>
            </div>
        </section>
    }
}

#[component]
fn Head(live: Live, feed: Feed) -> impl IntoView {
    let range = use_time_range();
    let word = move || match (live.state.get(), live.paused.get()) {
        (TailState::Off, _) => view! { <h2>"Events"</h2> }.into_any(),
        (_, true) => view! { <h2><Mark shape=Shape::Standing level=Level::Mute/>" Paused"</h2> }.into_any(),
        (TailState::Refused, _) => {
            view! { <h2><Mark shape=Shape::Off level=Level::Mute/>" Not live: tried again every 10 s"</h2> }.into_any()
        }
        (TailState::Connecting, _) => {
            view! { <h2><Mark shape=Shape::Off level=Level::Mute/>" Connecting"</h2> }.into_any()
        }
        (TailState::Live, _) => view! { <h2><Mark shape=Shape::Running level=Level::Act/>" Live"</h2> }.into_any(),
    };
    let is_off = memo(move || live.state.get() == TailState::Off);
    let moving = move || {
        (!is_off.get()).then(|| view! {
        <span class="t3">{move || format!("{} match", number::rate(live.rate.get()))}</span>
        <span class="t3">{move || format!("{} not drawn", number::short(live.not_drawn.get()))}</span>
        {move || match live.paused.get() {
            true => view! { <Button text="Resume" icon=Icon::Play small=true on_press=move |_| live.flip()/> }.into_any(),
            false => view! { <Button text="Pause" icon=Icon::Pause small=true on_press=move |_| live.flip()/> }.into_any(),
        }}
        <Held live/>
    })
    };
    let still = move || {
        (is_off.get() && !range.get().is_moving()).then(|| {
        view! { <span class="t3">{move || number::count(feed.rows.with(Vec::len) as u64, "row", "rows")}{move || if feed.has_more() { " so far" } else { "" }}</span> }
    })
    };
    view! { {word}{moving}{still} }
}

/// What waits above while someone reads further down.
#[component]
fn Held(live: Live) -> impl IntoView {
    let release = move |_| {
        live.release();
        if let Ok(Some(page)) = document().query_selector(".page") {
            page.set_scroll_top(0);
        }
    };
    move || {
        let count = live.held.with(Vec::len);
        (count > 0).then(|| view! { <button type="button" class="link plain small" on:click=release>{number::count(count as u64, "new event above", "new events above")}</button> })
    }
}

#[component]
fn Columns(hidden: RwSignal<String>) -> impl IntoView {
    let flip = move |name: &'static str| {
        hidden.update(|hidden| {
            let mut names: Vec<&str> = hidden.split(',').filter(|hidden| !hidden.is_empty()).collect();
            match names.iter().position(|hidden| *hidden == name) {
                Some(at) => drop(names.remove(at)),
                None => names.push(name),
            }
            *hidden = names.join(",");
        });
    };
    let item = move |(_, name): (Column, &'static str)| {
        let shown = move || !hidden.with(|hidden| hidden.split(',').any(|hidden| hidden == name));
        view! {
            <label class="item keep"><input type="checkbox" class="check" prop:checked=shown on:change=move |_| flip(name)/>{name}</label>
        }
    };
    let button = || view! { <Ico icon=Icon::Columns/>"Columns"<Ico icon=Icon::Down class="i caret"/> };
    view! { <Menu class="btn btn-quiet btn-s" button=ViewFn::from(button) from_right=true>{COLUMNS.into_iter().map(item).collect_view()}</Menu> }
}

#[component]
fn Table(question: Question, feed: Feed, live: Live, hidden: RwSignal<String>) -> impl IntoView {
    let zone = use_zone();
    let columns = memo(move || {
        let hidden = hidden.get();
        let shown = |(_, name): &(Column, &str)| !hidden.split(',').any(|hidden| hidden == *name);
        COLUMNS.into_iter().filter(shown).map(|(column, _)| column).collect::<Vec<_>>()
    });
    let one_destination = memo(move || {
        question.terms.with(|terms| terms.iter().any(|term| matches!(term, Term::Column { name: "destination", .. })))
    });
    let empty = memo(move || feed.answered.get() && feed.rows.with(Vec::is_empty));
    move || {
        if empty.get() {
            return view! { <Nothing question/> }.into_any();
        }
        let manner = Manner { zone: zone.get(), now: now(), one_destination: one_destination.get() };
        view! { <Drawn feed live columns=columns.get() manner/> }.into_any()
    }
}

#[component]
fn Drawn(feed: Feed, live: Live, columns: Vec<Column>, manner: Manner) -> impl IntoView {
    let count = Signal::derive(move || feed.rows.with(Vec::len));
    let wide = columns.len();
    let heads = columns.iter().map(|column| head(*column, manner, feed)).collect_view();
    let on_view = Callback::new(move |range: Range<usize>| {
        let top = range.start == 0;
        if live.at_top.get_untracked() != top {
            live.at_top.set(top);
            if top {
                live.release();
            }
        }
        if range.end + 60 > count.get_untracked() {
            feed.more();
        }
    });
    let key =
        move |index: usize| feed.rows.with(|rows| rows.get(index).map(|row| row.address.clone()).unwrap_or_default());
    let row = move |index: usize| {
        let row = feed.rows.with_untracked(|rows| rows.get(index).cloned());
        row.map(|row| view! { <EventRow row columns=columns.clone() manner cursor=feed.cursor/> })
    };
    let waiting = move || (!feed.answered.get()).then(|| view! { <tbody><SkeletonRows rows=14 columns=wide/></tbody> });
    view! {
        <table class="table fixed ev" aria-rowcount=move || count.get().to_string()>
            <thead><tr>{heads}</tr></thead>
            {waiting}
            <Rows count key row on_view/>
        </table>
        <Foot feed/>
    }
}

/// The end of the list: more are coming, or why there are none.
#[component]
fn Foot(feed: Feed) -> impl IntoView {
    move || {
        let text = match (feed.cut.get(), feed.has_more(), feed.rows.with(Vec::len)) {
            (true, _, _) => format!(
                "The oldest rows were let go: the list holds {}. Narrow the filter or the time range.",
                number::exact(super::feed::MOST as u64)
            ),
            (_, true, _) => "Loading older events".to_owned(),
            (_, _, 0..=20) => return None,
            (_, _, count) => format!("{}, all that match", number::count(count as u64, "event", "events")),
        };
        Some(view! { <p class="foot-note t3 small">{text}</p> })
    }
}

fn head(column: Column, manner: Manner, feed: Feed) -> AnyView {
    match column {
        Column::Time => {
            view! { <th class="w-time" aria-sort="descending">"Time"<Ico icon=Icon::Down/></th> }.into_any()
        }
        Column::Type => view! { <th class="w-type">"Type"</th> }.into_any(),
        Column::Producer => view! { <th class="w-producer">"Producer"</th> }.into_any(),
        Column::Place if manner.one_destination => {
            view! { <th class="num place w-offset">"Partition · offset"</th> }.into_any()
        }
        Column::Place => view! { <th class="num place w-place">"Destination, partition · offset"</th> }.into_any(),
        Column::Key => view! { <th class="w-key">"Key"</th> }.into_any(),
        Column::Size => view! { <th class="num size w-size">"Size"</th> }.into_any(),
        Column::Body => {
            let names = memo(move || {
                feed.rows.with(|rows| names(rows.iter().take(40).filter_map(|row| row.preview.as_deref())))
            });
            view! { <th>"Body "<span class="t3">{names}</span></th> }.into_any()
        }
    }
}

/// `total, country, customerId and 9 more`.
fn names<'a>(previews: impl Iterator<Item = &'a str>) -> String {
    let fields = preview::fields(previews);
    let mut names: Vec<(&String, usize)> =
        fields.iter().filter(|(name, _)| !name.contains('.')).map(|(name, field)| (name, field.rows)).collect();
    sort_by_key(&mut names, |name| std::cmp::Reverse(name.1));
    let first: Vec<&str> = names.iter().take(3).map(|(name, _)| name.as_str()).collect();
    let rest = names.len().saturating_sub(3);
    if rest > 0 { format!("{} and {rest} more", first.join(", ")) } else { first.join(", ") }
}
