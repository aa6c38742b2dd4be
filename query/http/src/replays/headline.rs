//! How replays stand, in a sentence: what needs somebody first.

use tapline_api::{Replay, ReplayState};

use crate::words::{duration, thousands};

/// The sentence, and what else there is to know.
pub(super) fn of(replays: &[Replay]) -> (String, Option<String>) {
    let in_state = |state: ReplayState| replays.iter().filter(move |replay| replay.state == state);
    let stopped = in_state(ReplayState::Stopped).map(stopped);
    let paused = in_state(ReplayState::Paused).map(|replay| match &replay.why {
        Some(why) => format!("{} is paused: {why}", replay.id),
        None => format!("{} is paused.", replay.id),
    });
    let planned = in_state(ReplayState::Planned).map(|replay| match replay.progress.items {
        1 => format!("{} can start once its plan is read: one event.", replay.id),
        items => format!("{} can start once its plan is read: {} events.", replay.id, thousands(items)),
    });
    let running = in_state(ReplayState::Running).map(running);
    let again = replays.iter().filter(|replay| replay.state == ReplayState::Done).take(1).map(done);
    let mut all = stopped.chain(running).chain(paused).chain(planned).chain(again).map(closed);
    let Some(first) = all.next() else {
        return ("No event was put back yet.".to_owned(), None);
    };
    let rest: Vec<String> = all.take(2).collect();
    (first, (!rest.is_empty()).then(|| rest.join(" ")))
}

fn stopped(replay: &Replay) -> String {
    format!("{} stopped by itself: {}", replay.id, replay.why.as_deref().unwrap_or("see its audit"))
}

fn running(replay: &Replay) -> String {
    let progress = &replay.progress;
    let sent = thousands(progress.confirmed);
    match (&replay.why, progress.seconds_left) {
        (Some(why), _) => format!("{} waits: {why}", replay.id),
        (None, Some(left)) => {
            format!("{} is running: {sent} of {} sent, {} left.", replay.id, thousands(progress.items), span(left))
        }
        (None, None) => format!("{} is running: {sent} of {} sent.", replay.id, thousands(progress.items)),
    }
}

fn done(replay: &Replay) -> String {
    let progress = &replay.progress;
    let sent = thousands(progress.confirmed);
    if progress.failed_again > 0 {
        return format!("{} of {sent} events of {} failed again.", thousands(progress.failed_again), replay.id);
    }
    if progress.pending > 0 {
        let known = thousands(progress.confirmed - progress.pending);
        return format!("{} has sent all its events; of {known} of {sent} it is known what became of them.", replay.id);
    }
    if progress.reprocessed == progress.items {
        return format!("All {sent} events of {} were reprocessed.", replay.id);
    }
    format!(
        "{} of {} events of {} were reprocessed.",
        thousands(progress.reprocessed),
        thousands(progress.items),
        replay.id
    )
}

#[expect(clippy::cast_possible_truncation, reason = "seconds that are shown")]
fn span(seconds: f64) -> String {
    duration((seconds.clamp(0.0, 1e9) * 1e6) as i64)
}

fn closed(text: String) -> String {
    if text.ends_with('.') { text } else { format!("{text}.") }
}
