//! When a rule fires, what it says and whom it tells, as fields.

use leptos::prelude::*;

use super::{acts::Acts, draft::Draft};
use crate::{
    react::memo,
    ui::{
        Segments,
        fields::{Text, group, input, tick, ticked},
    },
};

/// Known severities, worst first.
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// For how long it must hold.
pub(super) fn when(draft: RwSignal<Draft>) -> AnyView {
    let content = view! {
        <div class="two-fields">
            {field(draft, |draft| &mut draft.hold, "Must hold for", "at once without")}
            {field(draft, |draft| &mut draft.keep, "Fires on for", "after it held last")}
        </div>
        {tick(draft, |draft| &mut draft.enabled, "It is asked")}
    };
    group("When", content)
}

/// The texts.
pub(super) fn says(draft: RwSignal<Draft>) -> AnyView {
    // Shown where there are any: the four texts are all that is told without them.
    let others = draft.with_untracked(|draft| !draft.annotations.is_empty()).then(|| {
        labelled(
            "Other annotations",
            area(draft, |draft| &mut draft.annotations, "2", "Other annotations"),
            "one a line, name=value",
        )
    });
    let content = view! {
        <div class="two-fields">{severity(draft)}{field(draft, |draft| &mut draft.runbook_url, "Runbook", "")}</div>
        {field(draft, |draft| &mut draft.summary, "Summary", "{{ $labels.group }} and {{ $value }} stand for what was found")}
        {labelled("Description", area(draft, |draft| &mut draft.description, "2", "Description"), "")}
        {field(draft, |draft| &mut draft.next_step, "Next step", "")}
        {others}
        {labelled("Other labels", area(draft, |draft| &mut draft.labels, "2", "Other labels"), "one a line, name=value; added to those of what is found")}
    };
    group("Says", content)
}

fn severity(draft: RwSignal<Draft>) -> AnyView {
    let first = draft.with_untracked(|draft| draft.severity.clone());
    // One that is not known here, or that the rule does not tell, stays as it is.
    let odd = (!SEVERITIES.contains(&first.as_str())).then(|| first.clone());
    let option = |name: String| {
        let is = move || draft.with_untracked(|draft| draft.severity.clone());
        let shown = if name.is_empty() { "not said: warning".to_owned() } else { name.clone() };
        view! { <option value=name.clone() selected={is() == name}>{shown}</option> }
    };
    let options = odd.into_iter().chain(SEVERITIES.map(str::to_owned)).map(option).collect_view();
    let write = move |event| draft.update(|draft| draft.severity = event_target_value(&event));
    view! { <label class="field"><span>"Severity"</span><select class="input" on:change=write>{options}</select></label> }.into_any()
}

/// Whom it is told.
pub(super) fn tells(draft: RwSignal<Draft>, acts: Acts) -> AnyView {
    let some = memo(move || draft.with(|draft| draft.only_some));
    let chosen = Signal::derive(move || if some.get() { "some" } else { "all" }.to_owned());
    let choose = move |word: &'static str| draft.update(|draft| draft.only_some = word == "some");
    let names = memo(move || {
        let configured = acts.list.data.with(|list| {
            list.iter().flat_map(|list| &list.channels).map(|channel| channel.name.clone()).collect::<Vec<_>>()
        });
        draft.with_untracked(|draft| both(configured, &draft.channels))
    });
    let channel = move |name: String| {
        let (of, set, shown) = (name.clone(), name.clone(), name);
        let is = Signal::derive(move || draft.with(|draft| draft.channels.contains(&of)));
        ticked(is, Box::new(move |told| draft.update(|draft| draft.tell(&set, told))), shown.into_any())
    };
    let fields = move || match (some.get(), names.with(Vec::is_empty)) {
        (false, _) => ().into_any(),
        (true, true) => view! { <small class="t3">"No channel is configured."</small> }.into_any(),
        (true, false) => names.get().into_iter().map(channel).collect_view().into_any(),
    };
    let choices = &[("all", "All channels"), ("some", "Only these")];
    group("Tells", view! { <Segments label="Whom it tells" choices chosen on_choose=choose/>{fields} })
}

/// Channels that are configured, then those that only the rule names: they may be gone from the configuration.
fn both(configured: Vec<String>, named: &[String]) -> Vec<String> {
    let gone: Vec<String> = named.iter().filter(|name| !configured.contains(name)).cloned().collect();
    configured.into_iter().chain(gone).collect()
}

/// A text of several lines.
pub(super) fn area(draft: RwSignal<Draft>, of: Text<Draft>, rows: &'static str, label: &'static str) -> AnyView {
    let first = draft.with_untracked(|draft| of(&mut draft.clone()).clone());
    let write = move |event| draft.update(|draft| *of(draft) = event_target_value(&event));
    view! { <textarea class="input area mono" rows=rows aria-label=label spellcheck="false" prop:value=first on:input=write></textarea> }
        .into_any()
}

/// A text of one line, with its name above and a note beneath.
pub(super) fn field(draft: RwSignal<Draft>, of: Text<Draft>, name: &'static str, note: &'static str) -> AnyView {
    labelled(name, input(draft, of, "input", name), note)
}

fn labelled(name: &'static str, content: AnyView, note: &'static str) -> AnyView {
    let note = (!note.is_empty()).then(|| view! { <small>{note}</small> });
    view! { <label class="field"><span>{name}</span>{content}{note}</label> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::both;

    #[test]
    fn a_channel_that_is_gone_can_still_be_taken_away() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(both(names(&["oncall", "shop"]), &names(&["old", "shop"])), ["oncall", "shop", "old"]);
    }
}
