//! What is remarkable, missing or too common on a chain, as sentences that lead to their evidence.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Chain, Level, Missing, MissingReason};

use super::{selection::Selection, words};
use crate::{
    format::{id::last_words, number},
    ui::{IdLink, Mark, Sentence, Shape},
};

/// Evidence shown before the rest is counted.
const FEW: usize = 4;

/// The panels; those without rows are not shown.
#[component]
pub(crate) fn Notes(chain: Memo<Option<Arc<Chain>>>, selection: Selection) -> impl IntoView {
    move || chain.get().map(|chain| view! { {truncated(&chain)}{remarkable(&chain, selection)}{names(&chain)} })
}

fn truncated(chain: &Chain) -> Option<impl IntoView + use<>> {
    let count = number::exact(chain.members.len() as u64);
    let text = format!(
        "The walk ended at its limit of {count} members: more events hold these IDs. A narrower ID, such as that of one order, shows its whole story."
    );
    chain
        .truncated
        .then(|| view! { <p class="note-line"><Mark shape=Shape::Behind level=Level::Warn/><span>{text}</span></p> })
}

fn remarkable(chain: &Arc<Chain>, selection: Selection) -> Option<impl IntoView + use<>> {
    let findings = chain.findings.iter().map(|finding| {
        let (word, level) = words::finding(finding.kind);
        let shape = if level >= Level::Warn { Shape::Behind } else { Shape::New };
        line(shape, level, word, finding.sentence.clone(), evidence(chain, &finding.evidence, selection).into_any())
    });
    // That the walk ended is said above already.
    let beyond = |missing: &&Missing| missing.reason == MissingReason::Budget && missing.named_by.is_none();
    let missing = chain.missing.iter().filter(|missing| !beyond(missing)).map(|missing| {
        let named: Vec<String> = missing.named_by.iter().cloned().collect();
        let word = format!("Missing, {}", words::reason(missing.reason));
        line(Shape::Off, Level::Warn, word, missing.what.clone(), evidence(chain, &named, selection).into_any())
    });
    let lines: Vec<_> = missing.chain(findings).collect();
    let count = lines.len();
    (count > 0).then(|| {
        view! {
            <section class="panel">
                <div class="head"><h2>"Remarkable"</h2><span class="t3">{count}</span></div>
                <ul class="notes">{lines}</ul>
            </section>
        }
    })
}

fn line(shape: Shape, level: Level, word: impl Into<String>, sentence: String, links: AnyView) -> AnyView {
    let word = word.into();
    view! { <li><Mark shape level/><span class="what">{word}</span><span><Sentence text=sentence/>" "{links}</span></li> }
        .into_any()
}

/// Links to the members that show it.
fn evidence(chain: &Arc<Chain>, addresses: &[String], selection: Selection) -> impl IntoView + use<> {
    let places =
        addresses.iter().filter_map(|address| chain.members.iter().position(|member| member.address == *address));
    let link = |place: usize| {
        let member = &chain.members[place];
        let name = super::items::type_of(member);
        let text = format!("{} {}", last_words(&name, 24), super::items::place(member));
        let title = member.address.clone();
        let press = move |_| {
            selection.choose(place);
            selection.moved.update(|moved| *moved += 1);
        };
        view! { <button type="button" class="id to" title=title on:click=press>{text}</button> }
    };
    let links: Vec<_> = places.take(FEW).map(link).collect();
    let more = addresses.len().saturating_sub(FEW);
    let more = (more > 0).then(|| view! { <span class="t3">{format!(" and {more} more")}</span> });
    (!links.is_empty()).then(|| view! { <span class="shown-by">{links}{more}</span> })
}

/// IDs that were not walked, and other readings of a bare value.
fn names(chain: &Chain) -> Option<impl IntoView + use<>> {
    let hubs: Vec<_> = chain
        .hubs
        .iter()
        .map(|hub| {
            let id = format!("{}={}", hub.id.name, hub.id.value);
            view! { <li><IdLink id/><span class="t2">{format!("joins {} events or more: counted, not walked", number::short(hub.rows))}</span></li> }
        })
        .collect();
    let also: Vec<_> = chain.also.iter().map(|id| view! { <li><IdLink id=format!("{}={}", id.name, id.value)/><span class="t2">"the same value under another name"</span></li> }).collect();
    (!hubs.is_empty() || !also.is_empty()).then(|| {
        view! {
            <section class="panel">
                <div class="head"><h2>"Not followed"</h2><span class="t3">"each can be looked at by itself"</span></div>
                <ul class="names">{hubs}{also}</ul>
            </section>
        }
    })
}
