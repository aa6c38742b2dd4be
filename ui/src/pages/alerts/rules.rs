//! The rules: what each asks and finds now, and when it fired in the last seven days. A row stays while its numbers
//! change, so that it keeps the focus.

use leptos::prelude::*;
use tapline_api::{AlertRuleView, Level};
use wasm_bindgen::JsCast;

use super::{
    acts::Acts,
    opened, spans,
    strip::{self, Days, Range, Strip},
    words,
};
use crate::{
    format::number,
    keyboard::Command,
    react::memo,
    state::url::use_address,
    ui::{Mark, Sentence, menu::focus, state::tone},
};

/// The panel.
#[component]
pub(super) fn Rules(acts: Acts) -> impl IntoView {
    let rules = acts.rules.data;
    let names = memo(move || {
        rules.with(|list| list.iter().flat_map(|list| &list.rules).map(|rule| rule.name.clone()).collect::<Vec<_>>())
    });
    let range =
        memo(move || rules.with(|list| list.as_deref().map_or((0, 0), |list| strip::range(&list.from, &list.to))));
    let count = move || number::exact(names.with(Vec::len) as u64);
    let none = move || {
        names.with(Vec::is_empty).then(|| {
            view! { <p class="pad t2">"No rule. Nobody is told of anything before one is written."</p> }
        })
    };
    view! {
        <section class="panel" aria-label="Rules">
            <div class="head"><h2>"Rules"</h2><span class="t3">{count}<span class="strip-note">"; the strip shows when each fired in the last seven days"</span></span>
                <span class="end keys"><Key level=Level::Bad word="critical"/><Key level=Level::Warn word="warning"/><Key level=Level::Mute word="info"/></span></div>
            <div class="scroll"><table class="table r2 fixed rules">
                <thead><tr><th class="a-rule">"Rule"</th><th>"Fires when"</th><th class="a-now num">"Now"</th><th class="a-strip"><span class="vh">"Last seven days"</span><Days range/></th>
                    <th class="a-fired num">"Fired"</th><th class="a-severity">"Severity"</th></tr></thead>
                <tbody><For each=move || names.get() key=|name| name.clone() children=move |name| view! { <Row name range acts/> }/></tbody>
            </table></div>
            {none}
        </section>
    }
}

/// A colour of the strips and what it means.
#[component]
fn Key(level: Level, word: &'static str) -> impl IntoView {
    view! { <span class=format!("key of-{}", tone(level))>{word}</span> }
}

#[component]
fn Row(name: String, range: Memo<Range>, acts: Acts) -> impl IntoView {
    let address = use_address();
    let (of, this, muting) = (name.clone(), name.clone(), name.clone());
    let known =
        memo(move || acts.rules.data.with(|list| list.as_ref()?.rules.iter().find(|it| it.name == of).cloned()));
    let muted =
        memo(move || acts.list.data.with(|list| list.as_deref().is_some_and(|it| words::is_muted(it, &muting))));
    let opened = address.get("rule");
    let selected = memo(move || opened.with(|rule| rule.as_ref() == Some(&this)));
    let stands = memo(move || known.with(|rule| rule.as_ref().map(|rule| words::rule(rule, muted.get()))));
    let mark = move || {
        stands.get().map(|(shape, level, word)| {
            view! { <Mark shape level/><span class="vh">{word}": "</span> }
        })
    };
    let fired =
        Signal::derive(move || known.with(|rule| rule.as_ref().map(|rule| rule.fired.clone()).unwrap_or_default()));
    let level = Signal::derive(move || {
        known.with(|rule| rule.as_ref().map_or(Level::Mute, |rule| words::level(&rule.severity)))
    });
    let count = move || fired.with(Vec::len);
    let part = move |draw: fn(&AlertRuleView) -> AnyView| move || known.with(|rule| rule.as_ref().map(draw));
    let (shown, title) = (name.clone(), name.clone());
    view! {
        <tr aria-selected=move || selected.get().to_string() on:click=move |_| opened::open(address, Some(&name))>
            <td title=title><span class="stt">{mark}<button type="button" class="plain cut">{shown}</button></span></td>
            <td>{part(asks)}</td>
            <td class=move || format!("num {}", colour(stands.get().map(|stands| stands.1)))>{part(value)}</td>
            <td><Strip fired range level/></td>
            <td class=move || if count() == 0 { "num t3" } else { "num" }>{move || number::exact(count() as u64)}</td>
            <td class="t2">{part(|rule| rule.severity.clone().into_any())}</td>
        </tr>
    }
}

