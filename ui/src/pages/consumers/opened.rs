//! The opened group: how it stands, what is wrong with it, how it went, its partitions and members.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Group, GroupDetail};

use super::{course, findings, heat, members, stats, words};
use crate::{
    state::url::{Query, use_address},
    ui::{Copy, Ico, Icon, Pill},
};

/// The panel's content.
#[component]
pub(super) fn Opened(detail: Arc<GroupDetail>) -> impl IntoView {
    view! {
        <Head group=detail.group.clone()/>
        {stats::stats(&detail)}
        {findings::findings(&detail)}
        {detail.history.as_ref().map(|history| course::course(&detail, history))}
        {heat::heat(&detail)}
        {members::members(&detail)}
    }
}

#[component]
fn Head(group: Group) -> impl IntoView {
    let address = use_address();
    let sql = format!(
        "SELECT at, destination, partition, lag, seconds_behind, state\nFROM lag_history\nWHERE group_name = '{}' AND at > now() - INTERVAL '1 hour'\nORDER BY at DESC",
        group.name.replace('\'', "''")
    );
    let link = move || {
        let mut query = Query::default();
        query.set("sql", Some(&sql));
        address.link(&query.on("/sql"))
    };
    let url = Signal::derive(move || window().location().href().unwrap_or_default());
    let state = group.state;
    let about = about(&group);
    view! {
        <div class="head big">
            <h2 class="cut" title=group.name.clone()>{group.name.clone()}</h2>
            <Pill shape=words::shape(state) level=state.level() text=words::word(state)/>
            <span class="t3 cut" title=about.clone()>{about.clone()}</span>
            <span class="end">
                <a class="btn btn-quiet btn-s" href=link><Ico icon=Icon::Sql/>"SQL"</a>
                <Copy text=url label="Copy link"/>
            </span>
        </div>
    }
}

/// `consumer protocol, reads orders and inventory, shop`.
fn about(group: &Group) -> String {
    let protocol = group.protocol.as_deref().map(|protocol| format!("{protocol} protocol, ")).unwrap_or_default();
    let reads = match group.destinations.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [one, other, rest @ ..] => format!("{one}, {other} and {} more", rest.len()),
    };
    format!("{protocol}reads {reads}, {}", group.source)
}
