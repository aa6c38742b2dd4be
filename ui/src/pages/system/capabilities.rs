//! What a source can do, and why not: a capability that is missing says its reason instead of an empty panel.

use leptos::prelude::*;
use tapline_api::{CapabilityView, Level};

use crate::ui::{Ico, Icon, Mark, Sentence, Shape};

/// The line of capabilities, then a sentence for each that is missing.
pub(super) fn capabilities(all: &[CapabilityView]) -> impl IntoView + use<> {
    let chip = |one: &CapabilityView| {
        let word = word(&one.name);
        if one.available {
            view! { <li><Ico icon=Icon::Check/>{word}</li> }.into_any()
        } else {
            view! { <li class="not"><Mark shape=Shape::Off level=Level::Mute small=true/><span>{word}<span class="vh">", not available"</span></span></li> }.into_any()
        }
    };
    let reason = |one: &CapabilityView| {
        let (word, reason) =
            (word(&one.name), one.reason.clone().unwrap_or_else(|| "this kind of source cannot".to_owned()));
        (!one.available).then(|| view! { <li><b>{word}</b>" is not available: "<Sentence text=reason/></li> })
    };
    view! {
        <ul class="caps" aria-label="Can do">{all.iter().map(chip).collect_view()}</ul>
        <ul class="cannot">{all.iter().map(reason).collect_view()}</ul>
    }
}

/// The contract's word as people say it.
fn word(name: &str) -> String {
    match name {
        "tap" => "Read unnoticed".to_owned(),
        "lag" => "Lag of groups".to_owned(),
        "dead_letters" => "Dead letters".to_owned(),
        "publish" => "Replay".to_owned(),
        "seek" => "Read from before".to_owned(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_capability_of_a_newer_server_still_has_a_word() {
        assert_eq!(super::word("publish"), "Replay");
        assert_eq!(super::word("time_travel"), "time travel");
    }
}
