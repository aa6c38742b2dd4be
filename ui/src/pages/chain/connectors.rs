//! Lines between rows: why one member follows from another. Only those that touch the rows in view are drawn, of very
//! many only the surest.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
    hash::Hash,
    ops::Range,
};

use super::{
    lanes::Layout,
    steps::Between,
    story::{Link, Story},
    time_scale::TimeScale,
};

/// Height of a row in pixels.
pub(crate) const ROW: f64 = 26.0;
/// More lines than that in one view say nothing.
const MOST: usize = 240;
/// The same from one row, between two rows, and for lines that leave the view.
const FAN: usize = 8;
const PAIR: usize = 3;
const PASSING: usize = 8;

/// A line from a row to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Connector {
    /// Row and moment where it begins.
    pub(crate) from: (usize, i64),
    /// Row and moment where it ends.
    pub(crate) to: (usize, i64),
    /// The edge; absent from a service to the first event it wrote.
    pub(crate) link: Option<Link>,
    /// Whether it is the surest edge to its end; others are drawn for the selected member only.
    pub(crate) main: bool,
}

/// All lines of a layout.
pub(crate) fn connectors(story: &Story, between: &Between, layout: &Layout) -> Vec<Connector> {
    let mut all = Vec::new();
    let mut read = HashSet::new();
    for link in &story.links {
        let main = story.cause(link.to).is_some_and(|cause| cause.edge == link.edge);
        let belongs = |step: &usize| {
            let step = &between.steps[*step];
            step.cause == Some(link.from) || step.failed.is_some() && step.effects.contains(&link.from)
        };
        let step = between.by[link.to].filter(|step| main && belongs(step));
        match step {
            Some(step) if layout.step_row[step].is_some() => {
                through_step(&mut all, &mut read, (story, between, layout), *link, step)
            }
            _ => direct(&mut all, (story, between, layout), *link, main),
        }
    }
    for (member, step) in between.by.iter().enumerate() {
        let first = step.filter(|step| between.steps[*step].cause.is_none());
        push(&mut all, first.and_then(|step| layout.step_row[step]), layout.member_row[member], story.at[member], None);
    }
    all
}

type Parts<'a> = (&'a Story, &'a Between, &'a Layout);

fn through_step(
    all: &mut Vec<Connector>,
    read: &mut HashSet<usize>,
    (story, between, layout): Parts<'_>,
    link: Link,
    step: usize,
) {
    let row = layout.step_row[step];
    if between.steps[step].cause == Some(link.from) && read.insert(step) {
        push(all, layout.member_row[link.from], row, between.steps[step].from, Some(link));
    }
    push(all, row, layout.member_row[link.to], story.at[link.to], Some(link));
}

/// A line that stands upright, where the bar of the first row reaches that far.
fn push(all: &mut Vec<Connector>, from: Option<usize>, to: Option<usize>, at: i64, link: Option<Link>) {
    if let (Some(from), Some(to)) = (from, to)
        && from != to
    {
        all.push(Connector { from: (from, at), to: (to, at), link, main: true });
    }
}

fn direct(all: &mut Vec<Connector>, (story, between, layout): Parts<'_>, link: Link, main: bool) {
    let (Some(from), Some(to)) = (layout.member_row[link.from], layout.member_row[link.to]) else { return };
    if from == to {
        return;
    }
    let at = story.at[link.to];
    let reaches = main && (story.is_span(link.from) || between.stays[link.from].is_some_and(|stay| stay.until >= at));
    let begin = if reaches { at } else { story.at[link.from] };
    all.push(Connector { from: (from, begin), to: (to, at), link: Some(link), main });
}

impl Connector {
    /// Whether it begins or ends at a member.
    pub(crate) fn touches(&self, member: Option<usize>) -> bool {
        member.is_some() && self.link.is_some_and(|link| Some(link.from) == member || Some(link.to) == member)
    }

    fn rows(&self) -> (usize, usize) {
        (self.from.0.min(self.to.0), self.from.0.max(self.to.0))
    }

