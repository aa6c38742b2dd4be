//! How far a replay is: what was sent, what became of it, how fast it goes, how long it will take.

use leptos::prelude::*;
use tapline_api::{Delivery, Outcome, Progress, Replay, ReplayState};

use super::states::Fate;
use crate::{
    charts::line::{LineChart, Points},
    format::{self, number, sentence, time},
    state::url::{Address, Query, use_address},
    ui::{Mark, Sentence},
};

/// Kinds of items with how many there are of each, in the order of the bar.
fn fates(progress: &Progress) -> [(Fate, u64); 8] {
    [
        (Fate::Ended(Outcome::Reprocessed), progress.reprocessed),
        (Fate::Ended(Outcome::FailedAgain), progress.failed_again),
        (Fate::Ended(Outcome::Pending), progress.pending),
        (Fate::Ended(Outcome::Unknown), progress.unknown),
        (Fate::Sent(Delivery::Uncertain), progress.uncertain),
        (Fate::Sent(Delivery::Rejected), progress.rejected),
        (Fate::Sent(Delivery::Sending), progress.sending),
        (Fate::Sent(Delivery::Planned), progress.planned),
    ]
}

/// Kinds that are told even when there are none of them.
fn always(fate: Fate) -> bool {
    matches!(
        fate,
        Fate::Ended(Outcome::Reprocessed | Outcome::Pending | Outcome::FailedAgain) | Fate::Sent(Delivery::Planned)
    )
}

/// Items that were sent, whether an answer came or not.
fn sent(progress: &Progress) -> u64 {
    progress.confirmed + progress.uncertain
}

/// `1 min 21 s left`, `1 min 21 s left at 25 a second`.
fn left(progress: &Progress) -> Option<String> {
    let seconds = progress.seconds_left.filter(|_| progress.planned > 0)?;
    Some(format!("{} left", number::duration(seconds * 1000.0)))
}

/// Counts and the bar.
#[component]
pub(super) fn Bar(progress: Progress) -> impl IntoView {
    let (sent, items) = (sent(&progress), progress.items);
    let share = |count: u64| format!("{:.2}%", count as f64 * 100.0 / items.max(1) as f64);
    let part = |(fate, count): (Fate, u64)| {
        let (_, level, _) = fate.drawn();
        let class = format!("is-{}", crate::ui::state::tone(level));
        (count > 0 && fate != Fate::Sent(Delivery::Planned))
            .then(|| view! { <i class=class style:width=share(count)></i> })
    };
    let bar = fates(&progress).into_iter().filter_map(part).collect_view();
    let percent = (sent * 100 / items.max(1)).to_string();
    view! {
        <div class="row sent-of"><b>{number::exact(sent)}</b><span class="t3">{format!("of {} sent, {}", number::exact(items), number::percent(sent, items))}</span><span class="push">{left(&progress)}</span></div>
        <div class="progress" role="progressbar" aria-label="Sent" aria-valuemin="0" aria-valuemax="100" aria-valuenow=percent>{bar}</div>
    }
}

/// What became of the items: each kind leads to its items.
#[component]
pub(super) fn Outs(progress: Progress) -> impl IntoView {
    let out = |(fate, count): (Fate, u64)| (count > 0 || always(fate)).then(|| view! { <Out fate count/> });
    // What the word alone does not say, and whoever reads it has to decide about.
    let odd = |(fate, count): (Fate, u64)| {
        let is_odd =
            matches!(fate, Fate::Sent(Delivery::Uncertain | Delivery::Rejected) | Fate::Ended(Outcome::Unknown));
        let meaning = fate.meaning().filter(|_| is_odd && count > 0)?;
        Some(view! { <li><b>{sentence::capital(fate.drawn().2)}</b>{format!(": {meaning}")}</li> })
    };
    view! {
        <ul class="outs">{fates(&progress).into_iter().filter_map(out).collect_view()}</ul>
        <ul class="odd">{fates(&progress).into_iter().filter_map(odd).collect_view()}</ul>
    }
}

#[component]
fn Out(fate: Fate, count: u64) -> impl IntoView {
    let address = use_address();
    let (shape, level, word) = fate.drawn();
    let href = move || of_kind(address, fate);
    view! {
        <li><a href=href title=fate.meaning()><Mark shape level small=true/>{word}<b>{number::exact(count)}</b></a></li>
    }
}

/// The same page with the items of one kind.
fn of_kind(address: Address, fate: Fate) -> String {
    let (name, value) = fate.query();
    let mut query = address.query.get();
    query.keep(|name| !matches!(name, "delivery" | "outcome" | "items"));
    query.set(name, Some(value));
    query.on(&address.path.get())
}

