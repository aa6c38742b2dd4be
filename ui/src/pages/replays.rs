//! Replays: events put back, planned, watched, and what became of each. This file owns what is asked and when; which
//! replay is open stands in the path, which of its items are shown in the query.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;
use tapline_api::{Replay, ReplayDetail, ReplayList, ReplayState};

use crate::{
    api::load::{Load, use_load},
    keyboard::{Command, use_commands},
    react::memo,
    state::{
        refresh::{every, use_beat},
        url::{Query, behind, replay_path, use_address},
    },
    ui::{Answer, Loaded, skeleton::Skeleton},
};

mod acts;
mod audit;
mod course;
mod empty;
mod go;
mod items;
mod list;
mod opened;
mod plan;
mod states;
mod warnings;
mod what;
mod words;

use acts::Acts;

/// How often what runs is asked for.
const EVERY: Duration = Duration::from_secs(1);

/// The page.
#[component]
pub(crate) fn Replays() -> impl IntoView {
    let (address, beat) = (use_address(), use_beat());
    let cursor = address.get("cursor");
    let list = use_load::<ReplayList>(move || {
        beat.follow();
        let mut query = Query::default();
        query.set("cursor", cursor.get().as_deref());
        Some(query.on("/api/v1/replays"))
    });
    let named = memo(move || address.path.with(|path| behind(path, "/replays/")));
    let chosen = memo(move || named.get().or_else(|| list.data.with(|list| first(&list.as_ref()?.replays))));
    let detail = use_load::<ReplayDetail>(move || {
        beat.follow();
        chosen.with(|id| id.as_deref().map(acts::call))
    });
    let acts = Acts::new(detail, list);
    every(EVERY, move || {
        let idle = !list.loading.get_untracked() && !detail.loading.get_untracked();
        if idle && is_alive(list, detail) {
            list.retry();
            detail.retry();
        }
    });
    use_commands(move |command| {
        let next =
            list.data.with_untracked(|list| neighbour(&list.as_ref()?.replays, &chosen.get_untracked()?, command));
        next.as_deref().map(|id| address.go(&address.link(&replay_path(id)))).is_some()
    });
    let (headline, sub) = answer(named, list, detail);
    // What stands beneath a headline comes with it: a long one would push it down.
    let seen = memo(move || match named.with(Option::is_some) {
        true => detail.has_ended().then_some(true),
        false => list.data.with(|list| Some(!list.as_ref()?.replays.is_empty())),
    });
    let content = move || match seen.get() {
        Some(false) => view! { <empty::Nothing/> }.into_any(),
        None if list.failure.with(Option::is_none) => {
            view! { <section class="panel"><Skeleton widths=&[40, 88, 72, 80]/></section> }.into_any()
        }
        _ => view! { <Filled chosen acts/> }.into_any(),
    };
    view! { <div class="page replays"><Answer headline detail=sub/>{content}</div> }
}

/// Headline and what stands beneath it: of the replay that the address names, else of all of them.
fn answer(
    named: Memo<Option<String>>,
    list: Load<ReplayList>,
    detail: Load<ReplayDetail>,
) -> (Signal<String>, Signal<String>) {
    // One that is not there has none; until another one's answer has come, that of the one before stays.
    let said = memo(move || match named.with(Option::is_some) && detail.trouble().is_none() {
        true => detail.data.with(|it| it.as_ref().map(|it| (it.headline.clone(), it.headline_detail.clone()))),
        false => list.data.with(|list| list.as_ref().map(|list| (list.sentence.clone(), list.detail.clone()))),
    });
    let first = ("Looking for events that were put back.", "Plans, what runs, and what became of each event.");
    let headline = move || said.with(|said| said.as_ref().map_or_else(|| first.0.to_owned(), |(it, _)| it.clone()));
    let sub = move || {
        said.with(|said| {
            said.as_ref().map_or_else(|| first.1.to_owned(), |(_, detail)| detail.clone().unwrap_or_default())
        })
    };
    (Signal::derive(headline), Signal::derive(sub))
}