    /// Path data in a drawing whose top is that of the first row in view and whose width is 1,000.
    pub(crate) fn path(&self, scale: &TimeScale, first: usize) -> String {
        let point = |(row, at): (usize, i64)| (scale.at(at) * 10.0, (row as f64 - first as f64) * ROW + ROW / 2.0);
        let ((x1, y1), (x2, y2)) = (point(self.from), point(self.to));
        let mut path = String::new();
        let middle = (y1 + y2) / 2.0;
        let _infallible = if (x1 - x2).abs() < 0.05 {
            write!(path, "M{x1:.1} {y1:.0}V{y2:.0}")
        } else {
            write!(path, "M{x1:.1} {y1:.0}C{x1:.1} {middle:.0} {x2:.1} {middle:.0} {x2:.1} {y2:.0}")
        };
        path
    }
}

/// Lines to draw: those of the selected member, and the main ones that touch the rows in view, as long as they say
/// more than that there are many.
pub(crate) fn in_view(all: &[Connector], rows: &Range<usize>, selected: Option<usize>) -> Vec<usize> {
    let (mut fan, mut pair, mut passing, mut drawn) = (HashMap::new(), HashMap::new(), 0, Vec::new());
    for (index, connector) in all.iter().enumerate() {
        let (top, bottom) = connector.rows();
        if top >= rows.end || bottom < rows.start {
            continue;
        }
        if connector.touches(selected) {
            drawn.push(index);
        } else if connector.main {
            // Both ends out of view: among very many, a line from nowhere to nowhere.
            if all.len() > MOST && top < rows.start && bottom >= rows.end {
                continue;
            }
            passing += usize::from(top < rows.start || bottom >= rows.end);
            let (fan, pair) = (count(&mut fan, connector.from.0), count(&mut pair, (connector.from.0, connector.to.0)));
            let leaves = top < rows.start || bottom >= rows.end;
            if fan <= FAN && pair <= PAIR && (!leaves || passing <= PASSING) {
                drawn.push(index);
            }
        }
    }
    drawn.truncate(MOST);
    drawn
}

fn count<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K) -> usize {
    let count = counts.entry(key).or_insert(0);
    *count += 1;
    *count
}

#[cfg(test)]
mod tests {
    use super::{
        super::{lanes, samples::*, steps::between},
        *,
    };

    fn all() -> Vec<Connector> {
        let story = order();
        let between = between(&story);
        connectors(&story, &between, &lanes::lay_out(&story, &between, &lanes::Wish::default()))
    }

    #[test]
    fn a_line_goes_from_the_event_through_the_service_to_what_it_wrote() {
        let rows: Vec<(usize, usize)> = all().iter().filter(|one| one.main).map(|one| (one.from.0, one.to.0)).collect();
        // Rows as in the test of `lanes`: 1 and 2 orders, 3 and 4 inventory, 5 and 6 payments, 7 dead letter, 8 paid.
        assert_eq!(rows, [(1, 3), (3, 4), (1, 5), (5, 7), (7, 2), (2, 6), (6, 8), (0, 1)]);
        assert!(all().iter().filter(|one| one.main).all(|one| one.from.1 == one.to.1), "each stands upright");
    }

    #[test]
    fn weaker_edges_are_drawn_for_the_selected_member_only() {
        let all = all();
        assert_eq!(in_view(&all, &(0..9), None).len(), 8);
        assert_eq!(in_view(&all, &(0..9), Some(4)).len(), 9);
        assert_eq!(in_view(&all, &(4..5), None).len(), 4);
    }

    #[test]
    fn thousands_of_lines_are_cut_but_those_of_the_selected_member() {
        let one = all()[0];
        let link = one.link.unwrap();
        let fan: Vec<Connector> = (0..5000)
            .map(|to| Connector { to: (to + 2, 0), link: Some(Link { to: to + 100, ..link }), ..one })
            .collect();
        assert_eq!(in_view(&fan, &(0..40), None).len(), FAN);
        assert_eq!(in_view(&fan, &(0..40), Some(130)).len(), FAN + 1);
        assert_eq!(in_view(&vec![one; 5000], &(0..9), None).len(), PAIR);
        assert_eq!(in_view(&vec![one; 5000], &(0..9), Some(link.to)).len(), MOST);
    }

    #[test]
    fn a_path_is_upright_or_curved() {
        let scale = TimeScale::new(vec![0, 100], false);
        let upright = Connector { from: (1, 0), to: (3, 0), link: None, main: true };
        assert_eq!(upright.path(&scale, 1), "M20.0 13V65");
        let curved = Connector { to: (3, 100), ..upright };
        assert_eq!(curved.path(&scale, 0), "M20.0 39C20.0 65 980.0 65 980.0 91");
    }
}
