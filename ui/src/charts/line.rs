//! A chart of one number over time: a line with its area or bars, the period before it in grey.

use leptos::prelude::*;

use super::{
    HEIGHT, WIDTH,
    axes::{Grid, TimeWords},
    path::{self, Bars},
    scale::Scale,
    time_axis,
};
use crate::state::time_range::use_zone;

/// What a chart draws.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Points {
    /// Begin of the first point, milliseconds since 1970.
    pub(crate) from: i64,
    /// End of the last.
    pub(crate) to: i64,
    /// Absent where nothing is known.
    pub(crate) values: Vec<Option<f64>>,
    /// The period before; may be empty.
    pub(crate) before: Vec<Option<f64>>,
    /// Bars rather than a line.
    pub(crate) bars: bool,
    /// Where now is, as a share of the width; values behind it are absent.
    pub(crate) now: Option<f64>,
    /// A dashed line to the end: from which share of the width, and how high.
    pub(crate) level: Option<(f64, f64)>,
    /// A dashed line between two points, each a share of the width and how high: what is expected.
    pub(crate) forecast: Option<[(f64, f64); 2]>,
}

impl Points {
    /// The greatest value to be drawn.
    pub(crate) fn max(&self) -> f64 {
        let values = self.values.iter().chain(&self.before).flatten().copied();
        let expected = self.forecast.into_iter().flatten().chain(self.level).map(|(_, value)| value);
        values.chain(expected).filter(|value| value.is_finite()).fold(0.0, f64::max)
    }
}

/// The chart.
#[component]
pub(crate) fn LineChart(
    /// What it draws.
    points: Points,
    /// Such as `/s`.
    #[prop(into)]
    unit: String,
    /// Its colour: `bad`, `warn`, `ok`, `act`, or nothing for grey.
    #[prop(optional)]
    tone: &'static str,
    /// What it shows, read aloud.
    #[prop(into)]
    label: String,
    /// Words under it.
    #[prop(default = 2)]
    words: u32,
) -> impl IntoView {
    let zone = use_zone();
    let scale = Scale::holding(points.max(), 3);
    let marks = if points.bars {
        // Bars are counts: a rate of 0.2 a minute would be none, so they are drawn in thousandths.
        let counts: Vec<u64> =
            points.values.iter().map(|value| (value.unwrap_or(0.0) * 1000.0).round() as u64).collect();
        let mut base = vec![0.0; counts.len()];
        let fine = Scale { top: scale.top * 1000.0, step: scale.step * 1000.0 };
        let bars = Bars { buckets: counts.len() }.stack(&counts, &mut base, fine);
        view! { <path class="f solid" d=bars></path> }.into_any()
    } else {
        let (before, area, line) =
            (path::line(&points.before, scale), path::area(&points.values, scale), path::line(&points.values, scale));
        view! { <path class="before" d=before></path><path class="area" d=area></path><path d=line></path> }.into_any()
    };
    let level = points.level.map(|(from, level)| {
        let (x, y) = (from * WIDTH, scale.y(level));
        view! { <path class="level" d=format!("M{x:.1} {y:.1}H{WIDTH:.0}")></path> }
    });
    let forecast = points.forecast.map(|[(from, value), (to, later)]| {
        let (x1, y1, x2, y2) = (from * WIDTH, scale.y(value), to * WIDTH, scale.y(later));
        view! { <path class="dash" d=format!("M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}")></path> }
    });
    let now = points
        .now
        .map(|now| view! { <i class="m now" style:left=format!("{:.2}%", now * 100.0)><span>"now"</span></i> });
    let (from, to) = (points.from, points.to);
    view! {
        <div class=format!("chart {tone}") role="img" aria-label=label>
            <Grid scale unit/>
            <svg class="plot" viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">{marks}{level}{forecast}</svg>
            {now}
            {move || view! { <TimeWords ticks=time_axis::ticks(from, to, words, zone.get())/> }}
        </div>
    }
}
