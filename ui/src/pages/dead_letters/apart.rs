//! What sets the members of a cause apart from events that passed.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Apart, ApartFact};

use crate::{
    api::load::Load,
    format::{number, sentence},
    ui::{Loaded, Sentence, skeleton::Skeleton},
};

/// Facts shown; the API tells some more.
const SHOWN: usize = 6;

/// The right half.
#[component]
pub(super) fn ApartPane(apart: Load<Apart>) -> impl IntoView {
    let load = apart;
    let note = move || load.data.with(|apart| apart.as_ref().map(|apart| against(apart)));
    let skeleton = ViewFn::from(|| view! { <Skeleton widths=&[80, 64, 72]/> });
    let show = |apart: Arc<Apart>| view! { <Facts apart/> };
    view! {
        <div class="pane">
            <div class="subh"><h3>"What sets these apart"</h3><span class="t3 small">{note}</span></div>
            <Loaded load what="The comparison" skeleton show/>
        </div>
    }
}

/// `10 of them against 30 that passed`.
fn against(apart: &Apart) -> String {
    format!("{} of them against {} that passed", number::exact(apart.members), number::exact(apart.passed))
}

#[component]
fn Facts(apart: Arc<Apart>) -> impl IntoView {
    if let Some(reason) = apart.reason.clone() {
        return view! { <p class="else"><Sentence text=reason/></p> }.into_any();
    }
    let rows = apart.facts.iter().take(SHOWN).map(row).collect_view();
    let rest = apart.facts.len().saturating_sub(SHOWN);
    let more = if rest > 0 {
        format!("{} differ too, less clearly.", number::exact(rest as u64))
    } else {
        "Nothing else differs as much.".to_owned()
    };
    view! {
        <ul class="apart">
            <li class="ah"><span>"Field"</span><span>"Value"</span><span></span><span class="num">"these"</span><span class="num">"passed"</span></li>
            {rows}
        </ul>
        <p class="else">{more}</p>
    }
    .into_any()
}

fn row(fact: &ApartFact) -> impl IntoView + use<> {
    let width = |share: f64| format!("{:.1}%", (share * 100.0).clamp(0.5, 100.0));
    let value = match (fact.test.as_str(), &fact.value) {
        (_, Some(value)) => sentence::tame(value),
        ("absent", None) => "is not there".to_owned(),
        _ => "is there".to_owned(),
    };
    let (name, title) = (name(fact), format!("{} {value}", fact.part));
    view! {
        <li title=title>
            <code class="cut">{name}</code><b class="mono cut">{value}</b>
            <span class="two-bars" aria-hidden="true"><i class="x1" style:width=width(fact.of_members)></i><i class="x2" style:width=width(fact.of_passed)></i></span>
            <span class="num">{percent(fact.of_members)}</span><span class="num t2">{percent(fact.of_passed)}</span>
        </li>
    }
}

/// A header is told from a field; producer and partition name themselves.
fn name(fact: &ApartFact) -> String {
    match (fact.part.as_str(), fact.name.is_empty()) {
        ("header", _) => format!("header {}", sentence::tame(&fact.name)),
        (part, true) => part.to_owned(),
        _ => sentence::tame(&fact.name),
    }
}

/// A share that is not quite all or nothing must not read as if it were.
fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    match rounded {
        r if r >= 100.0 && share < 1.0 => ">99 %".to_owned(),
        r if r <= 0.0 && share > 0.0 => "<1 %".to_owned(),
        r => format!("{r:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_all_is_not_all() {
        assert_eq!(
            [percent(1.0), percent(0.999), percent(0.12), percent(0.001), percent(0.0)],
            ["100 %", ">99 %", "12 %", "<1 %", "0 %"]
        );
    }

    #[test]
    fn parts_without_a_name_name_themselves() {
        let fact = |part: &str, name: &str| ApartFact {
            part: part.into(),
            name: name.into(),
            test: "is".into(),
            value: None,
            of_members: 1.0,
            of_passed: 0.0,
        };
        assert_eq!(name(&fact("producer", "")), "producer");
        assert_eq!(name(&fact("payload", "card.type")), "card.type");
        assert_eq!(name(&fact("header", "version")), "header version");
    }
}