/// Only what somebody should look at has a colour.
fn colour(level: Option<Level>) -> &'static str {
    level.filter(|level| *level >= Level::Warn).map_or("", tone)
}

/// What it asks and for how long; of one that cannot be asked, why.
fn asks(rule: &AlertRuleView) -> AnyView {
    if let Some(problem) = &rule.problem {
        return view! { <span class="warn" title=problem.clone()><Sentence text=problem.clone()/></span> }.into_any();
    }
    let asked = asked(rule);
    let meaning = rule.meaning.clone();
    let hold = rule.rule.hold.as_deref().map(|hold| format!("for {}", spans::said(hold)));
    let note = if rule.rule.enabled { hold } else { Some("rests".to_owned()) };
    let meant = rule.asks.clone().unwrap_or_else(|| asked.clone());
    let words = match meaning {
        // A name that stands beside it already says nothing.
        Some(meaning) => view! { <span class="t2" title=meant>{meaning}</span> }.into_any(),
        None => view! { <code class="t2" title=meant>{asked}</code> }.into_any(),
    };
    view! { {words}" "<span class="t3 small">{note}</span> }.into_any()
}

/// In one line.
fn asked(rule: &AlertRuleView) -> String {
    let written = rule.rule.condition.as_ref().or(rule.rule.expr.as_ref()).or(rule.rule.sql.as_ref());
    let text = written.cloned().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn value(rule: &AlertRuleView) -> AnyView {
    let asks = rule.asks.as_deref().or(rule.rule.expr.as_deref());
    rule.value.map(|value| view! { <span title=value.to_string()>{words::value(value, asks)}</span> }).into_any()
}

/// `j` and `k` move the focus from row to row; Enter opens it.
pub(super) fn walk(command: Command) -> bool {
    let forward = match command {
        Command::Down => true,
        Command::Up => false,
        _ => return false,
    };
    let Ok(rows) = document().query_selector_all(".rules tbody button") else { return false };
    let active = document().active_element();
    let active = active.as_ref().map(AsRef::<web_sys::Node>::as_ref);
    let at = (0..rows.length()).find(|row| rows.item(*row).as_ref() == active);
    let to = match (at, forward) {
        (Some(at), true) => at + 1,
        (Some(at), false) => at.wrapping_sub(1),
        (None, _) => 0,
    };
    let row = rows.item(to).and_then(|row| row.dyn_into::<web_sys::Element>().ok());
    row.map(focus).is_some()
}

#[cfg(test)]
mod tests {
    use tapline_api::AlertRule;

    use super::*;

    #[test]
    fn what_is_asked_stands_in_one_line() {
        let sql = AlertRule { sql: Some("SELECT country\n  FROM events".to_owned()), ..AlertRule::default() };
        let view = AlertRuleView { rule: sql, ..AlertRuleView::default() };
        assert_eq!(asked(&view), "SELECT country FROM events");
        let condition = AlertRule { condition: Some("gaps".to_owned()), ..AlertRule::default() };
        let view = AlertRuleView { rule: condition, asks: Some("tapline_gaps > 0".to_owned()), ..view };
        assert_eq!(asked(&view), "gaps", "what it means stands in its title");
    }

    #[test]
    fn a_value_has_a_colour_only_where_it_fires() {
        assert_eq!([Some(Level::Bad), Some(Level::Ok), Some(Level::Mute), None].map(colour), ["bad", "", "", ""]);
    }
}
