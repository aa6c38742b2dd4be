//! The members as a table: any length, sorted by time in either direction.

use std::sync::Arc;

use leptos::{html, prelude::*};
use tapline_api::{Level, Member};

use super::{
    drawing::lasting,
    items::{member_holds, place, type_of},
    picture::{Drawn, Picture},
    selection::{Selection, keep_in_view},
    words,
};
use crate::{
    format::{id::last_words, number, time},
    order::sort_by_key,
    react::{effect, memo},
    state::{hues::use_hues, time_range::use_zone, url::use_address},
    ui::{Ico, Icon, Mark, Shape, rows::Rows},
};

/// Height of a row in pixels.
const ROW: f64 = 28.0;
/// Characters of a type's name.
const TYPE: usize = 20;

/// The view.
#[component]
pub(crate) fn Table(picture: Drawn, selection: Selection) -> impl IntoView {
    let address = use_address();
    let newest = memo(move || address.query.with(|query| query.get("sort") == Some("newest")));
    let order = memo(move || picture.now.with(|now| order(&now.0, &picture.find.get(), newest.get())));
    effect(move || selection.order.set(order.get()));
    let panel = NodeRef::<html::Section>::new();
    // Below the heads of the columns.
    keep_in_view(panel, selection, move |member| {
        let row = order.with_untracked(|order| order.iter().position(|other| *other == member));
        row.map(|row| (row + 1) as f64 * ROW)
    });
    let sort = move |_| {
        let sort = (!newest.get_untracked()).then_some("newest");
        address.replace(|query| query.set("sort", sort));
    };
    let member = move |index: usize| order.with_untracked(|order| order.get(index).copied());
    let key = move |index: usize| {
        picture.now.with(|now| format!("{} {:?}", now.0.version, order.with(|order| order.get(index).copied())))
    };
    let draw = move |index: usize| {
        member(index).map(|member| picture.now.with_untracked(|now| row(&now.0, member, selection)))
    };
    let icon = move || if newest.get() { Icon::Down } else { Icon::Up };
    let none =
        move || order.with(Vec::is_empty).then(|| view! { <p class="pad t2 small">"No member holds this text."</p> });
    view! {
        <section class="panel table-view" node_ref=panel>
            <table class="table fixed">
                <thead><tr>
                    <th class="c-time" aria-sort=move || if newest.get() { "descending" } else { "ascending" }>
                        <button type="button" class="sort" on:click=sort>"Time"{move || view! { <Ico icon=icon()/> }}</button>
                    </th>
                    <th class="c-since num">"Since begin"</th>
                    <th class="c-type">"Type"</th>
                    <th class="c-dest">"Destination"</th>
                    <th class="c-place">"Position"</th>
                    <th class="c-svc">"Service"</th>
                    <th class="c-state">"State"</th>
                    <th class="c-edge">"Follows from"</th>
                    <th class="c-size num">"Size"</th>
                </tr></thead>
                <Rows count=Signal::derive(move || order.with(Vec::len)) height=ROW key row=draw/>
            </table>
            {none}
        </section>
    }
}

/// Places in the list of members, by time.
fn order(picture: &Picture, find: &str, newest: bool) -> Vec<usize> {
    let find = find.trim().to_lowercase();
    let members = picture.story.members();
    let mut order: Vec<usize> =
        (0..members.len()).filter(|index| find.is_empty() || member_holds(&members[*index], &find)).collect();
    sort_by_key(&mut order, |index| (picture.story.at[*index], *index));
    if newest {
        order.reverse();
    }
    order
}

fn row(picture: &Picture, index: usize, selection: Selection) -> impl IntoView + use<> {
    let (zone, hues, story) = (use_zone(), use_hues(), Arc::clone(&picture.story));
    let member = &story.members()[index];
    let (at, since) = (story.at[index], story.at[index] - story.start);
    let known = member.timestamp.is_some();
    let clock = move || if known { time::milli(at.div_euclid(1000), zone.get()) } else { "no time".to_owned() };
    // Copies carry the headers of who wrote the original: who wrote them is known by their step, or not at all.
    let copy = member.retry.is_some() || member.dead_letter.is_some();
    let step = picture.between.by[index].map(|step| &picture.between.steps[step].service);
    let service = step
        .or(member.service.as_ref().filter(|_| !copy))
        .map(|service| view! { <span class=format!("svc {}", hues.class(service)) title=service.clone()><span class="cut">{service.clone()}</span></span> });
    let because = story.cause(index).map(|link| {
        let from = &story.members()[link.from];
        let name = type_of(from);
        let because = format!("{}, {}", last_words(&name, TYPE), words::rule(story.rule(link)));
        (because, format!("{name}, {}", words::confidence(story.confidence(link))))
    });
    let (because, sure) = because.unwrap_or_default();
    view! {
        <tr aria-selected=move || (selection.member.get() == Some(index)).to_string() on:click=move |_| selection.open(index)>
            <td class="mono small" title=move || time::full(at, zone.get())>{clock}</td>
            <td class="num t2">{if since == 0 { String::new() } else { format!("+{}", lasting(since)) }}</td>
            <td title=type_of(member)><b class="type">{last_words(&type_of(member), TYPE).to_owned()}</b></td>
            <td title=member.destination.clone()><span class="dest"><Ico icon=Icon::Topic/><span class="cut">{member.destination.clone()}</span></span></td>
            <td class="t2">{place(member)}</td>
            <td>{service}</td>
            <td>{state(member, story.is_replayed(index))}</td>
            <td class="t2" title=sure>{because}</td>
            <td class="num t2">{number::bytes(u64::from(member.size.unsigned_abs()))}</td>
        </tr>
    }
}

fn state(member: &Member, replayed: bool) -> impl IntoView + use<> {
    let (shape, level, word) = match member {
        _ if member.dead_letter.is_some() => (Shape::DeadLetter, Level::Bad, "dead letter".to_owned()),
        _ if replayed => (Shape::Replayed, Level::Act, "replayed".to_owned()),
        Member { retry: Some(attempt), .. } => (Shape::Event, Level::Warn, format!("attempt {attempt}")),
        _ => return None,
    };
    Some(view! { <span class="stt"><Mark shape level small=true/>{word}</span> })
}
