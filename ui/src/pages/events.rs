//! Events: every row that matches, when they came, and new ones as they come. The filter line, the histogram and the
//! list show the same question, which stands in the address.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{EventSummary, Histogram};

use crate::{
    api::load::{Load, use_load},
    drawer::{self, Neighbours},
    filter::{self, Term},
    format::{now, time},
    frame::StatusLoad,
    keyboard::{Command, use_commands},
    react::{effect, memo},
    state::{
        refresh::use_beat,
        time_range::{use_time_range, use_zone},
        url::{Address, Query, use_address},
    },
    ui::Answer,
};

mod answer;
mod completion;
mod export;
mod facets;
mod feed;
mod filter_line;
mod histogram;
mod list;
mod live;
mod nothing;
mod preview;
mod row;

use feed::Feed;

/// Buckets of the histogram.
const BUCKETS: u32 = 60;

/// What the page asks: the terms of the filter line and the time range.
#[derive(Clone, Copy)]
struct Question {
    address: Address,
    terms: Memo<Vec<Term>>,
    /// The same with the time range, as a call says it.
    query: Memo<Query>,
}

impl Question {
    fn of_address() -> Self {
        let (address, range) = (use_address(), use_time_range());
        let terms = memo(move || address.query.with(filter::of_query));
        let query = memo(move || {
            let mut query = Query::default();
            terms.with(|terms| filter::write(terms, &mut query));
            range.get().write(&mut query);
            query
        });
        Self { address, terms, query }
    }

    /// The path of a call that takes the filters, with more parameters.
    fn call(self, path: &str, more: &[(&str, &str)]) -> String {
        let mut query = self.query.get();
        for (name, value) in more {
            query.set(name, Some(value));
        }
        query.on(path)
    }

    /// Puts other terms into the address.
    fn set(self, terms: &[Term]) {
        self.address.push(|query| filter::write(terms, query));
    }

    /// Adds a term to those in the address, unless it stands there.
    fn add(self, term: Term) {
        let mut terms = self.terms.get_untracked();
        if !terms.contains(&term) {
            terms.push(term);
            self.set(&terms);
        }
    }
}

/// What a histogram is split by: a word of the address.
fn use_split() -> Signal<String> {
    let by = use_address().get("by");
    Signal::derive(move || {
        by.get().filter(|by| matches!(by.as_str(), "destination" | "producer")).unwrap_or_else(|| "type".to_owned())
    })
}

/// The page.
#[component]
pub(crate) fn Events() -> impl IntoView {
    let question = Question::of_address();
    let (range, beat, split) = (use_time_range(), use_beat(), use_split());
    let histogram = use_load::<Histogram>(move || {
        if range.get().is_moving() {
            beat.follow();
        }
        Some(question.call("/api/v1/events/histogram", &[("by", &split.get()), ("buckets", &BUCKETS.to_string())]))
    });
    let feed = Feed::follow(question.query);
    let status = expect_context::<StatusLoad>();
    let is_new = memo(move || status.is_new() && feed.rows.with(Vec::is_empty));
    walk_by_keys(feed);
    move || {
        if is_new.get() {
            return view! { <nothing::FirstSteps/> }.into_any();
        }
        view! { <Filled question histogram feed split/> }.into_any()
    }
}

#[component]
fn Filled(question: Question, histogram: Load<Histogram>, feed: Feed, split: Signal<String>) -> impl IntoView {
    let (range, zone) = (use_time_range(), use_zone());
    let said = memo(move || {
        let rows = feed
            .rows
            .with(|rows| rows.first().and_then(|row: &Arc<EventSummary>| time::parse(row.timestamp.as_deref()?)));
        let facts = answer::Facts {
            range: range.get(),
            newest: rows.map(|at| at.div_euclid(1000)),
            zone: zone.get(),
            now: now(),
        };
        question.terms.with(|terms| {
            histogram.data.with(|histogram| answer::sentences(terms, histogram.as_deref(), &split.get(), &facts))
        })
    });
    view! {
        <div class="page">
            <Answer headline=Signal::derive(move || said.get().0) detail=Signal::derive(move || said.get().1)/>
            <filter_line::FilterLine question histogram feed/>
            <histogram::HistogramPanel histogram split/>
            <div class="evgrid">
                <list::List question feed/>
                <facets::Facets question feed/>
            </div>
        </div>
    }
}

/// `j` and `k` walk through the rows, Enter opens one. With the drawer open it takes these keys itself.
fn walk_by_keys(feed: Feed) {
    let address = use_address();
    let Neighbours(neighbours) = expect_context();
    let event = address.get("event");
    effect(move || {
        if event.with(Option::is_some) {
            neighbours.set(feed.rows.with(|rows| rows.iter().map(|row| row.address.clone()).collect()));
        }
    });
    effect(move || {
        if let Some(event) = event.get() {
            feed.cursor.set(Some(event));
        }
    });
    effect(move || {
        if let Some(cursor) = feed.cursor.get() {
            row::bring_into_view(&cursor);
        }
    });
    use_commands(move |command| match command {
        Command::Down => feed.step(true),
        Command::Up => feed.step(false),
        Command::Open => {
            let cursor = feed.cursor.get_untracked();
            if let Some(cursor) = &cursor {
                drawer::open(address, Some(cursor));
            }
            cursor.is_some()
        }
        _ => false,
    });
    on_cleanup(move || drop(neighbours.try_set(Vec::new())));
}
