//! The items of a replay one by one: the story each rejoined, where it stands now, what became of it and what shows that.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;
use tapline_api::{Delivery, Outcome, ReplayItem, ReplayItemPage};

use super::{acts::call, is_open, opened::Known, states::Fate};
use crate::{
    api::load::use_load,
    drawer,
    format::{
        address::{parts, position, readable},
        bytes, number, sentence,
    },
    react::memo,
    state::{
        refresh::{every, use_beat},
        url::{Query, use_address},
    },
    ui::{
        Button, Ico, Icon, IdLink, Loaded, Look, Mark,
        download::{Format, download_sql},
        menu::{Item, Menu},
        rows::Rows,
        toast::use_toasts,
    },
};

/// Items of one page.
const ITEMS: &str = "500";
/// How often they are asked for while something becomes of them.
const EVERY: Duration = Duration::from_secs(2);

/// Kinds that can be asked for.
const FATES: [Fate; 7] = [
    Fate::Ended(Outcome::Reprocessed),
    Fate::Ended(Outcome::FailedAgain),
    Fate::Ended(Outcome::Pending),
    Fate::Ended(Outcome::Unknown),
    Fate::Sent(Delivery::Uncertain),
    Fate::Sent(Delivery::Rejected),
    Fate::Sent(Delivery::Planned),
];

/// The kind that an address names.
fn asked(query: &Query) -> Option<Fate> {
    FATES.into_iter().find(|fate| {
        let (name, value) = fate.query();
        query.get(name) == Some(value)
    })
}

/// Shows one kind of items, or all, from the first.
fn show(query: &mut Query, fate: Option<Fate>) {
    query.keep(|name| !matches!(name, "delivery" | "outcome" | "items"));
    if let Some((name, value)) = fate.map(Fate::query) {
        query.set(name, Some(value));
    }
}

/// What is asked of the API.
fn call_query(query: &Query) -> Query {
    let mut called = Query::default();
    if let Some((name, value)) = asked(query).map(Fate::query) {
        called.set(name, Some(value));
    }
    called.set("limit", Some(ITEMS));
    called.set("cursor", query.get("items"));
    called
}

/// The panel.
#[component]
pub(super) fn Items(id: String, known: Known) -> impl IntoView {
    let (address, beat) = (use_address(), use_beat());
    let called = memo(move || address.query.with(call_query));
    let path = format!("{}/items", call(&id));
    let load = use_load::<ReplayItemPage>(move || {
        beat.follow();
        Some(called.with(|called| called.on(&path)))
    });
    every(EVERY, move || {
        let open = known.with_untracked(|it| it.as_ref().is_some_and(|it| is_open(&it.replay)));
        if open && !load.loading.get_untracked() {
            load.retry();
        }
    });
    let count = move || load.data.with(|page| page.as_ref().map(|page| number::count(page.count, "item", "items")));
    let table = move |page: Arc<ReplayItemPage>| view! { <Table page/> };
    view! {
        <section class="panel" aria-label="Items">
            <div class="head"><h2>"Item by item"</h2><span class="t3">{count}</span><span class="end"><Filter/><Export id/></span></div>
            <Loaded load what="The items" show=table/>
        </section>
    }
}

#[component]
fn Filter() -> impl IntoView {
    let address = use_address();
    let now = memo(move || address.query.with(asked));
    let word = move || now.get().map_or("All", |fate| fate.drawn().2);
    let choose = move |fate: Option<Fate>| move || address.replace(|query| show(query, fate));
    let item = move |fate: Fate| {
        let text = sentence::capital(fate.drawn().2);
        view! { <Item text chosen=Signal::derive(move || now.get() == Some(fate)) on_choose=choose(Some(fate))/> }
    };
    let button = move || view! { <Ico icon=Icon::Filter/>{word}<Ico icon=Icon::Down class="i caret"/> };
    view! {
        <Menu class="btn btn-quiet btn-s" label="Which items" from_right=true button=ViewFn::from(button)>
            <Item text="All" chosen=Signal::derive(move || now.get().is_none()) on_choose=choose(None)/>
            {FATES.map(item).collect_view()}
        </Menu>
    }
}

#[component]
fn Export(id: String) -> impl IntoView {
    let toasts = use_toasts();
    let sql = format!("SELECT * FROM replay_items WHERE replay_id = '{}' ORDER BY number", id.replace('\'', "''"));
    let press = move |_| download_sql(sql.clone(), Format::Csv, "replay-items", toasts);
    view! { <Button text="Export" icon=Icon::Export look=Look::Quiet small=true on_press=press/> }
}

