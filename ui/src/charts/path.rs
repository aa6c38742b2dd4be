//! Path data: lines with gaps where nothing is known, the area under them, stacked bars.

use std::fmt::Write;

use super::{HEIGHT, WIDTH, scale::Scale};

/// A line through the points; a gap where one is absent.
pub(crate) fn line(points: &[Option<f64>], scale: Scale) -> String {
    let mut path = String::new();
    for run in runs(points) {
        push_run(&mut path, &run, scale);
    }
    path
}

/// The area between the line and zero.
pub(crate) fn area(points: &[Option<f64>], scale: Scale) -> String {
    let mut path = String::new();
    for run in runs(points) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let (first, last) = (first.0, last.0);
        push_run(&mut path, &run, scale);
        let _infallible = write!(path, "L{last:.1} {HEIGHT:.0}L{first:.1} {HEIGHT:.0}z");
    }
    path
}

fn push_run(path: &mut String, run: &[(f64, f64)], scale: Scale) {
    for (index, (x, value)) in run.iter().enumerate() {
        let _infallible = write!(path, "{}{x:.1} {:.1}", if index == 0 { 'M' } else { 'L' }, scale.y(*value));
    }
}

/// Known points that follow each other, as x and value. A point alone is drawn as a short line, else it would not show.
fn runs(points: &[Option<f64>]) -> Vec<Vec<(f64, f64)>> {
    let step = WIDTH / (points.len().max(2) - 1) as f64;
    let mut runs: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut open = false;
    for (index, point) in points.iter().enumerate() {
        let Some(value) = point.filter(|value| value.is_finite()) else {
            open = false;
            continue;
        };
        if !open {
            runs.push(Vec::new());
            open = true;
        }
        if let Some(run) = runs.last_mut() {
            run.push((index as f64 * step, value));
        }
    }
    for run in &mut runs {
        if let [(x, value)] = run[..] {
            run.push(((x + 1.0).min(WIDTH), value));
        }
    }
    runs
}

/// A bar from one value to another in each bucket.
pub(crate) struct Bars {
    /// Number of buckets over the width of the chart.
    pub(crate) buckets: usize,
}

impl Bars {
    /// Bars that stand on `base` (added to as they are drawn, so that the next series stands on them).
    pub(crate) fn stack(&self, counts: &[u64], base: &mut [f64], scale: Scale) -> String {
        let slot = WIDTH / self.buckets.max(1) as f64;
        let (left, width) = (slot * 0.1, slot * 0.8);
        let mut path = String::new();
        for (index, (count, base)) in counts.iter().zip(base.iter_mut()).enumerate() {
            if *count == 0 {
                continue;
            }
            let bottom = scale.y(*base);
            *base += *count as f64;
            let top = scale.y(*base).min(bottom - 0.8);
            let x = index as f64 * slot + left;
            let _infallible = write!(path, "M{x:.1} {bottom:.1}V{top:.1}h{width:.1}V{bottom:.1}z");
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale { top: 100.0, step: 50.0 };

    #[test]
    fn a_line_breaks_where_nothing_is_known() {
        assert_eq!(
            line(&[Some(0.0), Some(50.0), None, Some(100.0)], SCALE),
            "M0.0 100.0L200.0 50.0M600.0 0.0L600.0 0.0"
        );
        assert_eq!(line(&[], SCALE), "");
        assert_eq!(line(&[Some(f64::NAN), None], SCALE), "");
    }

    #[test]
    fn an_area_is_closed_at_zero() {
        assert_eq!(area(&[Some(100.0), Some(0.0)], SCALE), "M0.0 0.0L600.0 100.0L600.0 100L0.0 100z");
    }

    #[test]
    fn bars_stand_on_each_other() {
        let bars = Bars { buckets: 2 };
        let mut base = [0.0, 0.0];
        assert_eq!(bars.stack(&[50, 0], &mut base, SCALE), "M30.0 100.0V50.0h240.0V100.0z");
        assert_eq!(bars.stack(&[50, 100], &mut base, SCALE), "M30.0 50.0V0.0h240.0V50.0zM330.0 100.0V0.0h240.0V100.0z");
        assert_eq!(base, [100.0, 100.0]);
    }

    #[test]
    fn one_event_among_thousands_still_shows() {
        let mut base = [0.0];
        let path = Bars { buckets: 1 }.stack(&[1], &mut base, Scale { top: 1e6, step: 1e6 });
        assert_eq!(path, "M60.0 100.0V99.2h480.0V100.0z");
    }
}
