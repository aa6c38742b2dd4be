//! How a plan sends, in words: pairs of a value and a remark for each choice.

use tapline_api::{KeyOrder, ReplayPlan, ReplayRequest, Timestamps};

use crate::format::{number, sentence::capital};

/// A choice: its name, what was chosen, a remark.
pub(super) type Choice = (&'static str, String, String);

/// The choices of a request and what the plan says about them.
pub(super) fn how(request: &ReplayRequest, plan: &ReplayPlan) -> Vec<Choice> {
    vec![
        target(request),
        partition(plan),
        rate(request, plan),
        order(request),
        stop(request),
        canary(request),
        times(request),
        change(request),
    ]
}

fn target(request: &ReplayRequest) -> Choice {
    let target = request.target.clone().unwrap_or_default();
    let (value, remark) = match (target.destination, target.source) {
        (None, None) => ("Where each came from".to_owned(), "dead letters where they failed".to_owned()),
        (Some(destination), None) => (destination, "on the same source".to_owned()),
        (Some(destination), Some(source)) => (destination, format!("on {source}")),
        (None, Some(source)) => (source, "the same destinations there".to_owned()),
    };
    ("Target", value, remark)
}

fn partition(plan: &ReplayPlan) -> Choice {
    let places = number::count(plan.partitions.len() as u64, "partition", "partitions");
    ("Partition", places, plan.partitioner.clone())
}

fn rate(request: &ReplayRequest, plan: &ReplayPlan) -> Choice {
    let value = match (request.rate, request.speed) {
        (Some(rate), _) => format!("{} a second", number::si(rate)),
        (None, Some(speed)) => format!("{}× as fast as it was", number::si(speed)),
        (None, None) => "Unthrottled".to_owned(),
    };
    let remark = match plan.seconds {
        Some(seconds) => format!("{} for all", number::duration(seconds * 1000.0)),
        None => "as fast as the broker takes them".to_owned(),
    };
    ("Rate", value, remark)
}

fn order(request: &ReplayRequest) -> Choice {
    let (value, remark) = match request.order {
        KeyOrder::Key => ("Kept for each key", "one of a key in flight"),
        KeyOrder::None => ("As they come", "events of a key may overtake each other"),
    };
    ("Order", value.to_owned(), remark.to_owned())
}

fn stop(request: &ReplayRequest) -> Choice {
    let failed = request.stop.failed_again.map(|share| format!("above {} % failed again", number::si(share * 100.0)));
    let lag = request.stop.lag.map(|lag| format!("a group {} behind", number::short(lag)));
    let (value, remark) = match (failed, lag) {
        (Some(failed), Some(lag)) => (failed, format!("of the last hundred; or {lag}")),
        (Some(failed), None) => (failed, "of the last hundred".to_owned()),
        (None, Some(lag)) => (lag, "events not read yet".to_owned()),
        (None, None) => ("Never".to_owned(), "it goes on whatever comes back".to_owned()),
    };
    ("Stops by itself", capital(&value), remark)
}

fn canary(request: &ReplayRequest) -> Choice {
    let (value, remark) = match (request.canary, request.canary_goes_on) {
        (None, _) => ("None".to_owned(), "all of them in one go"),
        (Some(first), false) => (format!("{} first", number::short(first)), "then it waits for somebody"),
        (Some(first), true) => (format!("{} first", number::short(first)), "goes on once all were reprocessed"),
    };
    ("Test", value, remark.to_owned())
}

fn times(request: &ReplayRequest) -> Choice {
    let (value, remark) = match request.timestamps {
        Timestamps::Original => ("Their own", "but for those too old for the target"),
        Timestamps::Now => ("Of the sending", "when they happened stays in the payload only"),
    };
    ("Timestamps", value.to_owned(), remark.to_owned())
}

fn change(request: &ReplayRequest) -> Choice {
    let (value, remark) = match (&request.transform, request.edits.len() as u64) {
        (Some(program), 0) => ("By a program".to_owned(), program.clone()),
        (Some(program), edits) => (format!("{} and a program", number::count(edits, "edit", "edits")), program.clone()),
        (None, 0) => ("Nothing".to_owned(), "bytes go back as they were".to_owned()),
        (None, edits) => (number::count(edits, "event edited", "events edited"), "the others as they were".to_owned()),
    };
    ("Change", value, remark)
}

/// What keeps a plan from being started, if anything does.
pub(super) fn missing(unread: usize, refused: bool, unconfirmed: bool, unnamed: bool) -> Option<String> {
    match (refused, unread) {
        (true, _) => Some("It cannot start: what is red above has to be put right first.".to_owned()),
        (false, 1) => Some("Read one more warning to start.".to_owned()),
        (false, unread) if unread > 1 => Some(format!("Read {unread} more warnings to start.")),
        _ if unconfirmed => Some("Another person must confirm this plan: send them its link.".to_owned()),
        _ if unnamed => Some("Type the name of the environment to start.".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tapline_api::{ReplayTarget, StopAt};

    use super::*;

    fn said(request: &ReplayRequest) -> Vec<String> {
        let plan = ReplayPlan { seconds: Some(63.0), ..ReplayPlan::default() };
        how(request, &plan).into_iter().map(|(name, value, remark)| format!("{name}: {value}, {remark}")).collect()
    }

    #[test]
    fn choices_are_told_with_what_follows_from_them() {
        let request = ReplayRequest { rate: Some(20.0), canary: Some(25), ..ReplayRequest::default() };
        let said = said(&request);
        assert_eq!(said[0], "Target: Where each came from, dead letters where they failed");
        assert_eq!(said[2], "Rate: 20 a second, 1 min 3 s for all");
        assert_eq!(said[4], "Stops by itself: Above 5 % failed again, of the last hundred");
        assert_eq!(said[5], "Test: 25 first, then it waits for somebody");
    }

    #[test]
    fn what_is_unusual_is_told_too() {
        let target = ReplayTarget { source: Some("lab".to_owned()), destination: Some("orders".to_owned()) };
        let request = ReplayRequest {
            target: Some(target),
            speed: Some(2.0),
            order: KeyOrder::None,
            stop: StopAt { failed_again: None, lag: Some(5000) },
            transform: Some(".payload.n = 1".to_owned()),
            ..ReplayRequest::default()
        };
        let said = said(&request);
        assert_eq!(said[0], "Target: orders, on lab");
        assert_eq!(said[2], "Rate: 2× as fast as it was, 1 min 3 s for all");
        assert_eq!(said[4], "Stops by itself: A group 5,000 behind, events not read yet");
        assert_eq!(said[7], "Change: By a program, .payload.n = 1");
    }

    #[test]
    fn the_next_thing_to_do_before_a_start_is_named() {
        assert_eq!(missing(1, false, true, true).as_deref(), Some("Read one more warning to start."));
        assert_eq!(missing(3, false, false, false).as_deref(), Some("Read 3 more warnings to start."));
        assert!(missing(0, true, false, false).is_some_and(|said| said.starts_with("It cannot start")));
        assert!(missing(0, false, true, true).is_some_and(|said| said.starts_with("Another person")));
        assert!(missing(0, false, false, true).is_some_and(|said| said.starts_with("Type the name")));
        assert_eq!(missing(0, false, false, false), None);
    }
}
