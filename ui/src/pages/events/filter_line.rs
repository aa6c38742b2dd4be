//! The filter line: tokens, then what is being typed, with offers; beneath it the SQL that it makes.

use std::collections::BTreeMap;

use leptos::{ev::KeyboardEvent, html, prelude::*};
use tapline_api::{DestinationList, Histogram};

use super::{
    Question,
    completion::{self, Known, Offer},
    feed::Feed,
    preview,
};
use crate::{
    api::load::{Load, use_load},
    filter::{self, Term},
    keyboard::{Command, blur, use_commands},
    order::{sort_by, sort_by_key},
    react::memo,
    state::url::{Query, use_address},
    ui::{
        Copy, Ico, Icon,
        code::{Code, Language},
    },
};

/// The line and its SQL.
#[component]
pub(super) fn FilterLine(question: Question, histogram: Load<Histogram>, feed: Feed) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let text = RwSignal::new(String::new());
    let offers = use_offers(text, histogram, feed);
    let (open, chosen) = (RwSignal::new(false), RwSignal::new(None::<usize>));
    let commit = move || {
        let mut terms = question.terms.get_untracked();
        let fresh = filter::parse(&text.get_untracked());
        if !fresh.is_empty() {
            terms.extend(fresh);
            question.set(&terms);
        }
        text.set(String::new());
        chosen.set(None);
    };
    let take = move |offer: &Offer| {
        text.update(|text| *text = completion::take(text, offer));
        chosen.set(None);
        if offer.whole {
            commit();
        }
    };
    let keys =
        move |event: KeyboardEvent| on_key(&event, Typing { question, text, offers, open, chosen }, commit, take);
    use_commands(move |command| match (command, field.get_untracked()) {
        (Command::Filter, Some(field)) => field.focus().is_ok(),
        (Command::Close, _) if open.get_untracked() => {
            open.set(false);
            blur();
            true
        }
        _ => false,
    });
    let input = move |event| {
        text.set(event_target_value(&event));
        open.set(true);
        chosen.set(None);
    };
    let leave = move |_| {
        open.set(false);
        commit();
    };
    let placeholder = move || {
        if question.terms.with(Vec::is_empty) {
            "Filter: destination:orders type:OrderPlaced amount>100 \"card declined\""
        } else {
            ""
        }
    };
    view! {
        <div>
            <div class="filter" class:focus=open on:click=move |_| drop(field.get_untracked().map(|field| field.focus()))>
                <Ico icon=Icon::Filter class="i t3"/>
                <Tokens question/>
                <span class="typing">
                <input node_ref=field type="text" class="mono" role="combobox" aria-label="Filter" aria-autocomplete="list" aria-controls="offers"
                    aria-expanded=move || open.get().to_string() spellcheck="false" autocomplete="off" placeholder=placeholder
                    prop:value=text on:input=input on:keydown=keys on:focus=move |_| open.set(true) on:blur=leave/>
                {move || (open.get() && offers.with(|offers| !offers.is_empty())).then(|| view! { <Offers offers chosen take/> })}
                </span>
                <OpenInSql feed/>
            </div>
            <SqlLine feed/>
        </div>
    }
}

/// What the keys work on.
#[derive(Clone, Copy)]
struct Typing {
    question: Question,
    text: RwSignal<String>,
    offers: Memo<Vec<Offer>>,
    open: RwSignal<bool>,
    chosen: RwSignal<Option<usize>>,
}

fn on_key(event: &KeyboardEvent, typing: Typing, commit: impl Fn(), take: impl Fn(&Offer)) {
    let Typing { question, text, offers, open, chosen } = typing;
    let count = offers.with_untracked(Vec::len);
    let pick = chosen.get_untracked();
    let offer = |index: usize| offers.with_untracked(|offers| offers.get(index).cloned());
    match event.key().as_str() {
        "ArrowDown" if count > 0 => {
            event.prevent_default();
            open.set(true);
            chosen.set(Some(pick.map_or(0, |at| (at + 1) % count)));
        }
        "ArrowUp" if count > 0 => {
            event.prevent_default();
            chosen.set(pick.map_or(Some(count - 1), |at| at.checked_sub(1)));
        }
        "Tab" if count > 0 && !text.with_untracked(String::is_empty) => {
            event.prevent_default();
            take(&offer(pick.unwrap_or(0)).unwrap_or_else(|| Offer {
                text: String::new(),
                typed: (0, 0),
                note: String::new(),
                whole: false,
            }));
        }
        "Enter" => match pick.and_then(offer) {
            Some(offer) => take(&offer),
            None => {
                commit();
                open.set(false);
            }
        },
        "Backspace" if text.with_untracked(String::is_empty) => {
            let mut terms = question.terms.get_untracked();
            if let Some(last) = terms.pop() {
                event.prevent_default();
                question.set(&terms);
                text.set(last.to_string());
            }
        }
        _ => {}
    }
}

