//! The members of a cause and the one that is compared: the list at the left, its event beside another at the right.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Apart, Cause, DeadLetterMember, MemberPage};

use super::{
    compare::Compare,
    walk::{Part, Walk},
};
use crate::{
    api::load::{Load, use_load},
    format::{bytes, id, number, time},
    planning::use_planning,
    react::memo,
    state::{time_range::use_zone, url::use_address},
    ui::{Button, Icon, Loaded, Look, rows::Rows},
};

/// Members of one page.
const MEMBERS: usize = 1_000;

/// Members and comparison.
#[component]
pub(super) fn Work(cause: String, known: Memo<Option<Cause>>, apart: Load<Apart>) -> impl IntoView {
    let address = use_address();
    // The one that was newest when the cause was opened: what is read does not slip away.
    let newest = known.with_untracked(|known| known.as_ref().map(|it| it.newest.clone()).unwrap_or_default());
    let count = move || known.with(|known| known.as_ref().map_or(0, |it| it.count));
    let load = use_load::<MemberPage>(move || Some(super::path(&cause, &format!("/members?limit={MEMBERS}"))));
    let named = address.get("member");
    let member = memo(move || named.get().unwrap_or_else(|| newest.clone()));
    let picked = RwSignal::new(Vec::<String>::new());
    let show = move |page: Arc<MemberPage>| view! { <Members page member picked/> };
    view! {
        <div class="work">
            <div class="members">
                <div class="subh"><h3>"Members"</h3><span class="t3 small">{move || said(picked.with(Vec::len), count())}</span></div>
                <Loaded load what="The members" show/>
                <Picked picked/>
            </div>
            <Compare member apart/>
        </div>
    }
}

/// `1,284, newest first`, or how many of them are picked.
fn said(picked: usize, count: u64) -> String {
    match picked {
        0 => format!("{}, newest first", number::exact(count)),
        picked => format!("{} of {} picked", number::exact(picked as u64), number::exact(count)),
    }
}

/// What can be done with those that are picked.
#[component]
fn Picked(picked: RwSignal<Vec<String>>) -> impl IntoView {
    let planning = use_planning();
    let plan = move |_| {
        let addresses = picked.get_untracked();
        let what = format!("{}, picked by hand.", number::count(addresses.len() as u64, "dead letter", "dead letters"));
        planning.ask_events(addresses, what);
    };
    let some = memo(move || picked.with(|picked| !picked.is_empty()));
    move || {
        some.get().then(|| {
            let text = move || format!("Plan replay of {}", number::exact(picked.with(Vec::len) as u64));
            view! {
                <div class="mf row"><Button text=TextProp::from(text) icon=Icon::Replay small=true on_press=plan/>
                    <Button text="None" look=Look::Quiet small=true on_press=move |_| picked.set(Vec::new())/></div>
            }
        })
    }
}

#[component]
fn Members(page: Arc<MemberPage>, member: Memo<String>, picked: RwSignal<Vec<String>>) -> impl IntoView {
    let (shown, keyed, whole) = (page.members.len(), Arc::clone(&page), Arc::clone(&page));
    let walk =
        Walk::new(shown, page.members.iter().position(|it| member.with_untracked(|member| *member == it.address)));
    let all = Signal::derive(move || picked.with(|picked| picked.len() == shown && shown > 0));
    let pick_all = move |event| {
        let on = event_target_checked(&event);
        picked.set(whole.members.iter().filter(|_| on).map(|it| it.address.clone()).collect());
    };
    let rest = (page.next.is_some()).then(|| {
        view! { <div class="mf t3 small">{format!("the newest {}; SQL lists all", number::exact(shown as u64))}</div> }
    });
    view! {
        <div class="scroll mem-box" node_ref=walk.list on:keydown=move |event| walk.hear(&event)><table class="table fixed mem">
            <thead><tr><th class="m-pick"><input type="checkbox" class="check" aria-label="Pick all" prop:checked=all on:change=pick_all/></th><th>"Event"</th><th class="m-type">"Type"</th><th class="m-at num">"Died"</th></tr></thead>
            <Rows count=Signal::derive(move || shown) key=move |index| keyed.members.get(index).map(|it| it.address.clone()).unwrap_or_default()
                row=move |index| page.members.get(index).map(|it| view! { <Row it=it.clone() member picked walk index/> }) on_view=Callback::new(move |rows| walk.drawn.set(rows))/>
        </table></div>
        {rest}
    }
}

#[component]
fn Row(
    it: DeadLetterMember,
    member: Memo<String>,
    picked: RwSignal<Vec<String>>,
    walk: Walk,
    index: usize,
) -> impl IntoView {
    let (address, zone, now) = (use_address(), use_zone(), crate::format::now());
    let (mine, opened) = (it.address.clone(), it.address.clone());
    let selected = memo(move || member.with(|member| *member == mine));
    let open = move |_| address.replace(|query| query.set("member", Some(&opened)));
    let (own, set) = (it.address.clone(), it.address.clone());
    let is_picked = Signal::derive(move || picked.with(|picked| picked.contains(&own)));
    let pick = move |event| {
        picked.update(|picked| {
            picked.retain(|other| *other != set);
            if event_target_checked(&event) {
                picked.push(set.clone());
            }
        });
    };
    let label = format!("Pick {}", name(&it));
    let at = it.timestamp.as_deref().and_then(time::parse);
    let title = move || at.map(|at| time::full(at, zone.get()));
    let kind = it.event_type.clone().unwrap_or_default();
    view! {
        <tr aria-selected=move || selected.get().to_string() data-row=index.to_string() on:click=open>
            <td on:click=|event| event.stop_propagation()><input type="checkbox" class="check" aria-label=label tabindex=walk.stop(index, Part::Pick) prop:checked=is_picked
                on:focus=move |_| walk.at.set((index, Part::Pick)) on:change=pick/></td>
            <td title=it.address.clone()><button type="button" class="plain id cut" tabindex=walk.stop(index, Part::Event) on:focus=move |_| walk.at.set((index, Part::Event))>{name(&it)}</button></td>
            <td class="t2 cut" title=kind.clone()>{id::last_words(&kind, 12).to_owned()}</td>
            <td class="num t2" title=title>{move || at.map(|at| time::row(at.div_euclid(1000), now, zone.get()))}</td>
        </tr>
    }
}

/// The key as people know it, else where it stands.
fn name(it: &DeadLetterMember) -> String {
    let key = it.key.as_ref().map(bytes::line).filter(|key| !key.is_empty());
    key.unwrap_or_else(|| {
        it.address.split_once('/').map_or(it.address.clone(), |(_, rest)| crate::format::address::readable(rest))
    })
}
