//! What fires now, worst first, with who was told; then what nobody hears of, then what may fire soon. A row stays while
//! its words change: a menu that is open in it stays open.

use leptos::prelude::*;
use tapline_api::{Alert, AlertList, AlertRuleList, AlertState, Level, Muted};

use super::{
    acts::Acts,
    facts::is_page,
    matchers, opened,
    silence::{SilenceMenu, Silencing},
    words,
};
use crate::{
    format::{self, number, sentence, time},
    order::sort_by_key,
    react::memo,
    state::{time_range::use_zone, url::use_address},
    ui::{Button, Mark, Sentence, Shape},
};

/// Rows that are shown at once.
const MOST: usize = 50;

/// The panel; one quiet line where nothing fires.
#[component]
pub(super) fn Firing(acts: Acts, silencing: Silencing) -> impl IntoView {
    let address = use_address();
    let show = address.get("show");
    let all = memo(move || show.with(|show| show.as_deref() == Some("all")));
    let ids =
        memo(move || acts.list.data.with(|list| list.as_ref().map(|list| ordered(&list.alerts)).unwrap_or_default()));
    let any = memo(move || ids.with(|ids| !ids.is_empty()));
    let shown =
        move || ids.with(|ids| ids.iter().take(if all.get() { ids.len() } else { MOST }).cloned().collect::<Vec<_>>());
    let more = move || {
        let count = ids.with(Vec::len);
        let press = move |_| address.replace(|query| query.set("show", Some("all")));
        (count > MOST && !all.get()).then(|| {
            let words = format!("Show all {}", number::exact(count as u64));
            view! { <p class="pad"><button type="button" class="link plain small" on:click=press>{words}</button></p> }
        })
    };
    let note = move || acts.list.data.with(|list| list.as_ref().map(|list| counts(&list.alerts)));
    let calm = move || acts.rules.data.with(|rules| calm(rules.as_deref()));
    move || {
        match any.get() {
        false => view! { <section class="panel calm-panel"><Mark shape=Shape::Well level=Level::Ok/><span>{calm}</span></section> }.into_any(),
        true => view! {
            <section class="panel" aria-label="Firing now">
                <div class="head"><h2>"Firing now"</h2><span class="t3 cut">{note}</span></div>
                <ol class="firing"><For each=shown key=|id| id.clone() children=move |id| view! { <Row id acts silencing/> }/></ol>
                {more}
            </section>
        }
        .into_any(),
    }
    }
}

/// Fingerprints: firing, muted, pending; within each as the server has them.
fn ordered(alerts: &[Alert]) -> Vec<String> {
    let mut all: Vec<&Alert> = alerts.iter().collect();
    sort_by_key(&mut all, |alert| match (alert.state, alert.muted.is_some()) {
        (AlertState::Firing, false) => 0,
        (AlertState::Firing, true) => 1,
        _ => 2,
    });
    all.into_iter().map(|alert| alert.fingerprint.clone()).collect()
}

/// `3 fire, 1 is muted, 2 may fire soon`.
fn counts(alerts: &[Alert]) -> String {
    let of = |state, muted| alerts.iter().filter(|it| it.state == state && it.muted.is_some() == muted).count() as u64;
    let (firing, muted) = (of(AlertState::Firing, false), of(AlertState::Firing, true));
    let pending = of(AlertState::Pending, false) + of(AlertState::Pending, true);
    let told = [
        (firing, number::count(firing, "fires", "fire")),
        (muted, number::count(muted, "is muted", "are muted")),
        (pending, number::count(pending, "may fire soon", "may fire soon")),
    ];
    told.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect::<Vec<_>>().join(", ")
}

/// What is said while nothing fires.
fn calm(rules: Option<&AlertRuleList>) -> String {
    let Some(rules) = rules else { return "Nothing fires.".to_owned() };
    let asked = rules.rules.iter().filter(|it| it.rule.enabled && it.problem.is_none()).count() as u64;
    let fired: u64 = rules.rules.iter().map(|it| it.fired.len() as u64).sum();
    let asked = match asked {
        0 => return "Nothing fires: no rule is asked.".to_owned(),
        asked => {
            format!("Nothing fires: {} and found nothing.", number::count(asked, "rule was asked", "rules were asked"))
        }
    };
    match fired {
        0 => format!("{asked} None fired in the last seven days."),
        fired => format!("{asked} In the last seven days they fired {}.", number::count(fired, "time", "times")),
    }
}