#[component]
fn Filled(chosen: Memo<Option<String>>, acts: Acts) -> impl IntoView {
    let list = acts.list;
    let beside = memo(move || {
        list.data.with(|list| {
            let other = |it: &&Replay| it.state == ReplayState::Running && Some(&it.id) != chosen.get().as_ref();
            list.as_ref()?.replays.iter().find(other).cloned()
        })
    });
    let show = move |list: Arc<ReplayList>| view! { <list::List list chosen/> };
    // One that runs stands above the list: both come at once, so that nothing moves.
    let listed = memo(move || list.has_ended());
    let right = move || {
        match listed.get() {
        true => view! {
            {move || beside.get().map(|replay| view! { <list::Beside replay acts/> })}
            <section class="panel"><div class="head"><h2>"Replays"</h2><span class="t3">"newest first"</span></div><Loaded load=list what="The replays" show/></section>
            <audit::Audit acts/>
        }
        .into_any(),
        false => view! { <div class="panel"><Skeleton widths=&[64, 88, 72, 80]/></div> }.into_any(),
    }
    };
    view! {
        <div class="rgrid">
            <div class="grid rs">{move || chosen.get().map(|id| view! { <opened::Opened id acts/> })}</div>
            <div class="grid rs">{right}</div>
        </div>
    }
}

/// The one that is opened where the address names none: the newest that is not over, else the newest.
fn first(replays: &[Replay]) -> Option<String> {
    let open = replays.iter().find(|replay| !replay.state.is_over());
    open.or(replays.first()).map(|replay| replay.id.clone())
}

/// The replay that `j` and `k` lead to.
fn neighbour(replays: &[Replay], chosen: &str, command: Command) -> Option<String> {
    let at = replays.iter().position(|replay| replay.id == chosen)?;
    let to = match command {
        Command::Down => at + 1,
        Command::Up => at.checked_sub(1)?,
        _ => return None,
    };
    replays.get(to).map(|replay| replay.id.clone())
}

/// Whether anything moves: something runs, or what became of the opened one's items is not known yet.
fn is_alive(list: Load<ReplayList>, detail: Load<ReplayDetail>) -> bool {
    let runs = |replay: &Replay| replay.state == ReplayState::Running;
    list.data.with_untracked(|list| list.iter().any(|list| list.replays.iter().any(runs)))
        || detail.data.with_untracked(|detail| detail.iter().any(|it| is_open(&it.replay)))
}

/// Whether something can still become of its items without anybody's doing.
fn is_open(replay: &Replay) -> bool {
    replay.state == ReplayState::Running || replay.progress.sending + replay.progress.pending > 0
}

#[cfg(test)]
mod tests {
    use tapline_api::Progress;

    use super::*;

    fn replay(id: &str, state: ReplayState) -> Replay {
        Replay {
            id: id.to_owned(),
            state,
            why: None,
            sentence: String::new(),
            who: String::new(),
            reason: String::new(),
            fingerprint: None,
            planned_at: String::new(),
            started_at: None,
            ended_at: None,
            progress: Progress::default(),
        }
    }

    #[test]
    fn the_newest_that_is_not_over_is_opened() {
        let all =
            [replay("r-4", ReplayState::Done), replay("r-3", ReplayState::Paused), replay("r-2", ReplayState::Running)];
        assert_eq!(first(&all).as_deref(), Some("r-3"));
        assert_eq!(first(&all[..1]).as_deref(), Some("r-4"));
        assert_eq!(first(&[]), None);
    }

    #[test]
    fn keys_walk_the_list_and_stop_at_its_ends() {
        let all = [replay("r-2", ReplayState::Done), replay("r-1", ReplayState::Done)];
        assert_eq!(neighbour(&all, "r-2", Command::Down).as_deref(), Some("r-1"));
        assert_eq!(neighbour(&all, "r-1", Command::Up).as_deref(), Some("r-2"));
        assert_eq!((neighbour(&all, "r-1", Command::Down), neighbour(&all, "r-2", Command::Up)), (None, None));
        assert_eq!(neighbour(&all, "r-2", Command::Open), None);
    }

    #[test]
    fn what_waits_for_its_outcome_is_asked_for_again() {
        let with = |pending| Replay {
            progress: Progress { pending, ..Progress::default() },
            ..replay("r", ReplayState::Done)
        };
        assert!(is_open(&with(1)) && !is_open(&with(0)));
        assert!(is_open(&replay("r", ReplayState::Running)) && !is_open(&replay("r", ReplayState::Planned)));
    }
}
