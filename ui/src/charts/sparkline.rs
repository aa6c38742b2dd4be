//! A line beside a number: where it comes from at a glance.

use leptos::prelude::*;

use super::{HEIGHT, WIDTH, path, scale::Scale};

/// The path of a sparkline and of the area under it. Scaled by what would be worrying, not by its own noise.
pub(crate) fn paths(points: &[f64], worrying: f64) -> (String, String) {
    let max = points.iter().copied().filter(|value| value.is_finite()).fold(worrying, f64::max);
    let scale = Scale { top: if max > 0.0 { max } else { 1.0 }, step: 1.0 };
    let points: Vec<Option<f64>> = points.iter().map(|value| Some(*value)).collect();
    (path::line(&points, scale), path::area(&points, scale))
}

/// A sparkline.
#[component]
pub(crate) fn Sparkline(
    /// Values, oldest first.
    points: Vec<f64>,
    /// The value that would be worrying: a line below it lies low.
    #[prop(optional)]
    worrying: f64,
    /// Its colour: `bad`, `warn`, `ok`, `act`, or nothing for grey.
    #[prop(optional)]
    tone: &'static str,
    /// What it shows, read aloud.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let (line, area) = paths(&points, worrying);
    let view_box = format!("0 0 {WIDTH} {HEIGHT}");
    view! {
        <svg class=format!("spark {tone}") viewBox=view_box preserveAspectRatio="none" role="img" aria-label=label>
            <path class="f" d=area></path>
            <path d=line></path>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_healthy_line_lies_low() {
        assert_eq!(paths(&[1.0, 2.0], 100.0).0, "M0.0 99.0L600.0 98.0");
        assert_eq!(paths(&[0.0, 0.0], 0.0).0, "M0.0 100.0L600.0 100.0");
        assert_eq!(paths(&[], 0.0), (String::new(), String::new()));
    }
}
