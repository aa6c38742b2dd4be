//! When the members of a cause died; drag to see the events of that time.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::CauseDetail;

use crate::{
    charts::histogram::{Buckets, HistogramChart, Stack},
    format::{self, number, time},
    state::{
        time_range::TimeRange,
        url::{Query, use_address},
    },
};

/// The left half.
#[component]
pub(super) fn When(detail: Arc<CauseDetail>) -> impl IntoView {
    let address = use_address();
    let (Some(from), Some(to)) = (time::parse(&detail.from), time::parse(&detail.to)) else { return ().into_any() };
    let stacks = vec![Stack { name: "dead letters".to_owned(), class: "bad", counts: detail.counts.clone() }];
    let buckets = Arc::new(Buckets { from: from.div_euclid(1000), to: to.div_euclid(1000), stacks });
    let fingerprint = detail.cause.fingerprint.clone();
    let events = move |from: i64, to: i64| {
        let mut query = Query::default();
        query.set("dead_letter", Some("true"));
        // A part of a cause has no fingerprint of its own in the archive.
        query.set(
            "field",
            Some(&format!("dead_letter.fingerprint:{}", fingerprint.split('-').next().unwrap_or_default())),
        );
        TimeRange::between(from, to).write(&mut query);
        address.go(&query.on("/events"));
    };
    let zoom = StoredValue::new(events);
    view! {
        <div class="subh"><h3>"When"</h3><span class="t3 small">{summary(&detail)}</span></div>
            <HistogramChart buckets label="Dead letters of this cause over time" unit=unit(detail.step_seconds) words=4 on_zoom=move |from, to| zoom.with_value(|zoom| zoom(from, to))/>
    }
    .into_any()
}

/// `1,284 in 34 min, none for 7 min`.
fn summary(detail: &CauseDetail) -> String {
    let cause = &detail.cause;
    let times = cause.first.as_deref().and_then(time::parse).zip(cause.last.as_deref().and_then(time::parse));
    let count = number::exact(cause.count);
    let Some((first, last)) = times else { return count };
    let took = number::duration((last - first) as f64 / 1000.0);
    let since = number::duration((format::now() - last.div_euclid(1000)).max(0) as f64);
    match (cause.count, cause.growing) {
        (1, _) => format!("one, {since} ago"),
        (_, true) => format!("{count} in {took}, the last {since} ago"),
        (_, false) => format!("{count} in {took}, none for {since}"),
    }
}

fn unit(seconds: f64) -> String {
    if seconds == 60.0 { "/min".to_owned() } else { format!(" in {}", number::duration(seconds * 1000.0)) }
}
