//! The list: one row a group, worst first.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Group, GroupList, LagState, Level};

use super::{Key, words};
use crate::{
    api::load::Load,
    charts::sparkline::Sparkline,
    format::{number, sentence},
    react::memo,
    state::url::use_address,
    ui::{Ico, Icon, Mark, Segments, rows::Rows},
};

/// Height of a row, pixels.
const ROW: f64 = 32.0;

/// Head, filter and rows.
#[component]
pub(super) fn Groups(list: Load<GroupList>, chosen: Memo<Option<Key>>) -> impl IntoView {
    let address = use_address();
    let (show, text) = (address.get("show"), address.get("q"));
    let which = Signal::derive(move || show.get().unwrap_or_else(|| "all".to_owned()));
    let shown = memo(move || {
        let (which, text) = (which.get(), text.get().unwrap_or_default().to_lowercase());
        list.data.with(|list| list.as_ref().map(|list| matching(list, &which, &text)).unwrap_or_default())
    });
    let total = move || list.data.with(|list| list.as_ref().map_or(0, |list| list.groups.len()));
    let note = move || match (shown.with(Vec::len), total()) {
        (shown, total) if shown == total => number::exact(total as u64),
        (shown, total) => format!("{} of {}", number::exact(shown as u64), number::exact(total as u64)),
    };
    let choose =
        move |which: &'static str| address.replace(|query| query.set("show", (which != "all").then_some(which)));
    let filter = move |event| {
        let text = event_target_value(&event);
        address.replace(|query| query.set("q", Some(text.trim()).filter(|text| !text.is_empty())));
    };
    let row =
        move |index: usize| shown.with(|shown| shown.get(index).cloned()).map(|group| view! { <Row group chosen/> });
    let key = move |index: usize| shown.with(|shown| shown.get(index).map(|group| drawn(group)).unwrap_or_default());
    let none =
        move || (shown.with(Vec::is_empty) && total() > 0).then(|| view! { <p class="pad t2">"No group matches."</p> });
    view! {
        <div class="head"><h2>"Groups"</h2><span class="t3">{note}</span>
            <div class="end"><Segments label="Which groups" mini=true choices=&[("all", "All"), ("behind", "Behind")] chosen=which on_choose=choose/></div>
        </div>
        <div class="gq"><input class="input" type="search" aria-label="Filter groups" placeholder="group or topic" prop:value=move || text.get().unwrap_or_default() on:input=filter/></div>
        <div class="scroll groups-box"><table class="table r2 fixed groups">
            <thead><tr><th>"Group"</th><th class="g-trend">"Trend"</th><th class="g-num num">"Unread"</th>
                <th class="g-num num" aria-sort="descending">"Behind"<Ico icon=Icon::Down/></th></tr></thead>
            <Rows count=Signal::derive(move || shown.with(Vec::len)) height=ROW key row/>
        </table></div>
        {none}
    }
}

fn matching(list: &GroupList, which: &str, text: &str) -> Vec<Arc<Group>> {
    let is_behind = |group: &&Group| which != "behind" || group.state.level() >= Level::Warn;
    let says = |name: &String| name.to_lowercase().contains(text);
    let is_named = |group: &&Group| says(&group.name) || group.destinations.iter().any(says);
    list.groups.iter().filter(is_behind).filter(is_named).cloned().map(Arc::new).collect()
}

/// Another row when something of it changed.
fn drawn(group: &Group) -> String {
    let behind = group.behind.as_ref().map(|behind| words::shortly(behind.seconds));
    format!("{}/{}/{:?}/{:?}/{behind:?}/{:?}", group.source, group.name, group.state, group.lag, group.trend)
}

#[component]
fn Row(group: Arc<Group>, chosen: Memo<Option<Key>>) -> impl IntoView {
    let key = super::key(&group);
    let (this, opened) = (key.clone(), key);
    let selected = memo(move || chosen.with(|chosen| chosen.as_ref() == Some(&this)));
    let level = group.state.level();
    let (colour, trend) = (words::colour(group.state), words::trend(&group));
    let behind = match (&group.behind, group.state) {
        (Some(behind), _) => format!("{}{}", if behind.exact { "" } else { "~" }, words::shortly(behind.seconds)),
        (None, LagState::NeverCommitted) => "never read".to_owned(),
        (None, _) => "–".to_owned(),
    };
    let unread = group.lag.map_or_else(|| "–".to_owned(), number::short);
    let title = format!("{} of {}: {}", group.name, group.source, sentence::plain(&group.sentence));
    view! {
        <tr aria-selected=move || selected.get().to_string() on:click=move |_| super::open(&opened)>
            <td title=title><span class="stt"><Mark shape=words::shape(group.state) level/><button type="button" class="plain cut">{group.name.clone()}</button></span></td>
            <td><Sparkline points=trend worrying=10.0 tone=colour label=format!("Unread events of {}", group.name)/></td>
            <td class="num t2">{unread}</td>
            <td class=format!("num {colour}")>{behind}</td>
        </tr>
    }
}
