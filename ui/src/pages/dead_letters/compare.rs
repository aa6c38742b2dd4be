//! One dead letter beside the event that failed, or beside one that passed: payload and headers line by line.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;
use tapline_api::{Apart, Chain, EventDetail};

use super::{
    sides::{Line, Mark, sides},
    stack::Stack,
    tries::Tries,
};
use crate::{
    api::load::{Load, use_load},
    drawer,
    format::{address::readable, bytes},
    react::memo,
    state::{
        refresh::every,
        url::{chain_path, event_path, segment, use_address},
    },
    ui::{Copy, Ico, Icon, Loaded, Segments, Sentence},
};

/// How often what is not there yet is asked for.
const EVERY: Duration = Duration::from_secs(3);

/// The comparison.
#[component]
pub(super) fn Compare(member: Memo<String>, apart: Load<Apart>) -> impl IntoView {
    let address = use_address();
    let beside = address.get("beside");
    let chosen = Signal::derive(move || beside.get().unwrap_or_else(|| "original".to_owned()));
    let choose =
        move |with: &'static str| address.replace(|query| query.set("beside", (with != "original").then_some(with)));
    let dead = use_load::<EventDetail>(move || Some(event_path(&member.get())));
    let other = use_load::<EventDetail>(move || {
        let origin = || dead.data.with(|dead| dead.as_ref()?.dead_letter.as_ref()?.origin.clone());
        let example = || apart.data.with(|apart| apart.as_ref()?.example.clone());
        let to = if chosen.with(|chosen| chosen == "passed") { example() } else { origin() };
        to.map(|to| event_path(&to))
    });
    come(other);
    let missing = memo(move || other.failure.with(Option::is_some));
    let story = use_load::<Chain>(move || {
        // What was missing is missing in the story too.
        missing.track();
        Some(format!("/api/v1/chains/{}", segment(&member.get())))
    });
    let same = RwSignal::new(String::new());
    let title =
        move || dead.data.with(|dead| dead.as_ref().and_then(|dead| dead.summary.key.as_ref().map(bytes::line)));
    let chain = move || address.link(&chain_path(&member.get()));
    let show = move |dead: Arc<EventDetail>| view! { <Beside dead other chosen apart story same/> };
    view! {
        <div class="compare">
            <div class="subh">
                <h3><button type="button" class="plain id" on:click=move |_| drawer::open(address, Some(&member.get_untracked()))>{move || title().unwrap_or_else(|| readable(&member.get()))}</button></h3>
                <span class="same small t3">{same}</span>
                <span class="push row">
                    <Segments label="Compare with" mini=true choices=&[("original", "Original"), ("passed", "One that passed")] chosen on_choose=choose/>
                    <a class="btn btn-quiet btn-s" href=chain><Ico icon=Icon::Chain/>"Open chain"</a>
                </span>
            </div>
            <Loaded load=dead what="This dead letter" show/>
        </div>
    }
}

/// Taps read topics each at its own pace: the event that failed may come after the dead letter that names it.
fn come(other: Load<EventDetail>) {
    every(EVERY, move || {
        if other.failure.with_untracked(Option::is_some) && !other.loading.get_untracked() {
            other.retry();
        }
    });
}

#[component]
fn Beside(
    dead: Arc<EventDetail>,
    other: Load<EventDetail>,
    chosen: Signal<String>,
    apart: Load<Apart>,
    story: Load<Chain>,
    same: RwSignal<String>,
) -> impl IntoView {
    let stack = dead.dead_letter.as_ref().and_then(|dead| dead.stack.clone());
    let address = dead.summary.address.clone();
    let tries = move || story.data.get().map(|chain| view! { <Tries chain dead=address.clone()/> });
    // What stands above the stack trace must not push it away once it is read.
    let ended = memo(move || story.has_ended());
    let stack = move || ended.get().then(|| stack.clone().map(|stack| view! { <Stack stack/> }));
    let drawn = move || {
        let beside = other.data.get();
        let telling = apart.data.with(|apart| apart.as_ref().map(|apart| paths(apart)).unwrap_or_default());
        let sides = sides(&dead, beside.as_deref(), &telling);
        same.set(sides.same.clone());
        let title = if chosen.with(|chosen| chosen == "passed") { "One that passed" } else { "Original" };
        let right = match (&beside, other.trouble()) {
            (Some(beside), _) => view! { <Side title address=beside.summary.address.clone() payload=sides.right headers=sides.right_headers/> }.into_any(),
            (None, Some(failure)) => view! { <div class="side"><div class="sh"><b>{title}</b></div><p class="small t2"><Sentence text=failure.detail/></p></div> }.into_any(),
            (None, None) => view! { <div class="side"><div class="sh"><b>{title}</b></div><p class="small t3">{nothing(chosen)}</p></div> }.into_any(),
        };
        view! {
            <div class="cmp"><Side title="Dead letter" address=dead.summary.address.clone() payload=sides.left headers=sides.left_headers/>{right}</div>
        }
    };
    view! { {drawn} {tries} {stack} }
}

fn nothing(chosen: Signal<String>) -> &'static str {
    if chosen.with(|chosen| chosen == "passed") {
        "No event of the same type passed about that time."
    } else {
        "The headers do not say which event failed."
    }
}

/// Fields that set the cause apart.
fn paths(apart: &Apart) -> Vec<String> {
    apart.facts.iter().filter(|fact| fact.part == "payload").map(|fact| fact.name.clone()).collect()
}

/// Headers drawn; those of the frameworks fill pages.
const HEADERS: usize = 14;

#[component]
fn Side(title: &'static str, address: String, payload: Vec<Line>, headers: Vec<Line>) -> impl IntoView {
    let page = use_address();
    let (opened, copied) = (address.clone(), Signal::stored(address.clone()));
    let count = headers.iter().filter(|line| line.mark != Mark::Gap).count();
    let rest = headers.get(HEADERS..).unwrap_or_default().iter().filter(|line| line.mark != Mark::Gap).count();
    let more = (rest > 0).then(|| view! { <div class="c">{format!("and {rest} more")}</div> });
    view! {
        <div class="side">
            <div class="sh"><b>{title}</b>
                <button type="button" class="plain id cut" title=address.clone() on:click=move |_| drawer::open(page, Some(&opened))>{readable(&address)}</button>
                <Copy text=copied label="Copy address"/></div>
            <div class="tree">{payload.into_iter().map(line).collect_view()}</div>
            <div class="hd2">"Headers "<span class="t3">{count}</span></div>
            <div class="tree">{headers.into_iter().take(HEADERS).map(line).collect_view()}{more}</div>
        </div>
    }
}

fn line(line: Line) -> impl IntoView {
    let class = match line.mark {
        Mark::Same => "",
        Mark::Differs => "hit",
        Mark::Added => "add",
        Mark::Gap => "gapd",
    };
    let (title, value) = (line.value.clone(), line.value);
    let name = line.name.map(|name| view! { <span class="k">{name}</span>": " });
    view! { <div class=class style=("--d", line.depth.to_string()) title=title>{name}<span class=line.class>{value}</span></div> }
}
