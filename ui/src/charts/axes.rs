//! Grid lines and the words of both axes, as HTML over and under a stretched plot.

use leptos::prelude::*;

use super::{scale::Scale, time_axis::Tick};
use crate::format::number::si;

/// Grid lines with their values; the unit stands once, at the top.
#[component]
pub(crate) fn Grid(
    /// The scale of the values.
    scale: Scale,
    /// Such as `/min`.
    #[prop(into)]
    unit: String,
) -> impl IntoView {
    let ticks = scale.ticks();
    let top = ticks.len().saturating_sub(1);
    let line = move |(index, (value, percent)): (usize, (f64, f64))| {
        let bottom = format!("{percent:.2}%");
        let label = if index == top && !unit.is_empty() { format!("{} {unit}", si(value)) } else { si(value) };
        view! {
            <i class=if index == 0 { "g base" } else { "g" } style:bottom=bottom.clone()></i>
            <span class="yl" style:bottom=bottom>{label}</span>
        }
    };
    ticks.into_iter().enumerate().map(line).collect_view()
}

/// Words under a chart.
#[component]
pub(crate) fn TimeWords(
    /// Where they stand.
    ticks: Vec<Tick>,
) -> impl IntoView {
    let word = |tick: Tick| view! { <span class=tick.class style:left=format!("{:.2}%", tick.at)>{tick.label}</span> };
    ticks.into_iter().map(word).collect_view()
}