#[component]
fn Tokens(question: Question) -> impl IntoView {
    let token = move |(index, term): (usize, Term)| {
        let (name, value) = term.parts();
        let label = format!("Remove {term}");
        let remove = move |event: leptos::ev::MouseEvent| {
            event.stop_propagation();
            let mut terms = question.terms.get_untracked();
            if index < terms.len() {
                terms.remove(index);
                question.set(&terms);
            }
        };
        let value = if name.is_empty() { format!("\"{value}\"") } else { value };
        view! {
            <span class="token" title=term.to_string()>
                <span class="k">{name}</span><span class="s cut">{value}</span>
                <button type="button" class="x" aria-label=label on:click=remove><Ico icon=Icon::X/></button>
            </span>
        }
    };
    move || question.terms.get().into_iter().enumerate().map(token).collect_view()
}

#[component]
fn Offers(
    offers: Memo<Vec<Offer>>,
    chosen: RwSignal<Option<usize>>,
    take: impl Fn(&Offer) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let row = move |(index, offer): (usize, Offer)| {
        let (begin, end) = offer.typed;
        let (before, typed, after) =
            (offer.text[..begin].to_owned(), offer.text[begin..end].to_owned(), offer.text[end..].to_owned());
        let note = offer.note.clone();
        // Pressing must come before the field loses the focus, else the list is gone first.
        let press = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            take(&offer);
        };
        let on = move || chosen.get() == Some(index);
        view! {
            <div class="item" role="option" class:on=on aria-selected=move || on().to_string() on:mousedown=press>
                <code>{before}<b>{typed}</b>{after}</code><span class="end">{note}{move || (index == 0 && chosen.get().is_none()).then(|| view! { " "<kbd>"Tab"</kbd> })}</span>
            </div>
        }
    };
    view! { <div class="menu pop comp" id="offers" role="listbox" aria-label="Offers">{move || offers.get().into_iter().enumerate().map(row).collect_view()}</div> }
}

fn use_offers(text: RwSignal<String>, histogram: Load<Histogram>, feed: Feed) -> Memo<Vec<Offer>> {
    let destinations = use_load::<DestinationList>(|| Some("/api/v1/destinations".to_owned()));
    let by = use_address().get("by");
    let known = memo(move || {
        let mut columns: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        destinations.data.with(|list| {
            let named = |of: fn(&tapline_api::DestinationInfo) -> &String| {
                let mut names: Vec<String> =
                    list.iter().flat_map(|list| list.destinations.iter().map(of).cloned()).collect();
                sort_by(&mut names, Ord::cmp);
                names.dedup();
                names
            };
            columns.insert("destination", named(|one| &one.name));
            columns.insert("source", named(|one| &one.source));
        });
        feed.rows.with(|rows| {
            let rows = &rows[..rows.len().min(200)];
            columns.insert("type", frequent(rows.iter().filter_map(|row| row.event_type.clone())));
            columns.insert("producer", frequent(rows.iter().filter_map(|row| row.producer.clone())));
        });
        histogram.data.with(|histogram| {
            let names =
                histogram.iter().flat_map(|histogram| histogram.series.iter().map(|series| series.name.clone()));
            let column = by.get().filter(|by| by == "producer").map_or("type", |_| "producer");
            if by.get().is_none_or(|by| by == column) {
                columns.insert(column, names.filter(|name| !name.is_empty() && name != "…").collect());
            }
        });
        let fields =
            feed.rows.with(|rows| preview::fields(rows.iter().take(200).filter_map(|row| row.preview.as_deref())));
        Known { columns, fields }
    });
    memo(move || text.with(|text| known.with(|known| completion::offers(text, known))))
}

/// Values, each once, the most frequent first.
fn frequent(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut values: Vec<(String, usize)> = counts.into_iter().collect();
    sort_by_key(&mut values, |(_, count)| std::cmp::Reverse(*count));
    values.into_iter().map(|(value, _)| value).collect()
}

#[component]
fn OpenInSql(feed: Feed) -> impl IntoView {
    let address = use_address();
    let href = move || {
        let mut query = Query::default();
        query.add("sql", &feed.sql.get());
        address.link(&query.on("/sql"))
    };
    view! { <span class="push row"><a class="btn btn-quiet btn-s" href=href><Ico icon=Icon::Sql/>"SQL"</a></span> }
}

#[component]
fn SqlLine(feed: Feed) -> impl IntoView {
    let sql = Signal::derive(move || feed.sql.get());
    view! {
        <p class="sqlline">
            <code class="cut" title=sql>{move || view! { <Code language=Language::Sql text=sql.get()/> }}</code>
            {move || (!sql.get().is_empty()).then(|| view! { <Copy text=sql label="Copy SQL"/> })}
        </p>
    }
}
