//! Alerts: what fires now and who was told of it, the rules with what they did in the last week, silences, channels, and
//! what began and ended lately. This file owns what is asked and when; which rule is open stands in the address.

use leptos::prelude::*;
use tapline_api::{AlertList, AlertRuleList};

use crate::{
    api::load::{Load, use_load},
    keyboard::use_commands,
    react::memo,
    state::{refresh::use_beat, url::use_address},
    ui::{Answer, Button, Icon, Look, Trouble, skeleton::Skeleton},
};

mod acts;
mod asking;
mod asks;
mod channels;
mod draft;
mod facts;
mod firing;
mod form;
mod history;
mod lines;
mod matchers;
mod opened;
mod preview;
mod rules;
mod saying;
mod silence;
mod silences;
mod spans;
mod strip;
mod words;

use acts::Acts;
use silence::Silencing;

/// The page.
#[component]
pub(crate) fn Alerts() -> impl IntoView {
    let (address, beat) = (use_address(), use_beat());
    let list = use_load::<AlertList>(move || {
        beat.follow();
        Some("/api/v1/alerts".to_owned())
    });
    let rules = use_load::<AlertRuleList>(move || {
        beat.follow();
        Some("/api/v1/alert-rules".to_owned())
    });
    let (acts, silencing) = (Acts::new(list, rules), Silencing::new());
    use_commands(rules::walk);
    let text = move |waiting: &'static str, of: fn(&AlertList) -> String| {
        Signal::derive(move || list.data.with(|list| list.as_deref().map_or_else(|| waiting.to_owned(), of)))
    };
    let headline = text("Looking at what fires.", |list| list.sentence.clone());
    let sub = text("Rules, who is told, and who wants quiet.", |list| list.detail.clone().unwrap_or_default());
    // All at once, so that nothing moves under the reader's eyes.
    let is_there = memo(move || list.has_ended() && rules.has_ended());
    let content = move || match is_there.get() {
        true => view! { <Panels acts silencing/> }.into_any(),
        false => view! { <Coming/> }.into_any(),
    };
    view! {
        <div class="page alerts">
            <Answer headline detail=sub><Button text="New rule" icon=Icon::Plus look=Look::Primary on_press=move |_| opened::begin(address)/></Answer>
            {content}
        </div>
        <opened::RuleDrawer acts silencing/>
        <silence::SilenceDialog acts silencing/>
    }
}

#[component]
fn Panels(acts: Acts, silencing: Silencing) -> impl IntoView {
    let (list, rules) = (acts.list, acts.rules);
    let (has_list, has_rules) =
        (memo(move || list.data.with(Option::is_some)), memo(move || rules.data.with(Option::is_some)));
    let firing = move || has_list.get().then(|| view! { <firing::Firing acts silencing/> });
    let asked = move || has_rules.get().then(|| view! { <rules::Rules acts/> });
    let lower = move || {
        has_list.get().then(|| {
            view! {
                <div class="grid g3 alerts-low"><silences::Silences acts silencing/><channels::Channels acts/><history::History acts/></div>
            }
        })
    };
    view! { {failed(list, "The alerts")}{firing}{failed(rules, "The rules")}{asked}{lower} }
}

/// Why there is nothing new; what was there before stays beneath.
fn failed<T: Send + Sync + 'static>(load: Load<T>, what: &'static str) -> impl IntoView {
    move || {
        load.trouble().map(|failure| {
            view! { <section class="panel"><Trouble failure what on_retry=move || load.retry()/></section> }
        })
    }
}

#[component]
fn Coming() -> impl IntoView {
    let panel = |name: &'static str| {
        view! { <section class="panel"><div class="head"><h2>{name}</h2></div><Skeleton/></section> }
    };
    ["Firing now", "Rules"].map(panel).into_view()
}
