//! Who wants quiet, of what, and for how much longer.

use leptos::prelude::*;
use tapline_api::Silence;

use super::{acts::Acts, matchers, silence::Silencing, words};
use crate::{
    format::{self, number, sentence, time},
    react::memo,
    state::time_range::use_zone,
    ui::{Button, Ico, Icon, Look},
};

/// The panel.
#[component]
pub(super) fn Silences(acts: Acts, silencing: Silencing) -> impl IntoView {
    let ids = memo(move || {
        acts.list
            .data
            .with(|list| list.iter().flat_map(|list| &list.silences).map(|it| it.id.clone()).collect::<Vec<_>>())
    });
    let count = move || ids.with(|ids| (!ids.is_empty()).then(|| number::exact(ids.len() as u64)));
    let none = move || {
        ids.with(Vec::is_empty)
            .then(|| view! { <p class="pad t2 small">"Nobody wants quiet: whatever fires is told."</p> })
    };
    view! {
        <section class="panel" aria-label="Silences">
            <div class="head"><h2>"Silences"</h2><span class="t3">{count}</span>
                <span class="end"><Button text="Add" icon=Icon::Plus look=Look::Quiet small=true on_press=move |_| silencing.ask(Vec::new())/></span></div>
            {none}
            <ul class="alert-lines"><For each=move || ids.get() key=|id| id.clone() children=move |id| view! { <Row id acts/> }/></ul>
        </section>
    }
}

#[component]
fn Row(id: String, acts: Acts) -> impl IntoView {
    let (of, ended) = (id.clone(), id);
    let known =
        memo(move || acts.list.data.with(|list| list.as_ref()?.silences.iter().find(|it| it.id == of).cloned()));
    let said = move || known.with(|silence| silence.as_ref().map(said));
    // The time that is left changes though the silence does not.
    let left = move || {
        acts.list.data.track();
        known.with(|silence| silence.as_ref().map(|silence| left(silence, format::now())))
    };
    let zone = use_zone();
    let title = move || {
        let at = known.with(|silence| silence.as_ref().and_then(|silence| time::parse(&silence.to)));
        at.map(|at| format!("until {}", time::full(at, zone.get())))
    };
    view! {
        <li><Ico icon=Icon::Silence/><span>{said}</span><span class="push t2" title=title>{left}</span>
            <Button text="End" look=Look::Quiet small=true on_press=move |_| acts.end_silence(&ended)/></li>
    }
}

fn said(silence: &Silence) -> AnyView {
    let (head, rest) = matchers::shown(&silence.matchers);
    let rest = (!rest.is_empty()).then(|| view! { <small class="mono cut" title=rest.clone()>{rest.clone()}</small> });
    view! { <b>{head}</b>{rest}<small>{why(silence)}</small> }.into_any()
}

/// `Mara Lindqvist: deploy of payments; mutes 2 now`.
fn why(silence: &Silence) -> String {
    let mutes = match silence.mutes {
        0 => String::new(),
        mutes => format!("; mutes {} now", number::exact(mutes as u64)),
    };
    format!("{}: {}{mutes}", sentence::person(&silence.who), silence.reason)
}

/// `38 min left`, or when it begins.
fn left(silence: &Silence, now: i64) -> String {
    match time::parse(&silence.from).map(|at| at.div_euclid(1000) - now) {
        Some(wait) if wait > 0 => format!("begins in {}", time::largest(wait)),
        _ => words::until(&silence.to, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_230_764_000;

    fn silence(from: i64, to: i64) -> Silence {
        let at = |ms: i64| time::rfc3339((NOW + ms) * 1000);
        Silence {
            from: at(from),
            to: at(to),
            who: "Mara".to_owned(),
            reason: "a deploy".to_owned(),
            ..Silence::default()
        }
    }

    #[test]
    fn a_silence_says_how_long_it_lasts_or_when_it_begins() {
        assert_eq!(left(&silence(-60_000, 2_280_000), NOW), "38 min left");
        assert_eq!(left(&silence(7_200_000, 9_000_000), NOW), "begins in 2 h");
        assert_eq!(left(&silence(-60_000, -1_000), NOW), "over");
    }

    #[test]
    fn it_says_who_and_why_and_what_it_mutes() {
        assert_eq!(why(&silence(0, 1)), "Mara: a deploy");
        let somebody = Silence { who: String::new(), mutes: 2, ..silence(0, 1) };
        assert_eq!(why(&somebody), "Somebody: a deploy; mutes 2 now");
    }
}
