//! Partition by partition over time: the darker the further behind. One path a row and shade, however many columns.

use std::fmt::Write;

use leptos::prelude::*;
use tapline_api::{GroupDetail, GroupHistory, GroupPartition, PartitionHistory};

use super::words;
use crate::{
    charts::{axes::TimeWords, time_axis},
    format::{number, time},
    state::{
        time_range::use_zone,
        url::{Query, use_address},
    },
};

/// Shades.
const SHADES: usize = 6;

/// The darkest shade begins here at the earliest, seconds: who is quick has no dark ones.
const FAR: f64 = 300.0;

/// Below this nobody is behind, seconds.
const FRESH: f64 = 10.0;

/// The map; nothing without a history.
pub(super) fn heat(detail: &GroupDetail) -> Option<impl IntoView + use<>> {
    let history = detail.history.as_ref().filter(|history| !history.partitions.is_empty())?;
    let scale = Shading::of(history);
    let mut before = (None, None);
    let rows: Vec<_> = history
        .partitions
        .iter()
        .map(|it| {
            let now = detail.partitions.iter().find(|now| is(now, it));
            let owner = now.and_then(|now| detail.owner(now)).map(|member| &member.client);
            let heading = (before.0 != Some(&it.destination)).then(|| it.destination.clone());
            let label = owner.filter(|_| heading.is_some() || before.1 != owner).cloned();
            before = (Some(&it.destination), owner);
            let heading = heading.map(|heading| view! { <div class="hd cut">{heading}</div> });
            view! { {heading}{row(detail, it, now, scale, label)} }
        })
        .collect();
    let more = (history.left_out > 0).then(|| {
        let more =
            format!("and {} that stand better", number::count(history.left_out as u64, "partition", "partitions"));
        view! { <p class="pad t3 small">{more}</p> }
    });
    let key = (0..SHADES).map(|shade| view! { <i class=format!("h{shade}")></i> }).collect_view();
    let what = if scale.in_time { "time behind" } else { "unread events" };
    Some(view! {
        <div class="subh"><h3>"Partitions"</h3><span class="t3 small">{what}", a column "{words::seconds(history.step)}</span>
            <span class="push scale"><span>"0"</span>{key}<span>{scale.top()}</span></span></div>
        <div class="hh"><span>{detail.members.is_some().then_some("Member")}</span><span class="num">"P"</span><span></span><span class="num">"Behind"</span><span class="num">"Unread"</span></div>
        <div class="heat-box">{rows}</div>
        {words_under(history)}
        {more}
    })
}

fn words_under(history: &GroupHistory) -> Option<impl IntoView + use<>> {
    let zone = use_zone();
    let from = time::parse(&history.from)?.div_euclid(1000);
    let to = from + (history.step * 1000.0) as i64 * history.lag.len() as i64;
    Some(
        view! { <div class="hx">{move || view! { <TimeWords ticks=time_axis::ticks(from, to, 4, zone.get())/> }}</div> },
    )
}

fn is(now: &GroupPartition, it: &PartitionHistory) -> bool {
    now.destination == it.destination && now.partition == it.partition
}

fn row(
    detail: &GroupDetail,
    it: &PartitionHistory,
    now: Option<&GroupPartition>,
    scale: Shading,
    label: Option<String>,
) -> impl IntoView + use<> {
    let address = use_address();
    let level = match now.map_or("", |now| words::colour(now.state)) {
        "" => "t3",
        colour => colour,
    };
    let behind = now.and_then(|now| now.behind.as_ref());
    let behind = behind.map_or_else(|| "–".to_owned(), |behind| words::shortly(behind.seconds));
    let unread = now.and_then(|now| now.lag).map_or_else(|| "–".to_owned(), number::short);
    let columns = it.lag.len().max(1);
    let shades: Vec<Option<usize>> = (0..columns).map(|column| scale.shade(it, column)).collect();
    let paths: Vec<_> = (0..SHADES)
        .map(|shade| (shade, runs(&shades, shade)))
        .filter(|(_, path)| !path.is_empty())
        .map(|(shade, path)| view! { <path class=format!("h{shade}") d=path></path> })
        .collect();
    let class = if label.is_some() { "hr first" } else { "hr" };
    let title = format!("{}/{}: its events", it.destination, it.partition);
    let (source, destination) = (detail.group.source.clone(), it.destination.clone());
    let href = move || {
        let mut query = Query::default();
        query.set("source", Some(&source));
        query.set("destination", Some(&destination));
        address.link(&query.on("/events"))
    };
    view! {
        <a class=class href=href title=title>
            <span class="t3 cut">{label}</span><b>{it.partition}</b>
            <svg viewBox=format!("0 0 {columns} 1") preserveAspectRatio="none" aria-hidden="true">{paths}</svg>
            <span class=format!("num {level}")>{behind}</span><span class="num t2">{unread}</span>
        </a>
    }
}

