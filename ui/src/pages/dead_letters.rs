//! Dead letters: why events died, one row a cause, worst first; the opened cause beneath, with what sets it apart. This
//! file owns what is asked and when; which cause, member and comparison are open stands in the address.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Cause, CauseDetail, CauseList};

use crate::{
    api::load::{Load, use_load},
    keyboard::{Command, use_commands},
    react::memo,
    state::{
        refresh::use_beat,
        url::{Query, segment, use_address},
    },
    ui::{Answer, Loaded, skeleton::Skeleton},
};

mod apart;
mod attempts;
mod causes;
mod compare;
mod empty;
mod group;
mod members;
mod opened;
mod say;
mod sides;
mod stack;
mod states;
mod tries;
mod walk;
mod when;

/// Causes of one page.
const CAUSES: &str = "500";

/// The page.
#[component]
pub(crate) fn DeadLetters() -> impl IntoView {
    let (address, beat) = (use_address(), use_beat());
    let asked = memo(move || address.query.with(list_query));
    let list = use_load::<CauseList>(move || {
        beat.follow();
        Some(asked.with(|asked| asked.on("/api/v1/dead-letters")))
    });
    let chosen = chosen(list);
    let detail = use_load::<CauseDetail>(move || {
        beat.follow();
        chosen.get().map(|cause| path(&cause, ""))
    });
    use_commands(move |command| step(list, chosen, command));
    let asking = move || list.data.with(Option::is_none);
    let headline = Signal::derive(move || match asking() {
        true => "Looking for events that were given up.".to_owned(),
        false => of(list, |list| list.sentence.clone()),
    });
    let sub = Signal::derive(move || match asking() {
        true => "Every consumer's, by what went wrong.".to_owned(),
        false => of(list, |list| list.detail.clone().unwrap_or_default()),
    });
    let seen = memo(move || list.data.with(|list| list.as_ref().map(|list| list.open + list.resolved > 0)));
    let said = Callback::new(move |()| {
        list.retry();
        detail.retry();
    });
    let show = move |list: Arc<CauseList>| view! { <causes::Causes list chosen/> };
    let content = move || match seen.get() {
        Some(false) if asked.with(|asked| asked.get("q").is_none()) => view! { <empty::Nothing/> }.into_any(),
        None if list.failure.with(Option::is_none) => {
            view! { <section class="panel"><Skeleton widths=&[40, 88, 72, 80]/></section> }.into_any()
        }
        _ => view! {
            <section class="panel">
                <causes::Head list/>
                <Loaded load=list what="The causes" show/>
            </section>
            {move || chosen.get().map(|cause| view! { <opened::Opened cause detail list said/> })}
        }
        .into_any(),
    };
    view! { <div class="page dead-letters"><Answer headline detail=sub/>{content}</div> }
}

fn of<T: Default>(list: Load<CauseList>, what: impl Fn(&CauseList) -> T) -> T {
    list.data.with(|list| list.as_deref().map(what).unwrap_or_default())
}

/// What is asked of the list: the words of the address are those of the API.
fn list_query(query: &Query) -> Query {
    let mut asked = query.clone();
    asked.keep(|name| matches!(name, "state" | "sort" | "q" | "source" | "destination" | "cursor"));
    asked.set("limit", Some(CAUSES));
    asked
}

/// A call about one cause.
fn path(cause: &str, rest: &str) -> String {
    format!("/api/v1/dead-letters/{}{rest}", segment(cause))
}

/// The cause that the address names, else the first of the list.
fn chosen(list: Load<CauseList>) -> Memo<Option<String>> {
    let named = use_address().get("cause");
    memo(move || {
        let first = || of(list, |list| list.causes.first().map(|cause| cause.fingerprint.clone()));
        named.get().or_else(first)
    })
}

/// `j` and `k` walk through the causes.
fn step(list: Load<CauseList>, chosen: Memo<Option<String>>, command: Command) -> bool {
    let forward = match command {
        Command::Down => true,
        Command::Up => false,
        _ => return false,
    };
    let causes = list.data.with_untracked(|list| list.as_deref().map(|list| list.causes.clone()).unwrap_or_default());
    let Some(next) = neighbour(&causes, chosen.get_untracked().as_deref(), forward) else { return false };
    open(next);
    true
}

fn neighbour<'a>(causes: &'a [Cause], chosen: Option<&str>, forward: bool) -> Option<&'a str> {
    let at = causes.iter().position(|cause| Some(cause.fingerprint.as_str()) == chosen)?;
    let to = if forward { at + 1 } else { at.checked_sub(1)? };
    causes.get(to).map(|cause| cause.fingerprint.as_str())
}

/// Opens a cause beneath the list.
fn open(cause: &str) {
    use_address().push(|query| {
        query.set("cause", Some(cause));
        query.set("member", None);
    });
}
