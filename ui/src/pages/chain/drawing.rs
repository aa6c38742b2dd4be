//! What is drawn in a row: bars, marks, its label. In time, not in pixels: [`super::time_scale`] owns where that is.

use tapline_api::{ChainState, Kind, Level, MissingReason};

use super::{
    lanes::{Part, Row},
    marks::{Bar, Drawing, Look, Spot},
    steps::{Between, Lying, Step},
    story::Story,
};
use crate::{format::number, ui::Shape};

/// Gathered rows with more parts than that are drawn as ticks.
const SINGLE: usize = 60;

/// What is drawn in a row.
pub(crate) fn drawing(story: &Story, between: &Between, row: &Row) -> Drawing {
    let mut drawing = Drawing::default();
    match row.parts.as_slice() {
        [Part::Member(member)] => draw_member(&mut drawing, story, between, *member),
        [Part::Step(step)] => draw_step(&mut drawing, story, &between.steps[*step]),
        [Part::Missing(missing)] => draw_missing(&mut drawing, story, *missing),
        many => draw_many(&mut drawing, story, between, many),
    }
    drawing
}

fn draw_member(drawing: &mut Drawing, story: &Story, between: &Between, index: usize) {
    let (member, at) = (&story.members()[index], story.at[index]);
    if member.kind == Kind::Span {
        let to = story.links.iter().filter(|link| link.from == index).map(|link| story.at[link.to]).max();
        let to = to.map_or(at, |to| to.max(at));
        drawing.bars.push(Bar { from: at, to, look: Look::Span });
        drawing.label = if to > at { lasting(to - at) } else { String::new() };
        return;
    }
    drawing.spots.push(spot(story, index));
    if let Some(retry) = member.retry {
        drawing.label = format!("attempt {retry}");
        drawing.tone = "warn";
    }
    if story.is_replayed(index) {
        drawing.label = "replayed".to_owned();
    }
    let Some(stay) = between.stays[index].filter(|stay| stay.until > at) else { return };
    let (look, said, tone) = match stay.why {
        Lying::Broker => (Look::Broker, "", ""),
        Lying::Waiting => (Look::Waiting, "waits for ", "warn"),
        Lying::Dead => (Look::Dead, "dead for ", "bad"),
    };
    drawing.bars.push(Bar { from: at, to: stay.until, look });
    let label = format!("{said}{}", lasting(stay.until - at));
    drawing.label = if drawing.label.is_empty() { label } else { format!("{}, {label}", drawing.label) };
    drawing.tone = tone;
}

/// The shape of an event and its colour.
pub(crate) fn shape(story: &Story, index: usize) -> (Shape, Level) {
    let member = &story.members()[index];
    match member {
        _ if member.dead_letter.is_some() => (Shape::DeadLetter, Level::Bad),
        _ if story.is_replayed(index) => (Shape::Replayed, Level::Act),
        _ if member.retry.is_some() => (Shape::Event, Level::Warn),
        _ => (Shape::Event, Level::Mute),
    }
}

fn spot(story: &Story, index: usize) -> Spot {
    let (shape, level) = shape(story, index);
    Spot { at: story.at[index], shape, level, beside: false }
}

fn draw_step(drawing: &mut Drawing, story: &Story, step: &Step) {
    if step.failed.is_some() {
        draw_attempts(drawing, story, step);
    } else {
        drawing.bars.push(Bar { from: step.from, to: step.to.max(step.from), look: Look::Service });
    }
    drawing.label = match step.to - step.from {
        0 if step.cause.is_none() => String::new(),
        behind if behind < 0 => format!("clock {} behind", lasting(-behind)),
        took => lasting(took),
    };
}

/// One bar an attempt, each up to the copy that says that it failed.
fn draw_attempts(drawing: &mut Drawing, story: &Story, step: &Step) {
    let mut ends: Vec<i64> = step.effects.iter().map(|effect| story.at[*effect].max(step.from)).collect();
    ends.sort_unstable();
    ends.dedup();
    let mut from = step.from;
    for to in ends {
        drawing.bars.push(Bar { from, to, look: Look::Failed });
        drawing.spots.push(Spot { at: to, shape: Shape::Failing, level: Level::Bad, beside: false });
        from = to;
    }
}

