//! What is wrong with a group or was lately, the event on which it stands first.

use leptos::prelude::*;
use tapline_api::{GroupDetail, GroupFinding, Level};

use crate::{
    format::{self, time},
    state::{
        time_range::use_zone,
        url::{chain_path, use_address},
    },
    ui::{Mark, Sentence, Shape, state::tone},
};

/// The findings; nothing without.
pub(super) fn findings(detail: &GroupDetail) -> Option<impl IntoView + use<>> {
    let all: Vec<_> = detail.findings.iter().take(8).cloned().map(line).collect();
    (!all.is_empty()).then(|| view! { <ul class="found">{all}</ul> })
}

fn line(finding: GroupFinding) -> impl IntoView {
    let (address, zone, now) = (use_address(), use_zone(), format::now());
    let at = time::parse(&finding.at);
    let title = move || at.map(|at| time::full(at, zone.get()));
    let when = at.map(|at| time::relative(at.div_euclid(1000), now));
    let is_bad = finding.level == Level::Bad;
    let evidence = finding.evidence.clone().map(|evidence| {
        let class = if is_bad { "btn btn-primary btn-s" } else { "btn btn-s" };
        view! { <a class=class href=move || address.link(&chain_path(&evidence))>"Open event"</a> }
    });
    let shape = match (finding.kind.as_str(), finding.level) {
        ("standing_still" | "no_member", _) => Shape::Standing,
        (_, Level::Bad) => Shape::Failing,
        (_, Level::Mute) => Shape::Event,
        _ => Shape::Behind,
    };
    view! {
        <li class=tone(finding.level)>
            <Mark shape level=finding.level/><span><Sentence text=finding.sentence/></span>
            <time class="t3" title=title>{when}</time>{evidence}
        </li>
    }
}