/// Stretches of one shade as a path.
fn runs(shades: &[Option<usize>], shade: usize) -> String {
    let mut path = String::new();
    let mut begin = None;
    for (column, it) in shades.iter().copied().chain([None]).enumerate() {
        match (begin, it == Some(shade)) {
            (None, true) => begin = Some(column),
            (Some(from), false) => {
                let _infallible = write!(path, "M{from} 0h{}v1h-{}z", column - from, column - from);
                begin = None;
            }
            _ => {}
        }
    }
    path
}

/// Which value has which shade.
#[derive(Debug, Clone, Copy)]
struct Shading {
    in_time: bool,
    most: f64,
}

impl Shading {
    fn of(history: &GroupHistory) -> Self {
        let in_time = history.partitions.iter().any(|it| it.behind.iter().any(Option::is_some));
        let seconds = history.partitions.iter().flat_map(|it| it.behind.iter().flatten().copied());
        let lags = history.partitions.iter().flat_map(|it| it.lag.iter().flatten().map(|lag| *lag as f64));
        let most = if in_time { seconds.fold(FAR, f64::max) } else { lags.fold(100.0, f64::max) };
        Self { in_time, most }
    }

    fn top(self) -> String {
        if self.in_time { words::seconds(self.most.floor()) } else { number::si(self.most) }
    }

    /// `None` where nobody looked.
    fn shade(self, it: &PartitionHistory, column: usize) -> Option<usize> {
        let lag = (*it.lag.get(column)?)?;
        let value = match self.in_time {
            // How long what is unread waits may not be known.
            true if lag > 0 => it.behind.get(column).copied().flatten()?,
            true => 0.0,
            false => lag as f64,
        };
        let fresh = if self.in_time { FRESH.min(self.most / 6.0) } else { self.most / 50.0 };
        Some(match value / self.most {
            _ if value <= fresh => 0,
            share if share < 0.15 => 1,
            share if share < 0.4 => 2,
            share if share < 0.65 => 3,
            share if share < 0.9 => 4,
            _ => 5,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(behind: &[Option<f64>]) -> GroupHistory {
        let lag = behind.iter().map(|it| it.map(|_| 5)).collect();
        let partition =
            PartitionHistory { destination: "orders".to_owned(), partition: 0, lag, behind: behind.to_vec() };
        GroupHistory { partitions: vec![partition], ..GroupHistory::default() }
    }

    #[test]
    fn the_furthest_behind_is_darkest_and_who_keeps_up_is_not_coloured() {
        let history = history(&[Some(0.4), Some(9.0), Some(30.0), Some(300.0), Some(600.0), None]);
        let scale = Shading::of(&history);
        let shades: Vec<_> = (0..6).map(|column| scale.shade(&history.partitions[0], column)).collect();
        assert_eq!(shades, [Some(0), Some(0), Some(1), Some(3), Some(5), None]);
    }

    #[test]
    fn seconds_are_no_colour_where_all_are_fast() {
        let history = history(&[Some(2.0), Some(5.0)]);
        let scale = Shading::of(&history);
        assert_eq!((scale.shade(&history.partitions[0], 1), scale.top()), (Some(0), "5 min".to_owned()));
    }

    #[test]
    fn neighbours_of_one_shade_are_one_stretch() {
        assert_eq!(runs(&[Some(1), Some(1), None, Some(1)], 1), "M0 0h2v1h-2zM3 0h1v1h-1z");
        assert_eq!(runs(&[Some(1)], 2), "");
    }
}