#[component]
fn Table(page: Arc<ReplayItemPage>) -> impl IntoView {
    let address = use_address();
    if page.items.is_empty() {
        return view! { <p class="pad t2">"No item is of this kind."</p> }.into_any();
    }
    let (count, next, keyed) = (page.items.len(), page.next.clone(), Arc::clone(&page));
    let turn = move |to: Option<String>| move |_| address.push(|query| query.set("items", to.as_deref()));
    let later = move || address.query.with(|query| query.get("items").is_some());
    let next = next.map(
        |next| view! { <button type="button" class="link plain small" on:click=turn(Some(next))>"Next items"</button> },
    );
    let first = move || {
        later().then(
            || view! { <button type="button" class="link plain small" on:click=turn(None)>"First items"</button> },
        )
    };
    view! {
        <div class="scroll items-box"><table class="table small fixed items">
            <thead><tr><th class="n-at num">"#"</th><th>"Story it rejoined"</th><th class="n-from">"Put back"</th><th class="n-to">"Written to"</th><th class="n-out">"Outcome"</th><th class="n-in num">"After"</th></tr></thead>
            <Rows count=Signal::stored(count) key=move |index| key(keyed.items.get(index)) row=move |index| page.items.get(index).map(|item| view! { <Row item=item.clone()/> })/>
        </table></div>
        <p class="turn">{first}{next}</p>
    }
    .into_any()
}

/// Another row when something became of it.
fn key(item: Option<&ReplayItem>) -> String {
    item.map(|item| format!("{}/{:?}/{:?}", item.number, Fate::of(item), item.written.is_some())).unwrap_or_default()
}

#[component]
fn Row(item: ReplayItem) -> impl IntoView {
    let fate = Fate::of(&item);
    let (shape, level, word) = fate.drawn();
    let name = item.key.as_ref().map(bytes::line).filter(|key| !key.is_empty());
    let story = match (item.chain.clone(), name) {
        (Some(chain), Some(name)) => view! { <IdLink id=chain text=name/> }.into_any(),
        (Some(chain), None) => view! { <IdLink id=chain/> }.into_any(),
        (None, name) => name.unwrap_or_default().into_any(),
    };
    let changed = item.changed.then(|| view! { <span class="t3 small">" changed"</span> });
    let said = match item.evidence.clone() {
        Some(evidence) => view! { <ToEvent to=evidence text=word.to_owned() class="plain link"/> }.into_any(),
        None => word.into_any(),
    };
    let title = item.why.as_deref().map(sentence::plain).or_else(|| fate.meaning().map(str::to_owned));
    let why = item.why.as_deref().map(sentence::plain).map(|why| view! { <span class="t3 small cut">{why}</span> });
    let after = item.seconds.map(|seconds| number::duration(seconds * 1000.0));
    view! {
        <tr>
            <td class="num t3">{number::exact(item.number + 1)}</td>
            <td class="cut">{story}{changed}</td>
            <td class="cut"><ToEvent text=place(&item.address) to=item.address class="plain id"/></td>
            <td class="cut">{item.written.map(|written| view! { <ToEvent text=place(&written) to=written class="plain id"/> })}</td>
            <td title=title><span class="stt"><Mark shape level small=true/>{said}{why}</span></td>
            <td class="num t2">{after}</td>
        </tr>
    }
}

/// Opens an event in the drawer.
#[component]
fn ToEvent(to: String, text: String, class: &'static str) -> impl IntoView {
    let address = use_address();
    let title = readable(&to);
    view! { <button type="button" class=class title=title on:click=move |_| drawer::open(address, Some(&to))>{text}</button> }
}

/// `orders 4 / 420,780`: the source is the same for all.
fn place(address: &str) -> String {
    match parts(address).as_slice() {
        [_, destination, partition, at] => format!("{destination} {partition} / {}", position(at)),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_one_kind_of_items() {
        let called = |text: &str| call_query(&Query::parse(text)).to_string();
        assert_eq!(called("outcome=failed_again&items=abc&from=now-1h"), "outcome=failed_again&limit=500&cursor=abc");
        assert_eq!(called("delivery=uncertain"), "delivery=uncertain&limit=500");
        assert_eq!(called("outcome=nonsense"), "limit=500");
        let mut query = Query::parse("from=now-1h&outcome=pending&items=abc");
        show(&mut query, Some(Fate::Sent(Delivery::Rejected)));
        assert_eq!(query.to_string(), "from=now-1h&delivery=rejected");
        show(&mut query, None);
        assert_eq!(query.to_string(), "from=now-1h");
    }

    #[test]
    fn places_are_short() {
        assert_eq!(place("shop/orders/4/420780"), "orders 4 / 420,780");
        assert_eq!(place("strange"), "strange");
    }
}
