//! Consumers: who is behind, and will it recover. The groups, worst first; the opened one beside them: how it stands, the
//! event on which it stands still, how it went and where that leads, partition by partition. This file owns what is asked
//! and when; which group is open stands in the address.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Group, GroupDetail, GroupList};

use crate::{
    api::load::{Load, use_load},
    keyboard::{Command, use_commands},
    react::memo,
    state::{
        refresh::use_beat,
        time_range::{TimeRange, use_time_range},
        url::{Query, segment, use_address},
    },
    ui::{Answer, Loaded, Trouble, skeleton::Skeleton},
};

mod course;
mod findings;
mod heat;
mod list;
mod members;
mod nothing;
mod opened;
mod problems;
mod stats;
mod words;

/// A group by source and name.
type Key = (String, String);

/// The page.
#[component]
pub(crate) fn Consumers() -> impl IntoView {
    let (beat, range) = (use_beat(), use_time_range());
    let list = use_load::<GroupList>(move || {
        beat.follow();
        Some("/api/v1/groups".to_owned())
    });
    let chosen = chosen(list);
    let detail = use_load::<GroupDetail>(move || {
        beat.follow();
        let range = range.get();
        chosen.get().map(|key| path(&key, range))
    });
    use_commands(move |command| step(list, chosen, command));
    let text = move |waiting: &'static str, of: fn(&GroupList) -> String| {
        Signal::derive(move || list.data.with(|list| list.as_deref().map_or_else(|| waiting.to_owned(), of)))
    };
    let headline = text("Asking brokers for their groups.", |list| list.sentence.clone());
    let sub = text("Who reads, how far, and since when.", |list| list.detail.clone().unwrap_or_default());
    let failed = move || {
        list.trouble().map(|failure| view! { <section class="panel"><Trouble failure what="The groups" on_retry=move || list.retry()/></section> })
    };
    let any = memo(move || list.data.with(|list| list.as_ref().map(|list| !list.groups.is_empty())));
    let problems =
        memo(move || list.data.with(|list| list.as_ref().map(|list| list.problems.clone()).unwrap_or_default()));
    let content = move || match any.get() {
        Some(true) => view! {
            <div class="cgrid">
                <section class="panel groups-panel" aria-label="Groups"><list::Groups list chosen/></section>
                <Opened chosen detail/>
            </div>
        }
        .into_any(),
        Some(false) => view! { <nothing::Nothing/> }.into_any(),
        None if list.failure.with(Option::is_some) => ().into_any(),
        None => view! { <section class="panel"><Skeleton widths=&[40, 88, 72, 80]/></section> }.into_any(),
    };
    view! {
        <div class="page consumers">
            <Answer headline detail=sub/>
            {failed}
            {move || problems::problems(problems.get())}
            {content}
        </div>
    }
}

#[component]
fn Opened(chosen: Memo<Option<Key>>, detail: Load<GroupDetail>) -> impl IntoView {
    // The answer of the group before stays until this one's is there; it must not stand under its name.
    let show = move |detail: Arc<GroupDetail>| {
        let is_this = chosen.with(|chosen| chosen.as_ref().is_some_and(|key| is(&detail.group, key)));
        is_this.then(|| view! { <opened::Opened detail/> })
    };
    view! {
        <section class="panel opened" aria-label="Opened group">
            <Loaded load=detail what="This group" skeleton=ViewFn::from(|| view! { <Skeleton widths=&[40, 88, 72, 80, 64, 92]/> }) show/>
        </section>
    }
}

fn is(group: &Group, (source, name): &Key) -> bool {
    group.source == *source && group.name == *name
}

fn key(group: &Group) -> Key {
    (group.source.clone(), group.name.clone())
}

fn path((source, name): &Key, range: TimeRange) -> String {
    let mut query = Query::default();
    range.write(&mut query);
    query.on(&format!("/api/v1/groups/{}/{}", segment(source), segment(name)))
}

/// The group that the address names, else the worst.
fn chosen(list: Load<GroupList>) -> Memo<Option<Key>> {
    let address = use_address();
    let (source, name) = (address.get("source"), address.get("group"));
    memo(move || {
        let named = source.get().zip(name.get());
        named.or_else(|| list.data.with(|list| list.as_ref()?.groups.first().map(key)))
    })
}

/// `j` and `k` walk through the groups.
fn step(list: Load<GroupList>, chosen: Memo<Option<Key>>, command: Command) -> bool {
    let forward = match command {
        Command::Down => true,
        Command::Up => false,
        _ => return false,
    };
    let next = list.data.with_untracked(|list| {
        let groups = &list.as_ref()?.groups;
        let chosen = chosen.get_untracked()?;
        let at = groups.iter().position(|group| is(group, &chosen))?;
        let to = if forward { at + 1 } else { at.checked_sub(1)? };
        groups.get(to).map(key)
    });
    next.as_ref().map(open).is_some()
}

/// Opens a group beside the list.
fn open((source, name): &Key) {
    use_address().push(|query| {
        query.set("source", Some(source));
        query.set("group", Some(name));
    });
}
