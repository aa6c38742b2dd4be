//! Tabs of the views and what changes them: folding, gathering, a filter. All of it lives in the address.

use leptos::prelude::*;

use super::picture::Drawn;
use crate::{
    format::number,
    state::url::use_address,
    ui::{Ico, Icon, tabs::Tabs},
};

/// The line above the views.
#[component]
pub(crate) fn Tools(picture: Drawn, shown: Memo<&'static str>, one_story: Memo<bool>) -> impl IntoView {
    let address = use_address();
    let href = move |view: &'static str| {
        let mut query = address.query.get();
        query.set("view", (view != "timeline").then_some(view));
        query.on(&address.path.get())
    };
    let timeline = move || {
        let fold = (shown.get() != "table")
            .then(|| view! { <Switch name="fold" icon=Icon::Fold word="Fold idle time" on=picture.fold/> });
        let types = (shown.get() == "timeline")
            .then(|| view! { <Switch name="types" icon=Icon::Filter word="By type" on=picture.by_type/> });
        view! { {fold}{types} }
    };
    let tabs = move || -> &'static [(&'static str, &'static str)] {
        if one_story.get() {
            &[("timeline", "Timeline"), ("sequence", "Sequence"), ("table", "Table")]
        } else {
            &[("table", "Events")]
        }
    };
    move || {
        view! {
            <Tabs label="Views of the chain" tabs=tabs() open=Signal::derive(move || shown.get().to_owned()) href>
                {timeline}
                <Find picture/>
            </Tabs>
        }
    }
}

#[component]
fn Switch(name: &'static str, icon: Icon, word: &'static str, on: Memo<bool>) -> impl IntoView {
    let address = use_address();
    let press = move |_| {
        let value = if on.get_untracked() { "0" } else { "1" };
        address.replace(|query| query.set(name, Some(value)));
    };
    view! {
        <button type="button" class="btn btn-quiet btn-s switch" aria-pressed=move || on.get().to_string() on:click=press>
            <Ico icon/>{word}
        </button>
    }
}

#[component]
fn Find(picture: Drawn) -> impl IntoView {
    let address = use_address();
    let input = move |event| {
        let text = event_target_value(&event);
        address.replace(|query| query.set("find", (!text.is_empty()).then_some(text.as_str())));
    };
    let count = move || {
        let shown = picture.now.with(|now| now.0.layout.member_row.iter().flatten().count());
        (!picture.find.with(|find| find.trim().is_empty())).then(|| number::count(shown as u64, "member", "members"))
    };
    view! {
        <label class="input find-in">
            <Ico icon=Icon::Search/>
            <input type="text" aria-label="Filter members" placeholder="Filter members" spellcheck="false" autocomplete="off" prop:value=picture.find on:input=input/>
            <span class="end">{count}</span>
        </label>
    }
}
