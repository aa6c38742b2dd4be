//! What has to be read before a plan can start: each with what follows from it, a way to leave its events out, and its
//! rows.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Level, PlanWarning, ReplayDetail};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::acts::Acts;
use crate::{
    format::number,
    state::url::{Query, use_address},
    ui::{Button, Mark, Sentence, Shape},
};

/// Where the groups stand that will see the events.
pub(super) const READERS: &str = "who-reads";

/// Warnings that were read of one plan; another plan has none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Read {
    etag: String,
    numbers: Vec<usize>,
}

impl Read {
    fn has(&self, plan: &ReplayDetail, number: usize) -> bool {
        self.etag == plan.etag && self.numbers.contains(&number)
    }

    fn mark(&mut self, plan: &ReplayDetail, number: usize, read: bool) {
        if self.etag != plan.etag {
            *self = Self { etag: plan.etag.clone(), numbers: Vec::new() };
        }
        self.numbers.retain(|other| *other != number);
        if read {
            self.numbers.push(number);
        }
    }

    /// How many are still to be read.
    pub(super) fn left(&self, plan: &ReplayDetail) -> usize {
        let warnings = plan.plan.warnings.iter().enumerate();
        warnings.filter(|(number, warning)| warning.level == Level::Warn && !self.has(plan, *number)).count()
    }
}

/// The section; nothing where there is nothing to know.
#[component]
pub(super) fn Warnings(plan: Arc<ReplayDetail>, acts: Acts, read: RwSignal<Read>) -> impl IntoView {
    let warnings = plan.plan.warnings.len();
    if warnings == 0 {
        return ().into_any();
    }
    let rows = (0..warnings).map(|number| view! { <Warning plan=Arc::clone(&plan) number acts read/> }).collect_view();
    let left = move || match read.with(|read| read.left(&plan)) {
        0 => "all read".to_owned(),
        left => format!("{left} of {warnings} left"),
    };
    view! {
        <div class="block"><h3>"Read before it starts"<span class="t3">{left}</span></h3><ul class="warns">{rows}</ul></div>
    }
    .into_any()
}

#[component]
fn Warning(plan: Arc<ReplayDetail>, number: usize, acts: Acts, read: RwSignal<Read>) -> impl IntoView {
    let address = use_address();
    let warning = plan.plan.warnings.get(number).cloned()?;
    let (shape, bad) = match warning.level {
        Level::Bad => (Shape::Failing, true),
        _ => (Shape::Behind, false),
    };
    let (marked, set) = (Arc::clone(&plan), Arc::clone(&plan));
    let is_read = Signal::derive(move || !bad && read.with(|read| read.has(&marked, number)));
    let mark = move |event| read.update(|read| read.mark(&set, number, event_target_checked(&event)));
    let tick = (warning.level == Level::Warn).then(|| {
        let word = move || if is_read.get() { "Read" } else { "Mark as read" };
        view! { <label class="rd"><input type="checkbox" class="check" prop:checked=is_read on:change=mark/>{word}</label> }
    });
    let sql = warning.sql.clone().map(|sql| {
        let mut query = Query::default();
        query.set("sql", Some(&sql));
        let path = query.on("/sql");
        view! { <a class="link" href=move || address.link(&path)>"Rows"</a> }
    });
    let who = (warning.kind == "read_again").then(|| {
        view! { <button type="button" class="link plain" on:click=|_| show_readers()>"Who reads"</button> }
    });
    let leave = leavable(&warning).then(|| {
        let text = format!("Leave out {}", number::exact(warning.items));
        let addresses = warning.addresses.clone();
        let press = move |_| acts.plan_anew(&plan, |request| request.leave_out.extend(addresses.iter().cloned()));
        view! { <Button text small=true disabled=acts.busy on_press=press/> }
    });
    let level = if bad { Level::Bad } else { warning.level };
    let brief = warning.detail.is_none();
    Some(view! {
        <li class:isread=is_read class:refuses=bad>
            <Mark shape level/>
            <div class:brief=brief><b><Sentence text=warning.sentence/></b><span>{warning.detail.map(|detail| view! { <Sentence text=detail/> })}{sql}{who}</span></div>
            <span class="wa">{leave}{tick}</span>
        </li>
    })
}

/// Goes to the groups, with the focus, so that Tab goes on there.
fn show_readers() {
    let place = document().get_element_by_id(READERS).and_then(|place| place.dyn_into::<HtmlElement>().ok());
    if let Some(place) = place {
        place.scroll_into_view();
        let _only_fails_when_it_is_gone = place.focus();
    }
}

/// Only a warning that names all of its events lets them be left out, and one that is about all of them does not.
fn leavable(warning: &PlanWarning) -> bool {
    !warning.addresses.is_empty() && warning.addresses.len() as u64 == warning.items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(items: u64, addresses: usize) -> PlanWarning {
        PlanWarning {
            kind: "newer_events".to_owned(),
            level: Level::Warn,
            sentence: String::new(),
            detail: None,
            items,
            addresses: (0..addresses).map(|number| format!("shop/orders/0/{number}")).collect(),
            sql: None,
        }
    }

    #[test]
    fn events_can_be_left_out_when_all_of_them_are_named() {
        assert!(leavable(&warning(7, 7)));
        assert!(!leavable(&warning(300, 100)) && !leavable(&warning(1259, 0)));
    }
}
