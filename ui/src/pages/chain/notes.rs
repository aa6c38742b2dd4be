//! What is remarkable, missing or too common on a chain, as sentences that lead to their evidence.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{Chain, Level, Missing, MissingReason};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{selection::Selection, words};
use crate::{
    format::{id::last_words, number},
    ui::{IdLink, Mark, Sentence, Shape},
};

/// Evidence shown before the rest is counted.
const FEW: usize = 4;
/// The element that lists what is remarkable.
const LIST: &str = "remarkable";

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

/// The detail without the words that count the findings, and these words.
pub(crate) fn counted(chain: &Chain) -> (String, Option<String>) {
    let words = format!("{} on the way.", number::count(chain.findings.len() as u64, "finding", "findings"));
    match chain.detail.split_once(&words) {
        Some((before, after)) => (format!("{before}{}", after.trim_start()), Some(words)),
        None => (chain.detail.clone(), None),
    }
}

/// Leads from the words that count the findings to where they stand.
#[component]
pub(crate) fn ToFindings(words: Memo<Option<String>>) -> impl IntoView {
    let press = move |_| {
        if let Some(list) = document().get_element_by_id(LIST).and_then(|list| list.dyn_into::<HtmlElement>().ok()) {
            list.scroll_into_view();
            let _only_fails_when_it_is_gone = list.focus();
        }
    };
    move || {
        words.get().map(|words| view! { " "<button type="button" class="link plain" on:click=press>{words}</button> })
    }
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
            <section class="panel" id=LIST tabindex="-1">
                <div class="head"><h2>"Remarkable"</h2><span class="t3">{number::exact(count as u64)}</span></div>
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
    let more =
        (more > 0).then(|| view! { <span class="t3">{format!(" and {} more", number::exact(more as u64))}</span> });
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

#[cfg(test)]
mod tests {
    use tapline_api::{ChainState, Finding, FindingKind};

    use super::{super::samples::chain, *};

    /// They stood there and led nowhere.
    #[test]
    fn the_words_that_count_findings_are_taken_out_of_the_detail() {
        let mut chain = (*chain(ChainState::Complete, Vec::new(), &[])).clone();
        chain.detail = "From `a` to `b`. 1 finding on the way. Only the first 5,000 members are shown.".into();
        assert_eq!(counted(&chain), (chain.detail.clone(), None));
        chain.findings = vec![Finding { kind: FindingKind::Duplicate, sentence: String::new(), evidence: Vec::new() }];
        let (detail, words) = counted(&chain);
        assert_eq!(detail, "From `a` to `b`. Only the first 5,000 members are shown.");
        assert_eq!(words.as_deref(), Some("1 finding on the way."));
    }
}
