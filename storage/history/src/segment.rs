//! Which stretch of time a file holds, and how densely: told by its name, so that a crash between writing a file and
//! deleting those it replaces leaves nothing in doubt.

use tapline_model::time;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;

/// A stretch of time with a row a pair and step at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Segment {
    /// Microseconds since 1970, a multiple of the span.
    pub(crate) from: i64,
    pub(crate) span: Span,
    pub(crate) step: Step,
}

/// How long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Span {
    Slot,
    Hour,
    Day,
}

/// How far rows of one pair are apart at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    /// As they came.
    Minute,
    FiveMinutes,
    HalfHour,
}

impl Span {
    const ALL: [(Self, &str, i64); 3] =
        [(Self::Slot, "5m", 5 * MINUTE), (Self::Hour, "1h", 60 * MINUTE), (Self::Day, "1d", 24 * 60 * MINUTE)];

    /// Microseconds.
    pub(crate) fn length(self) -> i64 {
        Self::ALL[self as usize].2
    }

    fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl Step {
    const ALL: [(Self, &str, i64); 3] =
        [(Self::Minute, "1m", 0), (Self::FiveMinutes, "5m", 5 * MINUTE), (Self::HalfHour, "30m", 30 * MINUTE)];

    /// Microseconds; 0 keeps every row.
    pub(crate) fn length(self) -> i64 {
        Self::ALL[self as usize].2
    }

    fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// How densely a day of this age is kept, microseconds.
    pub(crate) fn of_age(age: i64) -> Self {
        let day = Span::Day.length();
        match age {
            age if age < 2 * day => Self::Minute,
            age if age < 14 * day => Self::FiveMinutes,
            _ => Self::HalfHour,
        }
    }
}

impl Segment {
    /// The stretch of this length that holds a moment.
    pub(crate) fn of(at: i64, span: Span) -> Self {
        Self { from: at.div_euclid(span.length()) * span.length(), span, step: Step::Minute }
    }

    /// The first moment after.
    pub(crate) fn to(self) -> i64 {
        self.from + self.span.length()
    }

    /// Whether it has all rows that the other has, and was made of it.
    pub(crate) fn replaces(self, other: Self) -> bool {
        let holds = self.from <= other.from && other.to() <= self.to();
        holds && (self.span, self.step) > (other.span, other.step) && self.step >= other.step
    }

    pub(crate) fn file_name(self) -> String {
        let from = time::format(self.from).replace(['-', ':'], "").replace(".000000", "");
        format!("{from}_{}_{}.parquet", self.span.name(), self.step.name())
    }

    /// The reverse; `None` for other names.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(".parquet")?.split('_');
        let (from, span, step) = (parts.next()?, parts.next()?, parts.next()?);
        let span = Span::ALL.into_iter().find(|(_, name, _)| *name == span)?.0;
        let step = Step::ALL.into_iter().find(|(_, name, _)| *name == step)?.0;
        let date = |at: std::ops::Range<usize>| from.get(at);
        let text = format!(
            "{}-{}-{}T{}:{}:{}Z",
            date(0..4)?,
            date(4..6)?,
            date(6..8)?,
            date(9..11)?,
            date(11..13)?,
            date(13..15)?
        );
        let found = Self { from: time::parse(&text, 0).ok()?, span, step };
        (found.file_name() == name).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(from: i64, span: Span, step: Step) -> Segment {
        Segment { step, ..Segment::of(from * MINUTE, span) }
    }

    #[test]
    fn names_are_read_back() {
        let name = "20261122T100500Z_5m_1m.parquet";
        let found = Segment::parse(name).unwrap();
        assert_eq!((found.file_name().as_str(), found.span, found.step), (name, Span::Slot, Step::Minute));
        assert_eq!(found.to() - found.from, 5 * MINUTE);
        for other in [
            "20261122T100501Z_5m_1m.parquet.tmp",
            "x_5m_1m.parquet",
            "20261122T100500Z_6m_1m.parquet",
            "é_1d_1m.parquet",
        ] {
            assert_eq!(Segment::parse(other), None, "{other}");
        }
    }

    #[test]
    fn longer_and_thinner_ones_replace() {
        let slot = segment(65, Span::Slot, Step::Minute);
        let hour = segment(60, Span::Hour, Step::Minute);
        let day = segment(0, Span::Day, Step::Minute);
        let thin = segment(0, Span::Day, Step::FiveMinutes);
        assert!(hour.replaces(slot) && day.replaces(slot) && day.replaces(hour) && thin.replaces(day));
        assert!(!slot.replaces(hour) && !hour.replaces(hour) && !day.replaces(thin));
        assert!(!segment(120, Span::Hour, Step::Minute).replaces(slot));
    }

    #[test]
    fn the_older_the_thinner() {
        let day = Span::Day.length();
        assert_eq!([1, 3, 20].map(|days| Step::of_age(days * day)), [Step::Minute, Step::FiveMinutes, Step::HalfHour]);
    }
}