/// What a member names as its cause stood before it; a step that has not come would stand after the last event. Of
/// anything else nobody knows when it was.
fn draw_missing(drawing: &mut Drawing, story: &Story, index: usize) {
    let missing = &story.chain.missing[index];
    let named = missing.named_by.as_deref().and_then(|address| story.place(address));
    let open = matches!(story.chain.state, ChainState::Stuck | ChainState::Running);
    let (from, to) = match named {
        Some(member) => (story.at[member], story.at[member]),
        None if open && missing.reason == MissingReason::NotSeen => (story.last(), story.end),
        None => (story.start, story.start),
    };
    drawing.bars.push(Bar { from, to, look: Look::Missing });
    drawing.label = crate::format::sentence::plain(&missing.what);
    drawing.tone = "warn";
}

fn draw_many(drawing: &mut Drawing, story: &Story, between: &Between, parts: &[Part]) {
    for part in parts {
        match *part {
            Part::Member(member) => drawing.spots.push(spot(story, member)),
            Part::Step(step) => draw_step(drawing, story, &between.steps[step]),
            Part::Missing(_) => {}
        }
    }
    (drawing.label, drawing.many) = (String::new(), true);
    let mut took: Vec<i64> = drawing.bars.iter().map(|bar| bar.to - bar.from).collect();
    took.sort_unstable();
    if let Some(median) = took.get(took.len() / 2) {
        drawing.label = format!("usually {}", lasting(*median));
    }
    if parts.len() > SINGLE {
        drawing.ticks =
            drawing.spots.iter().map(|spot| spot.at).chain(drawing.bars.iter().map(|bar| bar.from)).collect();
        drawing.bars.clear();
        drawing.spots.retain(|spot| spot.level >= Level::Warn);
        drawing.spots.truncate(SINGLE);
    }
}

/// A length of time in microseconds, in words.
pub(crate) fn lasting(micros: i64) -> String {
    number::duration(micros as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{lanes, samples::*, steps::between},
        *,
    };

    fn drawings() -> Vec<Drawing> {
        let story = order();
        let between = between(&story);
        let layout = lanes::lay_out(&story, &between, &lanes::Wish::default());
        layout.rows.iter().map(|row| drawing(&story, &between, row)).collect()
    }

    #[test]
    fn labels_say_how_long() {
        let labels: Vec<String> = drawings().into_iter().map(|drawing| drawing.label).collect();
        let want = ["", "", "replayed", "1 s", "", "6 s", "1 s", "dead for 19 min 54 s", "waits for 11 min 39 s"];
        assert_eq!(labels, want);
    }

    #[test]
    fn shapes_say_what_happened() {
        let shapes: Vec<Option<Shape>> =
            drawings().into_iter().map(|drawing| drawing.spots.first().map(|spot| spot.shape)).collect();
        assert_eq!(shapes[5], Some(Shape::Failing));
        assert_eq!(shapes[7], Some(Shape::DeadLetter));
        assert_eq!(shapes[2], Some(Shape::Replayed));
        assert_eq!(shapes[1], Some(Shape::Event));
    }

    #[test]
    fn a_missing_cause_stands_before_who_names_it_and_a_missing_step_after_the_last_event() {
        let mut chain = (*order().chain).clone();
        let missing = |named_by: Option<&str>| tapline_api::Missing {
            what: "`X` has not come".into(),
            reason: MissingReason::NotSeen,
            named_by: named_by.map(str::to_owned),
        };
        chain.missing = vec![missing(Some(&chain.members[1].address)), missing(None)];
        let story = Story::new(std::sync::Arc::new(chain), 2_000_000_000);
        let bar = |index: usize| {
            let mut drawing = Drawing::default();
            draw_missing(&mut drawing, &story, index);
            (drawing.bars[0].from / 1_000_000, drawing.bars[0].to / 1_000_000)
        };
        assert_eq!([bar(0), bar(1)], [(101, 101), (1301, 2000)]);
    }

    #[test]
    fn a_clock_that_runs_behind_is_said_and_not_drawn_backwards() {
        let step = Step {
            service: "s".into(),
            cause: Some(0),
            effects: vec![1],
            from: 500,
            to: -11_500,
            failed: None,
            sure: true,
        };
        let mut drawing = Drawing::default();
        draw_step(&mut drawing, &order(), &step);
        assert_eq!((drawing.bars[0].from, drawing.bars[0].to), (500, 500));
        assert_eq!(drawing.label, "clock 12 ms behind");
    }
}
