//! What is known of a rule: how it stands, what it asks, what is told with it, when it fired.

use leptos::prelude::*;
use tapline_api::{AlertRuleView, Fired, Labels, Level, RuleOrigin};

use super::{acts::Acts, opened::Known, spans, strip::when, words};
use crate::{
    format::{self, number, sentence, time},
    react::memo,
    state::time_range::use_zone,
    ui::{
        Copy, Mark, Sentence, Shape,
        code::{Code, Language},
    },
};

/// Times that are listed.
const MOST: usize = 50;

/// The sections of the drawer.
#[component]
pub(super) fn Facts(known: Known, acts: Acts) -> impl IntoView {
    // What was written stays while it is asked again and again: somebody may be reading, or marking it to be copied.
    let written = memo(move || known.with(|rule| rule.as_ref().map(still)));
    let part = move |of: Known, draw: fn(&AlertRuleView, Acts) -> AnyView| {
        move || of.with(|rule| rule.as_ref().map(|rule| draw(rule, acts)))
    };
    view! { {part(known, stands)}{part(written, asks)}{part(written, told)}{part(known, fired)} }
}

/// Without what changes at every look.
fn still(rule: &AlertRuleView) -> AlertRuleView {
    let rule = rule.clone();
    AlertRuleView { asked_at: None, took_ms: None, value: None, fired: Vec::new(), ..rule }
}

/// Where it comes from, in a sentence.
pub(super) fn origin(rule: &AlertRuleView) -> String {
    let who = rule.who.as_deref().filter(|who| !sentence::is_nobody(who));
    match (rule.origin, who) {
        (RuleOrigin::Default, _) => "Came with Tapline.".to_owned(),
        (RuleOrigin::File, _) => "Stands in the configuration file, and is changed there.".to_owned(),
        (RuleOrigin::Page, who) => {
            let by = who.map(|who| format!(" by {who}")).unwrap_or_default();
            let instead = if rule.hides_default { ", in place of the one that came with Tapline" } else { "" };
            format!("Written here{by}{instead}.")
        }
    }
}

/// How it stands: what keeps it from being asked, else what it found when it was asked last.
fn stands(rule: &AlertRuleView, _acts: Acts) -> AnyView {
    let now = format::now();
    let problem = rule.problem.clone().map(|problem| {
        view! { <p class="note-line"><Mark shape=Shape::Behind level=Level::Warn/><span><Sentence text=problem/></span></p> }
    });
    let at = rule.asked_at.as_deref().and_then(time::parse).map(|at| time::relative(at.div_euclid(1000), now));
    let took = rule.took_ms.map(|ms| format!(", in {}", number::duration(ms))).unwrap_or_default();
    let asked = at.map(|at| format!("Asked {at}{took}."));
    let asked = asked.unwrap_or_else(|| if rule.rule.enabled { "Not asked yet." } else { "It rests." }.to_owned());
    view! { <section>{problem}<p class="small t2">{finds(rule)}" "<span class="t3">{asked}</span></p></section> }
        .into_any()
}

/// `2 fire, 1 may fire soon; the worst is 45 min.`
fn finds(rule: &AlertRuleView) -> String {
    let (firing, pending) = (rule.firing as u64, rule.pending as u64);
    let worst = rule.value.map(|value| words::value(value, rule.asks.as_deref().or(rule.rule.expr.as_deref())));
    let worst = worst.map(|value| format!("; the worst is {value}")).unwrap_or_default();
    match (firing, pending) {
        (0, 0) => rule.value.map_or_else(String::new, |_| format!("Nothing fires{worst}.")),
        (firing, 0) => format!("{}{worst}.", number::count(firing, "fires", "fire")),
        (0, pending) => format!("{} may fire soon{worst}.", number::exact(pending)),
        (firing, pending) => {
            format!("{}, {} may fire soon{worst}.", number::count(firing, "fires", "fire"), number::exact(pending))
        }
    }
}

/// The text of the rule, and what it comes to.
fn asks(rule: &AlertRuleView, acts: Acts) -> AnyView {
    let written = &rule.rule;
    let (name, text, language) = match (&written.condition, &written.sql, &written.expr) {
        (Some(condition), _, _) => ("Condition", condition, Language::Shell),
        (_, Some(sql), _) => ("Query", sql, Language::Sql),
        (_, _, Some(expr)) => ("Expression", expr, Language::Shell),
        _ => return ().into_any(),
    };
    let meaning = written.condition.as_deref().and_then(|condition| meaning(condition, acts));
    let meaning = meaning.map(|meaning| view! { <p class="small t2"><Sentence text=meaning/></p> });
    let comes_to = rule.asks.clone().filter(|asks| asks != text);
    let comes_to = comes_to.map(|asks| view! { <p class="small t3">"asks"</p><pre class="code wrap">{asks}</pre> });
    let copied = Signal::stored(text.clone());
    view! {
        <section>
            <h3>{name}<span class="end"><Copy text=copied label="Copy it"/></span></h3>
            <pre class="code wrap"><Code language text=text.clone()/></pre>
            {meaning}{comes_to}
            <dl class="kv asked-how">
                <dt>"Fires"</dt><dd>{hold(written.hold.as_deref(), "at once", "when it held for ")}</dd>
                <dt>"Ends"</dt><dd>{hold(written.keep_firing_for.as_deref(), "as soon as it does not hold", "when it did not hold for ")}</dd>
            </dl>
        </section>
    }
    .into_any()
}