#[component]
fn Row(id: String, acts: Acts, silencing: Silencing) -> impl IntoView {
    let address = use_address();
    let list = acts.list.data;
    let known = memo(move || list.with(|list| list.as_ref()?.alerts.iter().find(|it| it.fingerprint == id).cloned()));
    let part = move |draw: fn(&Alert) -> AnyView| move || known.with(|alert| alert.as_ref().map(draw));
    let quiet = move || known.with(|alert| alert.as_ref().is_some_and(|it| it.state == AlertState::Pending));
    let silence = memo(move || known.with(|alert| alert.as_ref().and_then(by_silence)));
    let href = move || address.link(&known.with(|alert| alert.as_ref().map(|it| it.href.clone()).unwrap_or_default()));
    let has_page = memo(move || known.with(|alert| alert.as_ref().is_some_and(|it| !it.href.is_empty())));
    let rule = known.with_untracked(|alert| alert.as_ref().map(|it| it.rule.clone()).unwrap_or_default());
    let met = Signal::derive(move || known.with(|it| it.as_ref().map(matchers::of_alert).unwrap_or_default()));
    let act = move || match silence.get() {
        Some(id) => {
            view! { <Button text="End silence" small=true on_press=move |_| acts.end_silence(&id)/> }.into_any()
        }
        None => view! { <SilenceMenu matchers=met of=rule.clone() acts silencing/> }.into_any(),
    };
    view! {
        <li class:quiet=quiet>
            {part(mark)}
            <div class="say">{part(said)}</div>
            <dl>{move || known.with(|alert| list.with(|list| Some(figures(alert.as_ref()?, list.as_deref()?, acts))))}</dl>
            <span class="acts">{move || has_page.get().then(|| view! { <a class="btn btn-s" href=href>"Open"</a> })}{act}</span>
        </li>
    }
}

fn by_silence(alert: &Alert) -> Option<String> {
    match &alert.muted {
        Some(Muted::Silence { id }) => Some(id.clone()),
        _ => None,
    }
}

fn mark(alert: &Alert) -> AnyView {
    let (shape, level, word) = words::alert(alert);
    view! { <Mark shape level/><span class="vh">{format!("{word}, {}: ", alert.severity)}</span> }.into_any()
}

fn said(alert: &Alert) -> AnyView {
    let runbook = alert.annotations.get("runbook_url").filter(|url| is_page(url)).cloned();
    let runbook =
        runbook.map(|url| view! { <a class="link" href=url target="_blank" rel="noopener noreferrer">"Runbook"</a> });
    let next = (alert.next_step.is_some() || runbook.is_some()).then(|| {
        let step = alert.next_step.clone().map(|step| view! { <Sentence text=sentence::closed(&step)/>" " });
        view! { <span class="next">{step}{runbook}</span> }
    });
    let held = alert.held.clone().map(|held| view! { <span class="warn"><Sentence text=held/></span> });
    let detail = alert.detail.clone().map(|detail| view! { " "<span class="t3"><Sentence text=detail/></span> });
    view! {
        <b><opened::RuleLink name=alert.rule.clone()/></b>
        <span><Sentence text=sentence::closed(&alert.sentence)/>{detail}</span>
        {next}{held}
    }
    .into_any()
}

/// Since when, and who was told; of one that waits, when it fires.
fn figures(alert: &Alert, list: &AlertList, acts: Acts) -> AnyView {
    let (zone, now) = (use_zone(), format::now());
    let begin = time::parse(alert.fired_at.as_deref().unwrap_or(&alert.active_at));
    let title = move || begin.map(|at| time::full(at, zone.get()));
    let since = words::since(alert, now);
    let (name, told) = match alert.state {
        AlertState::Pending => {
            let hold = acts
                .rules
                .data
                .with(|rules| rules.as_ref()?.rules.iter().find(|it| it.name == alert.rule)?.rule.hold.clone());
            ("then", words::fires_in(alert, hold.as_deref(), now).unwrap_or_else(|| "may fire".to_owned()))
        }
        _ => ("told", words::told(alert, list, now)),
    };
    let whole = told.clone();
    view! { <dt>"for"</dt><dd title=title>{since}</dd><dt>{name}</dt><dd title=whole>{told}</dd> }.into_any()
}

#[cfg(test)]
mod tests {
    use tapline_api::{AlertRule, AlertRuleView, Fired};

    use super::*;

    fn alert(fingerprint: &str, state: AlertState, muted: bool) -> Alert {
        let muted = muted.then(|| Muted::Alert { rule: "Worse".to_owned() });
        Alert { fingerprint: fingerprint.to_owned(), state, muted, ..Alert::default() }
    }

    #[test]
    fn what_somebody_should_hear_of_comes_first() {
        let all = [
            alert("p", AlertState::Pending, false),
            alert("m", AlertState::Firing, true),
            alert("a", AlertState::Firing, false),
            alert("b", AlertState::Firing, false),
        ];
        assert_eq!(ordered(&all), ["a", "b", "m", "p"]);
        assert_eq!(counts(&all), "2 fire, 1 is muted, 1 may fire soon");
        assert_eq!(counts(&all[..1]), "1 may fire soon");
    }

    #[test]
    fn calm_says_how_many_were_asked() {
        let rule =
            AlertRuleView { rule: AlertRule { enabled: true, ..AlertRule::default() }, ..AlertRuleView::default() };
        let rests = AlertRuleView::default();
        let list = |rules: Vec<AlertRuleView>| AlertRuleList { rules, ..AlertRuleList::default() };
        let said = calm(Some(&list(vec![rule.clone(), rests.clone()])));
        assert_eq!(said, "Nothing fires: 1 rule was asked and found nothing. None fired in the last seven days.");
        let fired = AlertRuleView { fired: vec![Fired::default(); 2], ..rule };
        assert!(calm(Some(&list(vec![fired]))).ends_with("In the last seven days they fired 2 times."));
        assert_eq!(calm(Some(&list(vec![rests]))), "Nothing fires: no rule is asked.");
        assert_eq!(calm(None), "Nothing fires.");
    }
}
