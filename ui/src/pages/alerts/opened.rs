//! The opened rule, in a drawer: what it asks and says, how it stands, when it fired; or the form that changes it. Which
//! rule is open stands in the address (`rule`), and whether it is being written (`edit`); `edit` alone is a new one.

use leptos::{ev::MouseEvent, prelude::*};
use tapline_api::{AlertRuleView, RuleOrigin};

use super::{
    acts::{self, Acts},
    facts,
    form::Editor,
    matchers,
    silence::{SilenceMenu, Silencing},
    words,
};
use crate::{
    api::load::{Load, use_load},
    keyboard::{Command, use_commands},
    react::memo,
    state::{
        refresh::use_beat,
        url::{Address, Query, use_address},
    },
    ui::{Button, Icon, IconButton, Pill, Trouble, skeleton::Skeleton},
};

/// The rule as it is known; nothing before the first answer.
pub(super) type Known = Memo<Option<AlertRuleView>>;

/// Opens a rule, or closes the drawer.
pub(super) fn open(address: Address, rule: Option<&str>) {
    show(address, rule, false);
}

/// Opens the form of a new rule.
pub(super) fn begin(address: Address) {
    show(address, None, true);
}

fn show(address: Address, rule: Option<&str>, edits: bool) {
    let was_open = address.query.with_untracked(|query| query.get("rule").or(query.get("edit")).is_some());
    let change = |query: &mut Query| {
        query.set("rule", rule);
        query.set("edit", edits.then_some("yes"));
    };
    match (was_open, rule.is_some() || edits) {
        (false, _) => address.enter(change),
        // Stepping from one rule to the next is no step of its own: Back closes the drawer.
        (true, true) => address.replace(change),
        (true, false) => address.leave(change),
    }
}

/// Opens the form of the rule that is open, or goes back to the rule; no step of its own either.
pub(super) fn edit(address: Address, edits: bool) {
    address.replace(|query| query.set("edit", edits.then_some("yes")));
}

/// A link that opens a rule. A plain press is a step that closing takes back; any other press is the browser's.
#[component]
pub(super) fn RuleLink(name: String) -> impl IntoView {
    let address = use_address();
    let (rule, shown) = (name.clone(), name.clone());
    let href = move || {
        let mut query = address.query.get();
        query.set("rule", Some(&rule));
        query.set("edit", None);
        query.on(&address.path.get())
    };
    let press = move |press: MouseEvent| {
        if !(press.ctrl_key() || press.meta_key() || press.shift_key() || press.alt_key()) {
            press.prevent_default();
            open(address, Some(&name));
        }
    };
    view! { <a href=href on:click=press>{shown}</a> }
}

/// The drawer, while a rule is open or being written.
#[component]
pub(super) fn RuleDrawer(acts: Acts, silencing: Silencing) -> impl IntoView {
    let address = use_address();
    let (rule, edit) = (address.get("rule"), address.get("edit"));
    let shown = memo(move || rule.with(Option::is_some) || edit.with(Option::is_some));
    move || shown.get().then(|| view! { <Drawer rule edits=memo(move || edit.with(Option::is_some)) acts silencing/> })
}

#[component]
fn Drawer(rule: Memo<Option<String>>, edits: Memo<bool>, acts: Acts, silencing: Silencing) -> impl IntoView {
    let (address, beat) = (use_address(), use_beat());
    let load = use_load::<AlertRuleView>(move || {
        beat.follow();
        acts.changes.track();
        rule.get().map(|name| acts::path(&name))
    });
    let known: Known = memo(move || rule.get().and_then(|name| known(&name, load, acts)));
    use_commands(move |command| match command {
        Command::Close if edits.get_untracked() && rule.with_untracked(Option::is_some) => {
            edit(address, false);
            true
        }
        Command::Close => {
            open(address, None);
            true
        }
        Command::Down | Command::Up if !edits.get_untracked() => step(address, acts, rule, command == Command::Down),
        _ => false,
    });
    let title = move || rule.get().unwrap_or_else(|| "New rule".to_owned());
    // The form of one rule is not that of another; what is only read stays the same panels.
    let written = memo(move || edits.get().then(|| rule.get()));
    let content = move || match written.get() {
        Some(None) => view! { <Editor view=None acts/> }.into_any(),
        written => view! { <Body edits=written.is_some() known load acts/> }.into_any(),
    };
    view! {
        <aside class="drawer rule-drawer" aria-label="One rule">
            <header>
                <div class="row">
                    <h2 class="cut" title=title>{title}</h2>
                    {move || pill(known, acts)}
                    <span class="push"></span>
                    <IconButton icon=Icon::X label="Close (Esc)" small=true on_press=move |_| open(address, None)/>
                </div>
                {move || (!edits.get()).then(|| view! { <Heading known acts silencing/> })}
            </header>
            <div class="body">{content}</div>
        </aside>
    }
}

