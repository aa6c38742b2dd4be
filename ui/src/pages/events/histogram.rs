//! When the events came, split by what they are; drag to zoom.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::Histogram;

use crate::{
    api::load::Load,
    charts::histogram::{Buckets, HistogramChart, Stack},
    format::{id, number, time},
    state::{
        hues::use_hues,
        time_range::{TimeRange, use_set_time_range},
        url::use_address,
    },
    ui::{Loaded, Segments},
};

/// Names in the legend.
const LEGEND: usize = 4;

/// The panel.
#[component]
pub(super) fn HistogramPanel(histogram: Load<Histogram>, split: Signal<String>) -> impl IntoView {
    let address = use_address();
    let choose = move |by: &'static str| address.replace(|query| query.set("by", (by != "type").then_some(by)));
    let words = move || {
        histogram
            .data
            .with(|histogram| histogram.as_ref().map_or(("", String::new()), |histogram| step(histogram.step_seconds)))
    };
    let legend = move || histogram.data.get().map(|histogram| view! { <Legend histogram split/> });
    let show = move |histogram: Arc<Histogram>| view! { <Drawn histogram split/> };
    view! {
        <section class="panel histp">
            <div class="head">
                <h2>{move || { let (title, rest) = words(); format!("Events {title}{rest}") }}</h2>
                <span class="t3">"drag to zoom"</span>
                <span class="end">
                    {legend}
                    <Segments label="Split by" choices=&[("type", "Type"), ("destination", "Destination"), ("producer", "Producer")] chosen=split on_choose=choose/>
                </span>
            </div>
            <div class:stale=move || histogram.failure.with(Option::is_some)>
                <Loaded load=histogram what="The histogram" skeleton=ViewFn::from(|| view! { <div class="chart"></div> }) show/>
            </div>
        </section>
    }
}

/// What a bucket is called: `a minute`, `in 30 s`; and the unit of the axis.
fn step(seconds: f64) -> (&'static str, String) {
    match seconds.round() as i64 {
        1 => ("a second", String::new()),
        60 => ("a minute", String::new()),
        3600 => ("an hour", String::new()),
        86_400 => ("a day", String::new()),
        _ => ("in ", number::duration(seconds * 1000.0)),
    }
}

fn unit(seconds: f64) -> &'static str {
    match seconds.round() as i64 {
        1 => "/s",
        60 => "/min",
        3600 => "/h",
        86_400 => "/day",
        _ => "",
    }
}

/// Services have their own colours; types and destinations borrow them.
fn class_of(split: Signal<String>) -> impl Fn(&str) -> &'static str + Copy {
    let (hues, services) = (use_hues(), split.with_untracked(|split| split == "producer"));
    move |name| if services { hues.class(name) } else { hues.kind(name) }
}

fn buckets(histogram: &Histogram, class: impl Fn(&str) -> &'static str) -> Option<Buckets> {
    let ms = |text: &str| time::parse(text).map(|micros| micros.div_euclid(1000));
    let stacks = histogram.series.iter().map(|series| Stack {
        name: series.name.clone(),
        class: class(&series.name),
        counts: series.counts.clone(),
    });
    Some(Buckets { from: ms(&histogram.from)?, to: ms(&histogram.to)?, stacks: stacks.collect() })
}

#[component]
fn Drawn(histogram: Arc<Histogram>, split: Signal<String>) -> impl IntoView {
    let set = use_set_time_range();
    let unit = unit(histogram.step_seconds);
    let label = format!("Events over time: {} in all", number::exact(histogram.total));
    buckets(&histogram, class_of(split)).map(|buckets| {
        view! { <HistogramChart buckets=Arc::new(buckets) label unit on_zoom=move |from, to| set(TimeRange::between(from, to))/> }
    })
}

#[component]
fn Legend(histogram: Arc<Histogram>, split: Signal<String>) -> impl IntoView {
    let class = class_of(split);
    let rest = histogram.series.len().saturating_sub(LEGEND);
    let key = |series: &tapline_api::Series| {
        let name = match series.name.as_str() {
            "" => "without".to_owned(),
            "…" => "others".to_owned(),
            name => id::middle(id::last_words(name, 22), 24),
        };
        let class = format!("key {}", class(&series.name));
        view! { <span class=class title=format!("{}: {}", series.name, number::exact(series.total))>{name}" "<b>{number::short(series.total)}</b></span> }
    };
    view! {
        <div class="keys">
            {histogram.series.iter().take(LEGEND).map(key).collect_view()}
            {(rest > 0).then(|| view! { <span class="t3 micro">{format!("and {rest} more")}</span> })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_called_as_people_call_them() {
        assert_eq!(step(60.0), ("a minute", String::new()));
        assert_eq!(step(15.0), ("in ", "15 s".to_owned()));
        assert_eq!(unit(60.0), "/min");
    }
}
