//! A stacked histogram over time: drag to zoom, point at a bucket to read it.

use std::sync::Arc;

use leptos::{ev::PointerEvent, html, prelude::*};

use super::{
    HEIGHT, WIDTH,
    axes::{Grid, TimeWords},
    path::Bars,
    scale::Scale,
    time_axis,
};
use crate::{
    format::{number, time},
    state::time_range::use_zone,
};

/// One colour of the histogram.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stack {
    /// What it counts.
    pub(crate) name: String,
    /// The class that carries its colour: `c1` to `c10`, `c0` for grey.
    pub(crate) class: &'static str,
    /// One for each bucket.
    pub(crate) counts: Vec<u64>,
}

/// What is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Buckets {
    /// Begin of the first bucket, milliseconds since 1970.
    pub(crate) from: i64,
    /// End of the last.
    pub(crate) to: i64,
    /// From the bottom up.
    pub(crate) stacks: Vec<Stack>,
}

impl Buckets {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.stacks.iter().map(|stack| stack.counts.len()).max().unwrap_or(0)
    }

    /// Milliseconds of one.
    pub(crate) fn step(&self) -> f64 {
        (self.to - self.from) as f64 / self.count().max(1) as f64
    }

    fn sum(&self, bucket: usize) -> u64 {
        self.stacks.iter().filter_map(|stack| stack.counts.get(bucket)).sum()
    }

    fn max(&self) -> u64 {
        (0..self.count()).map(|bucket| self.sum(bucket)).max().unwrap_or(0)
    }

    /// The bucket under a share of the width, 0 to 1.
    fn at(&self, share: f64) -> Option<usize> {
        let count = self.count();
        (count > 0).then(|| ((share * count as f64).floor().max(0.0) as usize).min(count - 1))
    }

    /// The range between two shares of the width, widened to whole buckets; none for a mere press.
    pub(crate) fn between(&self, one: f64, other: f64) -> Option<(i64, i64)> {
        let (low, high) = (one.min(other), one.max(other));
        if high - low < 0.004 {
            return None;
        }
        let (first, last) = (self.at(low)?, self.at(high)?);
        let begin = |bucket: usize| self.from + (bucket as f64 * self.step()) as i64;
        Some((begin(first), if last + 1 == self.count() { self.to } else { begin(last + 1) }))
    }
}

/// The histogram.
#[component]
pub(crate) fn HistogramChart(
    /// What is drawn.
    buckets: Arc<Buckets>,
    /// What it shows, read aloud.
    #[prop(into)]
    label: String,
    /// What a grid line counts, such as `/min`.
    #[prop(into)]
    unit: String,
    /// Words under it.
    #[prop(default = 6)]
    words: u32,
    /// Gets the range that was dragged over, milliseconds since 1970.
    on_zoom: impl Fn(i64, i64) + Copy + 'static,
) -> impl IntoView {
    let root = NodeRef::<html::Div>::new();
    let drag = RwSignal::new(None::<(f64, f64)>);
    let over = RwSignal::new(None::<usize>);
    let zone = use_zone();
    let share = move |event: &PointerEvent| {
        let rect = root.get_untracked().map(|root| root.get_bounding_client_rect());
        rect.map_or(0.0, |rect| ((f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0)).clamp(0.0, 1.0))
    };
    let (moving, ending) = (Arc::clone(&buckets), Arc::clone(&buckets));
    let down = move |event: PointerEvent| {
        if event.button() == 0 {
            if let Some(root) = root.get_untracked() {
                let _only_fails_when_it_is_gone = root.set_pointer_capture(event.pointer_id());
            }
            drag.set(Some((share(&event), share(&event))));
        }
    };
    let moved = move |event: PointerEvent| {
        let at = share(&event);
        over.set(moving.at(at));
        drag.update(|drag| *drag = drag.map(|(start, _)| (start, at)));
    };
    let up = move |_| {
        let dragged = drag.get_untracked();
        drag.set(None);
        if let Some((from, to)) = dragged.and_then(|(one, other)| ending.between(one, other)) {
            on_zoom(from, to);
        }
    };
    let (from, to) = (buckets.from, buckets.to);
    let scale = Scale::holding_whole(buckets.max() as f64, 3);
    view! {
        <div class="chart zoom" node_ref=root role="img" aria-label=label
            on:pointerdown=down on:pointermove=moved on:pointerup=up
            on:pointerleave=move |_| over.set(None) on:pointercancel=move |_| drag.set(None)>
            <Grid scale unit/>
            <Plot buckets=Arc::clone(&buckets) scale/>
            {move || view! { <TimeWords ticks=time_axis::ticks(from, to, words, zone.get())/> }}
            {move || drag.get().map(brush)}
            {move || over.get().map(|bucket| view! { <Reading buckets=Arc::clone(&buckets) bucket/> })}
        </div>
    }
}

fn brush((one, other): (f64, f64)) -> impl IntoView {
    let (left, width) = (one.min(other) * 100.0, (one - other).abs() * 100.0);
    view! { <i class="brush" style:left=format!("{left:.2}%") style:width=format!("{width:.2}%")></i> }
}

#[component]
fn Plot(buckets: Arc<Buckets>, scale: Scale) -> impl IntoView {
    let bars = Bars { buckets: buckets.count() };
    let mut base = vec![0.0; buckets.count()];
    let paths = buckets
        .stacks
        .iter()
        .map(|stack| {
            let path = bars.stack(&stack.counts, &mut base, scale);
            view! { <path class=format!("f {}", stack.class) d=path></path> }
        })
        .collect_view();
    view! { <svg class="plot" viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">{paths}</svg> }
}

/// What a bucket holds, beside the pointer.
#[component]
fn Reading(buckets: Arc<Buckets>, bucket: usize) -> impl IntoView {
    let zone = use_zone();
    let begin = buckets.from + (bucket as f64 * buckets.step()) as i64;
    let middle = (bucket as f64 + 0.5) / buckets.count().max(1) as f64 * 100.0;
    let row = |stack: &Stack| {
        let count = stack.counts.get(bucket).copied().filter(|count| *count > 0)?;
        let name = if stack.name.is_empty() { "without".to_owned() } else { stack.name.clone() };
        Some(view! { <span class=format!("key {}", stack.class)>{name}<b>{number::exact(count)}</b></span> })
    };
    let rows = buckets.stacks.iter().filter_map(row).collect_view();
    let class = if middle > 60.0 { "tip left" } else { "tip" };
    view! {
        <i class="at" style:left=format!("{middle:.2}%")></i>
        <div class=class style:left=format!("{middle:.2}%")>
            <b>{move || time::second(begin, zone.get())}</b>{rows}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sixty() -> Buckets {
        let stack = |name: &str, count| Stack { name: name.into(), class: "c1", counts: vec![count; 60] };
        Buckets { from: 0, to: 3_600_000, stacks: vec![stack("a", 2), stack("b", 3)] }
    }

    #[test]
    fn buckets_add_up() {
        let buckets = sixty();
        assert_eq!((buckets.count(), buckets.sum(7), buckets.max()), (60, 5, 5));
        assert_eq!(buckets.step(), 60_000.0);
    }

    #[test]
    fn a_drag_takes_whole_buckets_in_either_direction() {
        let buckets = sixty();
        assert_eq!(buckets.between(0.5, 0.25), Some((900_000, 1_860_000)));
        assert_eq!(buckets.between(0.9, 1.0), Some((3_240_000, 3_600_000)));
        assert_eq!(buckets.between(0.5, 0.501), None);
        assert_eq!(Buckets::default().between(0.0, 1.0), None);
    }
}
