//! What of a look is worth a row of the history.

use tapline_api::LagState;

pub(crate) const MINUTE: i64 = 60 * 1_000_000;

/// Where nothing changes there is a row each so often all the same, microseconds: what was not looked at must be told from
/// what stands.
pub(crate) const HEARTBEAT: i64 = 10 * MINUTE;

/// What the newest row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) at: i64,
    pub(crate) state: LagState,
    pub(crate) committed: Option<i64>,
    pub(crate) lag: Option<i64>,
}

impl Recorded {
    /// Whether this is worth a row behind that one: one a minute where something changes.
    pub(crate) fn is_worth(self, before: Option<Self>) -> bool {
        let Some(before) = before else { return true };
        let changed = Self { at: before.at, ..self } != before;
        minute(self.at) != minute(before.at) && (changed || self.at - before.at >= HEARTBEAT)
    }
}

pub(crate) fn minute(at: i64) -> i64 {
    at.div_euclid(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_a_minute_where_something_changes() {
        let at = |seconds: i64, lag| Recorded { at: seconds * 1_000_000, state: LagState::Ok, committed: Some(1), lag };
        let first = at(5, Some(3));
        assert!(first.is_worth(None));
        assert!(!at(55, Some(4)).is_worth(Some(first)), "the same minute");
        assert!(at(65, Some(4)).is_worth(Some(first)));
        assert!(!at(65, Some(3)).is_worth(Some(first)), "nothing changed");
        assert!(at(605, Some(3)).is_worth(Some(first)), "it still stands");
    }
}
