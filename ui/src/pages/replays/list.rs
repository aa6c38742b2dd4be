//! All replays, newest first, and the one that runs, to be held from wherever one is.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Replay, ReplayAct, ReplayList, ReplayState};

use super::{acts::Acts, course::Bar, states::drawn};
use crate::{
    format::{self, number, time},
    state::{
        time_range::use_zone,
        url::{replay_path, use_address},
    },
    ui::{Button, Ico, Icon, IconButton, Mark, Sentence},
};

/// The table.
#[component]
pub(super) fn List(list: Arc<ReplayList>, chosen: Memo<Option<String>>) -> impl IntoView {
    let address = use_address();
    let row = |replay: &Replay| view! { <Row replay=replay.clone() chosen/> };
    let more = list.next.clone().map(|next| {
        let more = move |_| address.push(|query| query.set("cursor", Some(&next)));
        view! { <p class="pad"><button type="button" class="link plain small" on:click=more>"Older replays"</button></p> }
    });
    view! {
        <table class="table small fixed replay-list">
            <thead><tr><th class="r-id">"Replay"</th><th>"State"</th><th class="r-n num">"Sent"</th><th class="r-n num">"Failed"</th><th class="r-at num" aria-sort="descending">"Planned"<Ico icon=Icon::Down/></th></tr></thead>
            <tbody>{list.replays.iter().map(row).collect_view()}</tbody>
        </table>
        {more}
    }
}

#[component]
fn Row(replay: Replay, chosen: Memo<Option<String>>) -> impl IntoView {
    let (address, zone, now) = (use_address(), use_zone(), format::now());
    let id = replay.id.clone();
    let selected = Signal::derive(move || chosen.with(|chosen| chosen.as_deref() == Some(id.as_str())));
    let (shape, level, words) = drawn(&replay);
    // The first word of it has room; the reason stands where it is opened, how many failed beside it.
    let word = match replay.state {
        ReplayState::Stopped => "Stopped".to_owned(),
        ReplayState::Done => "Done".to_owned(),
        _ => words,
    };
    let path = replay_path(&replay.id);
    let at = time::parse(&replay.planned_at);
    let title = move || at.map(|at| time::full(at, zone.get()));
    let (open, progress) = (path.clone(), &replay.progress);
    let gone = progress.failed_again + progress.rejected;
    let failed = if gone > 0 { "num bad" } else { "num t3" };
    view! {
        <tr aria-selected=move || selected.get().to_string() title=format::sentence::plain(&replay.sentence) on:click=move |_| address.go(&address.link(&open))>
            <td><a class="id" href=move || address.link(&path) on:click=|event| event.stop_propagation()>{replay.id.clone()}</a></td>
            <td><span class="stt"><Mark shape level small=true/><span class="cut">{word}</span></span></td>
            <td class="num">{number::short(progress.confirmed)}</td>
            <td class=failed>{number::short(gone)}</td>
            <td class="num t2" title=title>{move || at.map(|at| time::short(at.div_euclid(1000), now, zone.get()))}</td>
        </tr>
    }
}

/// A replay that runs while another one is open.
#[component]
pub(super) fn Beside(replay: Replay, acts: Acts) -> impl IntoView {
    let address = use_address();
    let id = StoredValue::new(replay.id.clone());
    let path = replay_path(&replay.id);
    let (shape, level, word) = drawn(&replay);
    let runs = replay.state == ReplayState::Running;
    let named = format!("{} {word}", replay.id);
    let (act, label, icon) = if runs { ("pause", "Pause", Icon::Pause) } else { ("resume", "Resume", Icon::Play) };
    let press = move |what: &'static str| move |_| id.with_value(|id| acts.press(id, what, ReplayAct::default()));
    view! {
        <section class="panel" aria-label=named>
            <div class="head"><h2><a href=move || address.link(&path)>{replay.id.clone()}</a></h2><span class="stt small"><Mark shape level small=true/>{word}</span>
                <span class="end"><Button text=label icon small=true disabled=acts.busy on_press=press(act)/><IconButton icon=Icon::Stop label="Cancel" small=true disabled=acts.busy on_press=press("cancel")/></span></div>
            <p class="sentence small"><Sentence text=replay.sentence.clone()/></p>
            <div class="prog"><Bar progress=replay.progress/></div>
        </section>
    }
}
