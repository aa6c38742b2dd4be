//! How replays stand, in a sentence: what needs somebody first.

use tapline_api::{Level, Progress, Replay, ReplayPlan, ReplayState, span, thousands};

/// Of all of them: the sentence, and what else there is to know.
pub fn headline(replays: &[Replay]) -> (String, Option<String>) {
    const WORST_FIRST: [ReplayState; 4] =
        [ReplayState::Stopped, ReplayState::Running, ReplayState::Paused, ReplayState::Planned];
    let open = WORST_FIRST.iter().flat_map(|state| replays.iter().filter(move |replay| replay.state == *state));
    let last = replays.iter().filter(|replay| replay.state == ReplayState::Done).take(1);
    let mut all = open.chain(last).map(line);
    let Some(first) = all.next() else { return ("No event was put back yet.".to_owned(), None) };
    let rest: Vec<String> = all.take(2).collect();
    (first, (!rest.is_empty()).then(|| rest.join(" ")))
}

/// Of one that is looked at: the sentence, and what else there is to know.
pub(crate) fn of_one(replay: &Replay, plan: &ReplayPlan) -> (String, Option<String>) {
    match replay.state {
        ReplayState::Planned => {
            (planned(replay, plan), plan.seconds.map(|seconds| format!("Sending takes {}.", span(seconds))))
        }
        _ => (line(replay), detail(replay)),
    }
}

fn line(replay: &Replay) -> String {
    let Replay { id, progress, .. } = replay;
    let (sent, items) = (thousands(progress.confirmed), thousands(progress.items));
    let why = replay.why.as_deref();
    closed(match replay.state {
        ReplayState::Planned => format!("{id} can start once its plan is read: {}", events(progress.items)),
        ReplayState::Running => match why {
            Some(why) => format!("{id} waits: {why}"),
            None => format!("{id} is running: {}", course(progress)),
        },
        ReplayState::Paused => format!("{id} is paused{}", why.map(|why| format!(": {why}")).unwrap_or_default()),
        ReplayState::Stopped => format!("{id} stopped by itself: {}", why.unwrap_or("see its audit")),
        ReplayState::Cancelled => format!("{id} was cancelled: {sent} of {items} were sent"),
        ReplayState::Done => done(id, progress),
    })
}

/// How far one that runs is: `640 of 1,259 sent, 1 min 1 s left`.
pub fn course(progress: &Progress) -> String {
    let left = progress.seconds_left.map(|left| format!(", {} left", span(left))).unwrap_or_default();
    format!("{} of {} sent{left}", thousands(progress.confirmed), thousands(progress.items))
}

/// What stands between a plan and its start.
fn planned(replay: &Replay, plan: &ReplayPlan) -> String {
    let Replay { id, progress, .. } = replay;
    let refused = plan.warnings.iter().find(|warning| warning.level == Level::Bad);
    closed(match (refused, plan.warnings.len()) {
        (Some(refused), _) => format!("{id} cannot start: {}", refused.sentence),
        _ if plan.needs_second_person && plan.confirmed_by.is_none() => {
            format!("{id} waits for a second person to confirm it: {}", events(progress.items))
        }
        (None, 0) => format!("{id} can start: nothing speaks against putting back {}", events(progress.items)),
        (None, 1) => format!("{id} can start once its one warning is read: {}", plan.warnings[0].sentence),
        (None, many) => {
            format!("{id} can start once its {many} warnings are read. {}", first_upper(&plan.warnings[0].sentence))
        }
    })
}

fn done(id: &str, progress: &Progress) -> String {
    let sent = thousands(progress.confirmed);
    if progress.failed_again > 0 {
        return format!("{} of {sent} events of {id} failed again", thousands(progress.failed_again));
    }
    if progress.pending > 0 {
        let known = thousands(progress.confirmed - progress.pending);
        return format!("{id} has sent all its events; of {known} of {sent} it is known what became of them");
    }
    if progress.reprocessed == progress.items {
        return match progress.items {
            1 => format!("The one event of {id} was reprocessed"),
            _ => format!("All {sent} events of {id} were reprocessed"),
        };
    }
    format!("{} of {} events of {id} were reprocessed", thousands(progress.reprocessed), thousands(progress.items))
}

