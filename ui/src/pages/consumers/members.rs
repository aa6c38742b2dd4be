//! Who reads: one row a member, with its partitions.

use leptos::prelude::*;
use tapline_api::{GroupDetail, GroupMember, GroupPartition, LagState};

use super::words;
use crate::{
    format::{self, number, time},
    ui::Mark,
};

/// Members that are drawn.
const MOST: usize = 200;

/// The table.
pub(super) fn members(detail: &GroupDetail) -> impl IntoView + use<> {
    let Some(members) = &detail.members else {
        return view! { <p class="pad t3">"Who its members are is not told."</p> }.into_any();
    };
    if members.is_empty() {
        return view! { <p class="pad t3">"It has no member: nobody reads, or who reads shares no partitions by the group."</p> }
            .into_any();
    }
    let rows = members.iter().take(MOST).enumerate().map(|(at, member)| row(detail, at, member)).collect_view();
    let more = members.len().saturating_sub(MOST);
    let more = (more > 0).then(|| view! { <p class="pad t3">{format!("and {} more", number::exact(more as u64))}</p> });
    view! {
        <div class="subh"><h3>"Members"</h3></div>
        <div class="scroll"><table class="table mem-t">
            <thead><tr><th>"Member"</th><th>"Host"</th><th>"Partitions"</th><th class="num">"Reads"</th><th class="num">"Oldest commit"</th><th class="num">"Unread"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
        {more}
    }
    .into_any()
}

fn row(detail: &GroupDetail, at: usize, member: &GroupMember) -> impl IntoView + use<> {
    let own: Vec<&GroupPartition> = detail.partitions.iter().filter(|it| it.member == Some(at)).collect();
    let state = own.iter().map(|it| it.state).max().unwrap_or(LagState::Ok);
    let reads = own.iter().filter_map(|it| it.read).reduce(|sum, rate| sum + rate);
    let oldest =
        own.iter().filter(|it| it.lag > Some(0)).filter_map(|it| time::parse(it.committed_at.as_deref()?)).min();
    let oldest = oldest.map(|at| words::seconds(((format::now() * 1000 - at) as f64 / 1e6).max(0.0)));
    let places = places(&own, detail.group.destinations.len() > 1);
    let reads = reads.map(|reads| view! { {number::si(reads)}<span class="unit">"/s"</span> });
    view! {
        <tr title=member.id.clone()>
            <td><span class="stt"><Mark shape=words::shape(state) level=state.level() small=true/><span class="cut">{member.client.clone()}</span></span></td>
            <td class="mono t2">{member.host.clone()}</td>
            <td class="t2 cut" title=places.clone()>{places.clone()}</td>
            <td class="num">{reads}</td>
            <td class="num">{oldest.unwrap_or_else(|| "–".to_owned())}</td>
            <td class="num">{member.lag.map_or_else(|| "–".to_owned(), number::exact)}</td>
        </tr>
    }
}

/// `0, 1, 2` or `orders 0, 1; payments 3`.
fn places(own: &[&GroupPartition], several: bool) -> String {
    let mut text = String::new();
    let mut before = None;
    for it in own {
        if before == Some(&it.destination) {
            text.push_str(", ");
        } else {
            text.push_str(if before.is_some() { "; " } else { "" });
            if several {
                text.push_str(&it.destination);
                text.push(' ');
            }
        }
        text.push_str(&it.partition.to_string());
        before = Some(&it.destination);
    }
    if text.is_empty() { "none".to_owned() } else { text }
}