fn hold(length: Option<&str>, without: &str, with: &str) -> String {
    length.map_or_else(|| without.to_owned(), |length| format!("{with}{}", spans::said(length)))
}

/// When a condition holds, in words.
fn meaning(condition: &str, acts: Acts) -> Option<String> {
    let name = condition.split('{').next()?.trim();
    acts.rules
        .data
        .with_untracked(|list| list.as_ref()?.conditions.iter().find(|it| it.name == name).map(|it| it.meaning.clone()))
}

/// Whom it is told and with which words.
fn told(rule: &AlertRuleView, _acts: Acts) -> AnyView {
    let pair = |(name, value): (&String, &String)| {
        let value = value.clone();
        let value = match name.ends_with("_url") && is_page(&value) {
            true => view! { <a class="link" href=value.clone() target="_blank" rel="noopener noreferrer">{value.clone()}</a> }.into_any(),
            false => value.into_any(),
        };
        view! { <dt>{name.replace('_', " ")}</dt><dd>{value}</dd> }
    };
    let notes = rule.rule.annotations.iter().map(pair).collect_view();
    let labels: Vec<String> = named(&rule.rule.labels);
    let labels = (!labels.is_empty()).then(|| view! { <dt>"labels"</dt><dd class="mono">{labels.join(", ")}</dd> });
    let channels = match &rule.rule.channels {
        None => "all channels".to_owned(),
        Some(names) if names.is_empty() => "nobody".to_owned(),
        Some(names) => names.join(", "),
    };
    view! {
        <section><h3>"Tells"</h3>
            <dl class="kv"><dt>"whom"</dt><dd>{channels}</dd><dt>"severity"</dt><dd>{rule.severity.clone()}</dd>{notes}{labels}</dl></section>
    }
    .into_any()
}

/// Without the severity, which has a line of its own.
fn named(labels: &Labels) -> Vec<String> {
    labels.iter().filter(|(name, _)| *name != "severity").map(|(name, value)| format!("{name}={value:?}")).collect()
}

/// Whether a text leads to a page: nothing but the web is opened, and nothing that is still a template.
pub(super) fn is_page(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && !text.contains("{{")
}

/// When it fired, newest first.
fn fired(rule: &AlertRuleView, _acts: Acts) -> AnyView {
    let asks = rule.asks.clone().or_else(|| rule.rule.expr.clone());
    let lines = rule.fired.iter().rev().take(MOST).map(|fired| line(fired, asks.as_deref())).collect_view();
    let count = rule.fired.len();
    let note = number::count(count as u64, "time in seven days", "times in seven days");
    let content = match count {
        0 => view! { <p class="small t2">"It did not fire in the last seven days."</p> }.into_any(),
        _ => view! { <ol class="fired-at">{lines}</ol> }.into_any(),
    };
    let more = (count > MOST)
        .then(|| view! { <p class="small t3">{format!("and {} before", number::exact((count - MOST) as u64))}</p> });
    view! { <section><h3>"Fired"<span class="n">{(count > 0).then_some(note)}</span></h3>{content}{more}</section> }
        .into_any()
}

fn line(fired: &Fired, asks: Option<&str>) -> impl IntoView + use<> {
    let (zone, now) = (use_zone(), format::now());
    let begin = time::parse(&fired.from);
    let title = move || begin.map(|at| time::full(at, zone.get()));
    let of = fired.clone();
    let at = move || when(&of, zone.get(), now);
    let worst = fired.value.map(|value| words::value(value, asks));
    let labels = named(&fired.labels).join(", ");
    let (shape, level) = if fired.to.is_none() { (Shape::Failing, Level::Bad) } else { (Shape::Well, Level::Mute) };
    view! {
        <li><Mark shape level small=true/><span title=title>{at}</span><span class="num t2">{worst}</span>
            <code class="t3 cut" title=labels.clone()>{labels.clone()}</code></li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(origin: RuleOrigin) -> AlertRuleView {
        AlertRuleView { origin, who: Some("Mara".to_owned()), ..AlertRuleView::default() }
    }

    #[test]
    fn where_a_rule_comes_from_is_a_sentence() {
        assert_eq!(origin(&view(RuleOrigin::Default)), "Came with Tapline.");
        assert_eq!(origin(&view(RuleOrigin::Page)), "Written here by Mara.");
        let hides = AlertRuleView { hides_default: true, who: None, ..view(RuleOrigin::Page) };
        assert_eq!(origin(&hides), "Written here, in place of the one that came with Tapline.");
    }

    #[test]
    fn what_it_finds_is_told_with_the_worst_of_it() {
        let rule = AlertRuleView { firing: 2, pending: 1, value: Some(14_800.0), ..AlertRuleView::default() };
        assert_eq!(finds(&rule), "2 fire, 1 may fire soon; the worst is 14.8k.");
        assert_eq!(finds(&AlertRuleView { firing: 1, pending: 0, value: None, ..rule.clone() }), "1 fires.");
        assert_eq!(
            finds(&AlertRuleView { firing: 0, pending: 0, ..rule.clone() }),
            "Nothing fires; the worst is 14.8k."
        );
        assert_eq!(finds(&AlertRuleView { firing: 0, pending: 0, value: None, ..rule }), "");
    }

    #[test]
    fn only_pages_of_the_web_are_links() {
        assert!(is_page("https://wiki/x") && is_page("http://wiki/x"));
        assert!(!is_page("javascript:alert(1)") && !is_page("https://wiki/{{ $labels.group }}"));
    }
}