/// What the sentence about one that was started leaves out.
fn detail(replay: &Replay) -> Option<String> {
    let progress = &replay.progress;
    let rest = matches!(replay.state, ReplayState::Paused | ReplayState::Stopped).then(|| {
        let (sent, items) = (thousands(progress.confirmed), thousands(progress.items));
        format!("{sent} of {items} are sent, resume sends the rest.")
    });
    let failed = if replay.state == ReplayState::Done { 0 } else { progress.failed_again };
    let counts = [
        (failed, "failed again"),
        (progress.rejected, "rejected"),
        (progress.uncertain, "uncertain"),
        (progress.unknown, "unknown"),
    ];
    let counts = counted(&counts).map(|counts| format!("{counts}."));
    let both: Vec<String> = rest.into_iter().chain(counts).collect();
    (!both.is_empty()).then(|| both.join(" "))
}

/// Those that there are: `3 failed again, 1 unknown`.
pub(crate) fn counted(counts: &[(u64, &str)]) -> Option<String> {
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| format!("{} {word}", thousands(*count))).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

fn events(count: u64) -> String {
    if count == 1 { "one event".to_owned() } else { format!("{} events", thousands(count)) }
}

fn closed(text: String) -> String {
    if text.ends_with('.') { text } else { format!("{text}.") }
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use tapline_api::PlanWarning;

    use super::*;

    fn replay(id: &str, state: ReplayState, progress: Progress) -> Replay {
        Replay {
            id: id.to_owned(),
            state,
            why: None,
            sentence: String::new(),
            who: "mara".to_owned(),
            reason: String::new(),
            fingerprint: None,
            planned_at: String::new(),
            started_at: None,
            ended_at: None,
            progress,
        }
    }

    fn warning(level: Level, sentence: &str) -> PlanWarning {
        let (kind, sentence) = ("newer_events".to_owned(), sentence.to_owned());
        PlanWarning { kind, level, sentence, detail: None, items: 7, addresses: Vec::new(), sql: None }
    }

    #[test]
    fn what_needs_somebody_comes_first() {
        let all = [
            replay("r-4", ReplayState::Planned, Progress { items: 1, ..Progress::default() }),
            replay(
                "r-3",
                ReplayState::Running,
                Progress { items: 6_212, confirmed: 4_186, seconds_left: Some(81.4), ..Progress::default() },
            ),
            Replay {
                why: Some("6 of the last 100 failed again".to_owned()),
                ..replay("r-2", ReplayState::Stopped, Progress::default())
            },
        ];
        let (sentence, detail) = headline(&all);
        assert_eq!(sentence, "r-2 stopped by itself: 6 of the last 100 failed again.");
        assert_eq!(
            detail.as_deref(),
            Some(
                "r-3 is running: 4,186 of 6,212 sent, 1 min 21 s left. r-4 can start once its plan is read: one event."
            )
        );
        assert_eq!(headline(&[]), ("No event was put back yet.".to_owned(), None));
    }

    #[test]
    fn a_plan_says_what_stands_before_its_start() {
        let r33 = replay("r-33", ReplayState::Planned, Progress { items: 1_259, ..Progress::default() });
        let mut plan = ReplayPlan { seconds: Some(63.0), ..ReplayPlan::default() };
        let nothing = (
            "r-33 can start: nothing speaks against putting back 1,259 events.".to_owned(),
            Some("Sending takes 1 min 3 s.".to_owned()),
        );
        assert_eq!(of_one(&r33, &plan), nothing);
        plan.warnings.push(warning(Level::Warn, "seven of these orders were cancelled"));
        assert_eq!(
            of_one(&r33, &plan).0,
            "r-33 can start once its one warning is read: seven of these orders were cancelled."
        );
        plan.needs_second_person = true;
        assert!(of_one(&r33, &plan).0.starts_with("r-33 waits for a second person"));
        plan.warnings.push(warning(Level::Bad, "nobody may write `orders`"));
        assert_eq!(of_one(&r33, &plan).0, "r-33 cannot start: nobody may write `orders`.");
    }

    #[test]
    fn a_replay_that_was_started_says_what_is_left() {
        let progress = Progress { items: 10, confirmed: 6, failed_again: 2, rejected: 1, ..Progress::default() };
        let (_, detail) = of_one(&replay("r-1", ReplayState::Paused, progress.clone()), &ReplayPlan::default());
        assert_eq!(detail.as_deref(), Some("6 of 10 are sent, resume sends the rest. 2 failed again, 1 rejected."));
        let (sentence, detail) = of_one(&replay("r-1", ReplayState::Done, progress), &ReplayPlan::default());
        assert_eq!((&*sentence, detail.as_deref()), ("2 of 6 events of r-1 failed again.", Some("1 rejected.")));
    }
}
