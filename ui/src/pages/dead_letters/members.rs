//! The members of a cause and the one that is compared: the list at the left, its event beside another at the right.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Apart, Cause, DeadLetterMember, MemberPage};

use super::compare::Compare;
use crate::{
    api::load::{Load, use_load},
    format::{bytes, id, number, time},
    state::{time_range::use_zone, url::use_address},
    ui::{Loaded, rows::Rows},
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
    let member = Memo::new(move |_| named.get().unwrap_or_else(|| newest.clone()));
    let show = move |page: Arc<MemberPage>| view! { <Members page member/> };
    view! {
        <div class="work">
            <div class="members">
                <div class="subh"><h3>"Members"</h3><span class="t3 small">{move || number::exact(count())}", newest first"</span></div>
                <Loaded load what="The members" show/>
            </div>
            <Compare member apart/>
        </div>
    }
}

#[component]
fn Members(page: Arc<MemberPage>, member: Memo<String>) -> impl IntoView {
    let (shown, keyed) = (page.members.len(), Arc::clone(&page));
    let rest = (page.next.is_some()).then(|| {
        view! { <div class="mf t3 small">{format!("the newest {}; SQL lists all", number::exact(shown as u64))}</div> }
    });
    view! {
        <div class="scroll mem-box"><table class="table fixed mem">
            <thead><tr><th>"Event"</th><th class="m-type">"Type"</th><th class="m-at num">"Died"</th></tr></thead>
            <Rows count=Signal::derive(move || shown) key=move |index| keyed.members.get(index).map(|it| it.address.clone()).unwrap_or_default()
                row=move |index| page.members.get(index).map(|it| view! { <Row it=it.clone() member/> })/>
        </table></div>
        {rest}
    }
}

#[component]
fn Row(it: DeadLetterMember, member: Memo<String>) -> impl IntoView {
    let (address, zone, now) = (use_address(), use_zone(), crate::format::now());
    let (mine, opened) = (it.address.clone(), it.address.clone());
    let selected = Memo::new(move |_| member.with(|member| *member == mine));
    let open = move |_| address.replace(|query| query.set("member", Some(&opened)));
    let at = it.timestamp.as_deref().and_then(time::parse);
    let title = move || at.map(|at| time::full(at, zone.get()));
    let kind = it.event_type.clone().unwrap_or_default();
    view! {
        <tr aria-selected=move || selected.get().to_string() on:click=open>
            <td title=it.address.clone()><button type="button" class="plain id cut">{name(&it)}</button></td>
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
