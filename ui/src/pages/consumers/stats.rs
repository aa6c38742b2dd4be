//! The five numbers of a group.

use leptos::prelude::*;
use tapline_api::{Drain, Group, GroupDetail, GroupPartition, LagState, Level};

use super::words;
use crate::{charts::sparkline::Sparkline, format::number};

/// Less than this until unread events are deleted is bad, seconds.
const SOON: f64 = 3.0 * 3_600.0;

/// The row of numbers.
pub(super) fn stats(detail: &GroupDetail) -> impl IntoView + use<> {
    let group = &detail.group;
    view! { <dl class="stats">{unread(group)}{behind(detail)}{drains(group)}{loss(detail)}{reading(detail)}</dl> }
}

fn unread(group: &Group) -> impl IntoView + use<> {
    let (colour, trend) = (words::colour(group.state), words::trend(group));
    let spark =
        (trend.len() > 1).then(|| view! { <Sparkline points=trend worrying=10.0 tone=colour label="Unread events"/> });
    let change = group.written.zip(group.read).map(|(written, read)| written - read);
    let change = change.map(|change| match change {
        change if change.abs() < 0.05 => "steady".to_owned(),
        change => format!("{}{}/s", if change > 0.0 { "+" } else { "" }, number::si(change)),
    });
    let lag = group.lag.map_or_else(|| "–".to_owned(), number::short);
    view! { <div class="stat"><dt>"Unread"</dt><dd>{lag}" "<small>"events"</small></dd>{spark}<p>{change}</p></div> }
}

fn behind(detail: &GroupDetail) -> impl IntoView + use<> {
    let worst = detail.furthest_behind();
    let told = detail.group.behind.as_ref();
    let value = told.map_or_else(|| "not known".to_owned(), |behind| words::seconds(behind.seconds));
    let note = match (told, worst) {
        (Some(behind), Some(worst)) if behind.seconds > 0.0 => {
            let about = if behind.exact { "" } else { ", between two looks" };
            format!("partition {}{about}", place(detail, worst))
        }
        (None, Some(_)) => detail.partitions.iter().find_map(|it| it.behind_why.clone()).unwrap_or_default(),
        _ => String::new(),
    };
    view! { <div class="stat"><dt>"Behind"</dt><dd>{value}</dd><p class="cut" title=note.clone()>{note.clone()}</p></div> }
}

/// With the destination where there are several.
fn place(detail: &GroupDetail, partition: &GroupPartition) -> String {
    match detail.group.destinations.len() {
        0 | 1 => partition.partition.to_string(),
        _ => format!("{}/{}", partition.destination, partition.partition),
    }
}

fn drains(group: &Group) -> impl IntoView + use<> {
    let (value, sure) = match group.keeps_up() && group.lag > Some(0) {
        // What is always under way is no lag that could drain.
        true => ("keeps up".to_owned(), None),
        false => words::drains(&group.drain),
    };
    let rates = group
        .written
        .zip(group.read)
        .map(|(written, read)| format!("reads {}/s of {}/s", number::si(read), number::si(written)));
    let note = sure.or(rates);
    let colour = if matches!(group.drain, Drain::Never) && group.state.level() >= Level::Warn { "warn" } else { "" };
    view! { <div class="stat"><dt>"Drains in"</dt><dd class=colour>{value}</dd><p>{note}</p></div> }
}

fn loss(detail: &GroupDetail) -> impl IntoView + use<> {
    let group = &detail.group;
    let (value, note, bad) = match (group.retention_margin, group.state) {
        (_, LagState::DataLoss) => ("now".to_owned(), format!("{} events lost", number::exact(group.lost)), true),
        (Some(margin), _) if group.lag.unwrap_or(0) > 0 => {
            let note = if group.retention_known { "if nothing more is read" } else { "not known of all partitions" };
            (words::shortly(margin), note.to_owned(), margin < SOON)
        }
        (None, _) if group.lag.unwrap_or(0) > 0 && !group.retention_known => {
            ("not known".to_owned(), "retention not told".to_owned(), false)
        }
        (_, _) if group.lost > 0 => {
            ("none now".to_owned(), format!("{} events lost", number::exact(group.lost)), false)
        }
        _ => ("none".to_owned(), "nothing is deleted".to_owned(), false),
    };
    view! { <div class="stat"><dt>"Data loss in"</dt><dd class=bad.then_some("bad")>{value}</dd><p>{note}</p></div> }
}

fn reading(detail: &GroupDetail) -> impl IntoView + use<> {
    let members = detail.group.members;
    let value = members.map_or_else(|| "not told".to_owned(), |members| number::exact(members as u64));
    let note = match (members, detail.group.partitions) {
        (Some(0), _) => "nobody reads".to_owned(),
        (_, partitions) => format!("of {}", number::count(partitions as u64, "partition", "partitions")),
    };
    let bad = members == Some(0) && detail.group.lag.unwrap_or(0) > 0;
    view! { <div class="stat"><dt>"Members"</dt><dd class=bad.then_some("bad")>{value}</dd><p>{note}</p></div> }
}
