//! One alert from look to look: inactive, pending, firing, resolved.
//!
//! Pure: what was, what is seen now, and what follows. Who writes it down, and whom it is told, are others' business.

/// How long things must be so before something is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Must hold so long before it fires, microseconds.
    pub hold: i64,
    /// Fires on for so long after it held last, microseconds.
    pub keep: i64,
}

/// How an alert stands. Times are microseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is wrong, and nothing was lately.
    #[default]
    Inactive,
    /// Wrong, but not for long enough.
    Pending { since: i64 },
    /// Wrong, and told.
    Firing {
        /// When it began to fire.
        since: i64,
        /// When it was seen to be wrong last.
        seen: i64,
    },
}

/// What was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// Who could say did not: a broker that is away has not recovered.
    Unknown,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Fired,
    Resolved,
}

impl Standing {
    /// What follows from a look.
    pub(crate) fn look(self, at: i64, seen: Seen, patience: Patience) -> (Self, Option<Turn>) {
        match (self, seen) {
            (standing, Seen::Unknown) => (standing, None),
            (Self::Inactive, Seen::Yes) => Self::Pending { since: at }.look(at, Seen::Yes, patience),
            (Self::Pending { since }, Seen::Yes) if at - since >= patience.hold => {
                (Self::Firing { since: at, seen: at }, Some(Turn::Fired))
            }
            (Self::Firing { since, .. }, Seen::Yes) => (Self::Firing { since, seen: at }, None),
            (Self::Firing { seen, .. }, Seen::No) if at - seen < patience.keep => (self, None),
            (Self::Firing { .. }, Seen::No) => (Self::Inactive, Some(Turn::Resolved)),
            (Self::Pending { .. }, Seen::No) => (Self::Inactive, None),
            (standing, _) => (standing, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { hold: 100, keep: 50 };

    fn run(looks: &[(i64, Seen)]) -> (Standing, Vec<(i64, Turn)>) {
        let mut turns = Vec::new();
        let last = looks.iter().fold(Standing::Inactive, |standing, (at, seen)| {
            let (standing, turn) = standing.look(*at, *seen, PATIENCE);
            turns.extend(turn.map(|turn| (*at, turn)));
            standing
        });
        (last, turns)
    }

    #[test]
    fn it_fires_once_it_held_for_long_enough_and_resolves_once_it_did_not() {
        use Seen::{No, Yes};
        let (last, turns) = run(&[(0, Yes), (60, Yes), (100, Yes), (200, Yes), (230, No), (249, No), (260, No)]);
        assert_eq!((last, turns), (Standing::Inactive, vec![(100, Turn::Fired), (260, Turn::Resolved)]));
    }

    #[test]
    fn what_flaps_before_it_fires_begins_anew() {
        use Seen::{No, Yes};
        assert_eq!(run(&[(0, Yes), (60, No), (90, Yes), (150, Yes)]).1, []);
    }

    #[test]
    fn a_source_that_is_away_resolves_nothing() {
        use Seen::{Unknown, Yes};
        let (last, turns) = run(&[(0, Yes), (100, Yes), (200, Unknown), (9_000, Unknown)]);
        assert_eq!((last, turns.len()), (Standing::Firing { since: 100, seen: 100 }, 1));
    }
}
