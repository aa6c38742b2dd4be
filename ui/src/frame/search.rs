//! One box takes any ID, topic, group, type or page and goes there.

use std::time::Duration;

use leptos::{ev::KeyboardEvent, html, prelude::*};
use tapline_api::{SearchHit, SearchKind, SearchResults};

use crate::{
    api::load::use_load,
    keyboard::{Command, blur, use_commands},
    react::memo,
    state::url::{Query, chain_path, use_address},
    ui::{Ico, Icon, Sentence},
};

/// Long enough that a word typed at once is one question.
const PAUSE: Duration = Duration::from_millis(120);

/// The box.
#[component]
pub(super) fn Search() -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let (text, asked, open, chosen) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(false), RwSignal::new(0_usize));
    let results = use_load::<SearchResults>(move || {
        let text = asked.get();
        (!text.trim().is_empty()).then(|| {
            let mut query = Query::default();
            query.add("q", text.trim());
            query.on("/api/v1/search")
        })
    });
    let hits = memo(move || results.data.get().map(|results| results.hits.clone()).unwrap_or_default());
    let address = use_address();
    let go = move |index: usize| {
        let typed = text.get_untracked();
        let hit = hits.with_untracked(|hits| hits.get(index).map(|hit| hit.href.clone()));
        let Some(href) = hit.or_else(|| (!typed.trim().is_empty()).then(|| chain_path(typed.trim()))) else { return };
        open.set(false);
        text.set(String::new());
        asked.set(String::new());
        blur();
        address.go(&address.link(&href));
    };
    let type_in = debounce(PAUSE, move |value: String| asked.set(value));
    let mut type_in = type_in;
    let input = move |event| {
        let value = event_target_value(&event);
        text.set(value.clone());
        open.set(true);
        chosen.set(0);
        type_in(value);
    };
    let keys = move |event: KeyboardEvent| match event.key().as_str() {
        "ArrowDown" | "ArrowUp" => {
            event.prevent_default();
            let count = hits.with_untracked(Vec::len).max(1);
            chosen.update(|at| {
                *at = if event.key() == "ArrowDown" { (*at + 1) % count } else { (*at + count - 1) % count }
            });
        }
        "Enter" => go(chosen.get_untracked()),
        _ => {}
    };
    use_commands(move |command| match (command, field.get_untracked()) {
        (Command::Find, Some(field)) => {
            field.select();
            field.focus().is_ok()
        }
        (Command::Close, _) if open.get_untracked() => {
            open.set(false);
            blur();
            true
        }
        _ => false,
    });
    view! {
        <div class="find" role="search" class:focus=open on:click=move |_| drop(field.get_untracked().map(|field| field.focus()))>
            <Ico icon=Icon::Search/>
            <input
                node_ref=field type="text" role="combobox" aria-label="Find" aria-autocomplete="list" aria-controls="hits"
                aria-expanded=move || open.get().to_string()
                aria-activedescendant=move || open.get().then(|| format!("hit-{}", chosen.get()))
                placeholder="Find any ID, topic, group, type or page" spellcheck="false" autocomplete="off"
                prop:value=text on:input=input on:keydown=keys
                on:focus=move |_| open.set(true) on:blur=move |_| open.set(false)
            />
            <kbd>"/"</kbd>
            {move || (open.get() && !text.with(|text| text.trim().is_empty())).then(|| view! { <Hits hits text chosen go/> })}
        </div>
    }
}

#[component]
fn Hits(
    hits: Memo<Vec<SearchHit>>,
    text: RwSignal<String>,
    chosen: RwSignal<usize>,
    go: impl Fn(usize) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let row = move |(index, hit): (usize, SearchHit)| {
        // Pressing must come before the field loses the focus, else the list is gone first.
        let press = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            go(index);
        };
        view! {
            <div class="item" role="option" id=format!("hit-{index}") class:on=move || chosen.get() == index
                aria-selected=move || (chosen.get() == index).to_string()
                on:mousedown=press on:mousemove=move |_| chosen.set(index)>
                <Ico icon=icon(hit.kind)/><code class="cut">{hit.title}</code><span class="end"><Sentence text=hit.detail/></span>
            </div>
        }
    };
    let list = move || {
        let hits = hits.get();
        if hits.is_empty() {
            let typed = text.get();
            let hit = SearchHit {
                kind: SearchKind::Id,
                title: typed.trim().to_owned(),
                detail: "look for its chain".to_owned(),
                href: chain_path(typed.trim()),
            };
            return row((0, hit)).into_any();
        }
        hits.into_iter().enumerate().map(row).collect_view().into_any()
    };
    view! { <div class="menu pop hits" id="hits" role="listbox" aria-label="Found">{list}</div> }
}

fn icon(kind: SearchKind) -> Icon {
    match kind {
        SearchKind::Id => Icon::Chain,
        SearchKind::Event | SearchKind::Type => Icon::Events,
        SearchKind::Destination => Icon::Topic,
        SearchKind::Producer => Icon::Flows,
        SearchKind::Group => Icon::Consumers,
        SearchKind::Page => Icon::Overview,
    }
}
