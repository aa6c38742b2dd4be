//! Where the time of a chain went: each moment counts once, for the most active thing that happened in it.

use super::{
    drawing,
    lanes::{self, Wish},
    marks::Look,
    steps::Between,
    story::Story,
};

use crate::order::sort_by_key;

/// Microseconds by what they were spent on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// Handled by services, the wait in the broker included.
    pub(crate) services: i64,
    /// Between events of which nobody known wrote the later one.
    pub(crate) broker: i64,
    /// In dead letters.
    pub(crate) dead: i64,
    /// Before a step that has not come.
    pub(crate) waiting: i64,
    /// Nothing known happened.
    pub(crate) idle: i64,
}

/// Sums it up.
pub(crate) fn spent(story: &Story, between: &Between) -> Spent {
    let layout = lanes::lay_out(story, between, &Wish::default());
    let mut turns: Vec<(i64, usize, i32)> = Vec::new();
    for row in &layout.rows {
        for bar in drawing::drawing(story, between, row).bars {
            if let Some(class) = class(bar.look)
                && bar.to > bar.from
            {
                turns.push((bar.from, class, 1));
                turns.push((bar.to, class, -1));
            }
        }
    }
    turns.extend([(story.start, IDLE, 1), (story.end, IDLE, -1)]);
    sort_by_key(&mut turns, |(at, ..)| *at);
    let sums = sweep(&turns);
    Spent { services: sums[0], dead: sums[1], broker: sums[2], waiting: sums[3], idle: sums[IDLE] }
}

const IDLE: usize = 4;

/// The smallest number wins where two things happen at once.
fn class(look: Look) -> Option<usize> {
    match look {
        Look::Span | Look::Service | Look::Failed => Some(0),
        Look::Dead => Some(1),
        Look::Broker => Some(2),
        Look::Waiting => Some(3),
        Look::Missing => None,
    }
}

fn sweep(turns: &[(i64, usize, i32)]) -> [i64; IDLE + 1] {
    let mut sums = [0; IDLE + 1];
    let mut active = [0_i32; IDLE + 1];
    let mut before = turns.first().map_or(0, |(at, ..)| *at);
    for &(at, class, change) in turns {
        if let Some(most) = active.iter().position(|count| *count > 0) {
            sums[most] += at - before;
        }
        active[class] += change;
        before = at;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::{
        super::{samples::*, steps::between},
        *,
    };

    #[test]
    fn every_moment_counts_once() {
        let story = order();
        let spent = spent(&story, &between(&story));
        const S: i64 = 1_000_000;
        assert_eq!(spent, Spent { services: 7 * S, dead: 1194 * S, waiting: 699 * S, broker: 0, idle: 0 });
        assert_eq!(spent.services + spent.dead + spent.waiting, story.end - story.start);
    }
}