/// Events sent a second; what was asked for, or what is still to come, as a dashed line.
#[component]
pub(super) fn Rates(replay: Replay, asked: Option<f64>) -> impl IntoView {
    if replay.progress.rates.len() < 2 {
        return ().into_any();
    }
    let runs = replay.state == ReplayState::Running;
    let end = replay.ended_at.as_deref().and_then(time::parse).map_or_else(format::now, |at| at.div_euclid(1000));
    let points = rates(&replay.progress, runs, asked, end);
    let now = runs.then(|| format!("{}/s now", number::si(replay.progress.rate)));
    let asked = asked.map(|asked| format!("{}/s asked, the dashed line", number::si(asked)));
    let note = now.into_iter().chain(asked).collect::<Vec<_>>().join(", ");
    view! {
        <div class="subh"><h3>"Rate"</h3><span class="t3 small">{note}</span></div>
        <LineChart points unit="/s" tone="act" label="Events sent a second" words=3/>
    }
    .into_any()
}

/// The rates up to `end` and, while it runs, room for what is to come: at most as much as there was.
fn rates(progress: &Progress, runs: bool, asked: Option<f64>, end: i64) -> Points {
    let (was, step) = (progress.rates.len(), progress.step_seconds.max(0.001));
    let left = progress.seconds_left.filter(|_| runs && progress.planned > 0).unwrap_or(0.0);
    let ahead = ((left / step).ceil() as usize).min(was);
    let moment = |steps: usize| (steps as f64 * step * 1000.0) as i64;
    let now = (ahead > 0).then(|| (was - 1) as f64 / (was + ahead - 1) as f64);
    let goes_on = now.map(|now| (now, progress.rate)).filter(|(_, rate)| *rate > 0.0);
    Points {
        from: end - moment(was),
        to: end + moment(ahead),
        values: progress.rates.iter().copied().map(Some).chain(std::iter::repeat_n(None, ahead)).collect(),
        now,
        level: asked.map(|asked| (0.0, asked)).or(goes_on),
        ..Points::default()
    }
}

/// Why it stands so, with the way to what came back dead and to the cause whose dead letters these were.
#[component]
pub(super) fn Why(replay: Replay) -> impl IntoView {
    let address = use_address();
    let failed = replay.progress.failed_again;
    let dead = (failed > 0).then(|| format!("{} came back dead.", number::count(failed, "event", "events")));
    let why = replay.why.clone().map(|why| sentence::closed(&sentence::capital(&why))).or_else(|| dead.clone())?;
    let (shape, level, _) = match replay.state {
        ReplayState::Running => Fate::Ended(Outcome::FailedAgain).drawn(),
        _ => {
            let (shape, level, _) = super::states::drawn(&replay);
            (shape, level, "")
        }
    };
    let which = dead.map(|_| {
        let href = move || of_kind(address, Fate::Ended(Outcome::FailedAgain));
        view! { " "<a class="link" href=href>"Show which"</a> }
    });
    let cause = replay.fingerprint.clone().map(|cause| {
        let mut query = Query::default();
        query.set("cause", Some(&cause));
        let path = query.on("/dead-letters");
        view! { " "<a class="link" href=move || address.link(&path)>"Open cause"</a> }
    });
    Some(view! { <p class="again"><Mark shape level small=true/><span><Sentence text=why/>{which}{cause}</span></p> })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_counted_once() {
        let progress = Progress {
            items: 45,
            planned: 1,
            sending: 2,
            confirmed: 30,
            uncertain: 4,
            rejected: 8,
            pending: 3,
            reprocessed: 20,
            failed_again: 5,
            unknown: 2,
            seconds_left: Some(81.0),
            ..Progress::default()
        };
        assert_eq!(fates(&progress).iter().map(|(_, count)| count).sum::<u64>(), 45);
        assert_eq!((sent(&progress), left(&progress).as_deref()), (34, Some("1 min 21 s left")));
        assert_eq!(left(&Progress { planned: 0, ..progress }), None);
    }

    #[test]
    fn what_is_to_come_has_room_while_it_runs() {
        let sent = |rates: usize, seconds_left| Progress {
            planned: 1,
            rate: 20.0,
            rates: vec![20.0; rates],
            step_seconds: 2.0,
            seconds_left,
            ..Progress::default()
        };
        let points = rates(&sent(11, Some(20.0)), true, None, 100_000);
        assert_eq!((points.from, points.to, points.values.len()), (78_000, 120_000, 21));
        assert_eq!((points.now, points.level), (Some(0.5), Some((0.5, 20.0))));
        assert_eq!(rates(&sent(5, Some(9000.0)), true, Some(25.0), 0).values.len(), 10);
        let over = rates(&sent(5, None), false, Some(25.0), 0);
        assert_eq!((over.to, over.now, over.level), (0, None, Some((0.0, 25.0))));
    }
}