/// What was answered of it, else what the list says: the drawer opens with what is there.
fn known(name: &str, load: Load<AlertRuleView>, acts: Acts) -> Option<AlertRuleView> {
    let answered = load.data.with(|it| it.as_deref().filter(|it| it.name == name).cloned());
    let listed = || acts.rules.data.with(|list| list.as_ref()?.rules.iter().find(|it| it.name == name).cloned());
    answered.or_else(listed)
}

fn pill(known: Known, acts: Acts) -> Option<impl IntoView> {
    let muted =
        |name: &str| acts.list.data.with(|list| list.as_deref().is_some_and(|list| words::is_muted(list, name)));
    let stands = known.with(|rule| rule.as_ref().map(|rule| words::rule(rule, muted(&rule.name))));
    stands.map(|(shape, level, text)| view! { <Pill shape level text/> })
}

/// Where the rule comes from, and what can be done with it.
#[component]
fn Heading(known: Known, acts: Acts, silencing: Silencing) -> impl IntoView {
    let address = use_address();
    let from = move || known.with(|rule| rule.as_ref().map(facts::origin));
    // The buttons stay while numbers move: a menu that is open stays open.
    let what = memo(move || known.with(|rule| rule.as_ref().map(|rule| (rule.name.clone(), rule.origin))));
    let buttons = move || {
        what.get().map(|(name, origin)| {
            let matchers = Signal::stored(matchers::of_rule(&name));
            let edits = (origin != RuleOrigin::File)
                .then(|| view! { <Button text="Edit" small=true on_press=move |_| edit(address, true)/> });
            view! { {edits}<SilenceMenu matchers of=name acts silencing/> }
        })
    };
    view! { <p class="small t2">{from}</p><div class="row drawer-do">{buttons}</div> }
}

/// The rule, or its form once the rule is known.
#[component]
fn Body(edits: bool, known: Known, load: Load<AlertRuleView>, acts: Acts) -> impl IntoView {
    let there = memo(move || known.with(Option::is_some));
    let failed = move || {
        load.trouble().map(|failure| view! { <Trouble failure what="This rule" on_retry=move || load.retry()/> })
    };
    let content = move || match (there.get(), edits) {
        (true, true) => view! { <Editor view=known.get_untracked() acts/> }.into_any(),
        (true, false) => view! { <facts::Facts known acts/> }.into_any(),
        (false, _) if load.failure.with(Option::is_some) => ().into_any(),
        (false, _) => view! { <Skeleton widths=&[40, 88, 72, 80, 64]/> }.into_any(),
    };
    view! { {failed}{content} }
}

/// `j` and `k` walk through the rules.
fn step(address: Address, acts: Acts, rule: Memo<Option<String>>, forward: bool) -> bool {
    let next = acts.rules.data.with_untracked(|rules| {
        let names: Vec<&str> = rules.as_ref()?.rules.iter().map(|rule| rule.name.as_str()).collect();
        neighbour(&names, &rule.get_untracked()?, forward)
    });
    next.map(|name| open(address, Some(&name))).is_some()
}

fn neighbour(names: &[&str], rule: &str, forward: bool) -> Option<String> {
    let at = names.iter().position(|name| *name == rule)?;
    let to = if forward { at + 1 } else { at.checked_sub(1)? };
    names.get(to).map(|name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::neighbour;

    #[test]
    fn keys_walk_the_rules_and_stop_at_both_ends() {
        let names = ["a", "b"];
        assert_eq!(neighbour(&names, "a", true).as_deref(), Some("b"));
        assert_eq!(neighbour(&names, "b", false).as_deref(), Some("a"));
        assert_eq!((neighbour(&names, "b", true), neighbour(&names, "a", false)), (None, None));
        assert_eq!(neighbour(&names, "elsewhere", true), None);
    }
}
