//! How replays and their items stand, as shape, colour and word.

use leptos::prelude::*;
use tapline_api::{Delivery, Level, Outcome, Progress, Replay, ReplayItem, ReplayState};

use crate::{
    format::number,
    ui::{Pill, Shape},
};

/// Shape, colour and words.
pub(super) type Drawn = (Shape, Level, String);

/// How a replay stands; one that is done is well only if all of it is.
pub(super) fn drawn(replay: &Replay) -> Drawn {
    let (shape, level, word) = match replay.state {
        ReplayState::Planned => (Shape::Off, Level::Mute, "Not started"),
        ReplayState::Running => (Shape::Running, Level::Act, "Running"),
        ReplayState::Paused => (Shape::Standing, Level::Warn, "Paused"),
        ReplayState::Stopped => (Shape::Behind, Level::Warn, "Stopped by itself"),
        ReplayState::Cancelled => (Shape::Off, Level::Mute, "Cancelled"),
        ReplayState::Done => match unwell(&replay.progress) {
            Some(what) => return (Shape::Behind, Level::Warn, format!("Done, {what}")),
            None => (Shape::Well, Level::Ok, "Done"),
        },
    };
    (shape, level, word.to_owned())
}

/// `3 failed again, 2 rejected`: items that nobody else will look after.
fn unwell(progress: &Progress) -> Option<String> {
    let kinds =
        [(progress.failed_again, "failed again"), (progress.rejected, "rejected"), (progress.uncertain, "uncertain")];
    let told = kinds.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, word)| format!("{} {word}", number::short(*count))).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// The state in a frame.
#[component]
pub(super) fn StatePill(drawn: Drawn) -> impl IntoView {
    let (shape, level, text) = drawn;
    view! { <Pill shape level text/> }
}

/// A kind of items: those of a delivery, or of an outcome of what was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// How far the sending is.
    Sent(Delivery),
    /// What became of it.
    Ended(Outcome),
}

impl Fate {
    /// What is told of an item.
    pub(super) fn of(item: &ReplayItem) -> Self {
        match item.outcome {
            Some(outcome) if item.delivery == Delivery::Confirmed => Self::Ended(outcome),
            _ => Self::Sent(item.delivery),
        }
    }

    /// Name and word of the API, which are those of the address too.
    pub(super) fn query(self) -> (&'static str, &'static str) {
        match self {
            Self::Sent(delivery) => ("delivery", delivery.as_str()),
            Self::Ended(outcome) => ("outcome", outcome.as_str()),
        }
    }

    /// Shape, colour and word.
    pub(super) fn drawn(self) -> (Shape, Level, &'static str) {
        match self {
            Self::Sent(Delivery::Planned) => (Shape::Off, Level::Mute, "to send"),
            Self::Sent(Delivery::Sending) => (Shape::Running, Level::Act, "being sent"),
            Self::Sent(Delivery::Confirmed) => (Shape::Well, Level::Ok, "sent"),
            Self::Sent(Delivery::Uncertain) => (Shape::Behind, Level::Warn, "uncertain"),
            Self::Sent(Delivery::Rejected) => (Shape::Failing, Level::Bad, "rejected"),
            Self::Ended(Outcome::Pending) => (Shape::Running, Level::Act, "sent, not read yet"),
            Self::Ended(Outcome::Reprocessed) => (Shape::Well, Level::Ok, "reprocessed"),
            Self::Ended(Outcome::FailedAgain) => (Shape::Failing, Level::Bad, "failed again"),
            Self::Ended(Outcome::Unknown) => (Shape::Off, Level::Mute, "nothing heard of"),
        }
    }

    /// What it means, where the word does not say it.
    pub(super) fn meaning(self) -> Option<&'static str> {
        match self {
            Self::Sent(Delivery::Uncertain) => {
                Some("Sent, but no answer came, and where it would stand cannot be looked at: it may be there or not.")
            }
            Self::Sent(Delivery::Rejected) => {
                Some("Refused by the broker for good, or held behind one of the same key that was.")
            }
            Self::Ended(Outcome::Unknown) => Some("On the broker, but no group was seen to read it in time."),
            Self::Ended(Outcome::Pending) => Some("On the broker; no group was seen to read past it yet."),
            Self::Ended(Outcome::Reprocessed) => Some("The group read past it and an event of its story followed."),
            Self::Ended(Outcome::FailedAgain) => Some("It came back as a dead letter."),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn done_is_well_only_when_all_of_it_is() {
        assert_eq!(unwell(&Progress { reprocessed: 25, unknown: 1, ..Progress::default() }), None);
        let progress = Progress { failed_again: 3, rejected: 1200, ..Progress::default() };
        assert_eq!(unwell(&progress).as_deref(), Some("3 failed again, 1,200 rejected"));
        assert_eq!(unwell(&Progress { uncertain: 1, ..Progress::default() }).as_deref(), Some("1 uncertain"));
    }
}
